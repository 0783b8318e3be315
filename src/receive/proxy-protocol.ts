import { isIPv4, isIPv6, SocketAddress } from 'node:net'

/** Who a proxy says is calling. */
export interface ProxiedClient {
  address: string
  port: number
}

export type ProxyHeader =
  | { kind: 'more' }
  /** `restFrom` is where the client's own bytes begin. A null client: it is the proxy itself that calls. */
  | { kind: 'read'; client: ProxiedClient | null; restFrom: number }
  | { kind: 'refused'; why: string }

/** "PROXY" and all of version 1 fit in it, CR LF included (section 2.1). */
const textBytesMax = 107
const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')
const fixedBytes = 16
/** Of version 2: the fixed part, the addresses and all its TLVs. Longer headers do not fit one segment everywhere. */
const binaryBytesMax = 536

/**
 * Reads the header that HAProxy, nginx, Envoy, and the balancers of the clouds put before the client's first byte: "The
 * PROXY protocol", versions 1 and 2 (https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt). It is given all bytes
 * that came so far and never throws. Where the proxy names nobody (LOCAL, UNKNOWN, UNSPEC, a Unix socket) the client
 * is null, as section 2 asks for: such a connection counts as the proxy's own.
 */
export function readProxyHeader(bytes: Buffer): ProxyHeader {
  if (isPrefix(bytes, signature)) return bytes.length < signature.length ? { kind: 'more' } : readBinary(bytes)
  if (isPrefix(bytes, Buffer.from('PROXY '))) return readText(bytes)
  return refused('it does not begin with a PROXY header')
}

/** Version 1: `PROXY TCP4 192.0.2.1 192.0.2.2 56324 25`, in exactly this form. */
function readText(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, textBytesMax).indexOf('\r\n')
  if (end < 0) return bytes.length < textBytesMax ? { kind: 'more' } : refused('the PROXY line does not end')
  const line = bytes.toString('latin1', 0, end)
  const restFrom = end + 2
  if (line === 'PROXY UNKNOWN' || line.startsWith('PROXY UNKNOWN ')) return { kind: 'read', client: null, restFrom }
  const [, family, address = '', target = '', port = '', targetPort = '', ...more] = line.split(' ')
  const isAddress = family === 'TCP4' ? isIPv4 : family === 'TCP6' ? isIPv6 : null
  if (!isAddress?.(address) || !isAddress(target) || !isPort(port) || !isPort(targetPort) || more.length > 0) {
    return refused('the PROXY line is malformed')
  }
  return { kind: 'read', client: { address: spell(address), port: Number(port) }, restFrom }
}

function readBinary(bytes: Buffer): ProxyHeader {
  if (bytes.length < fixedBytes) return { kind: 'more' }
  const restFrom = fixedBytes + bytes.readUInt16BE(14)
  if (restFrom > binaryBytesMax) return refused('the PROXY header is too long')
  const [version, command] = halves(bytes.readUInt8(12))
  const [family, transport] = halves(bytes.readUInt8(13))
  if (version !== 2 || command > 1 || family > 3 || transport > 2) return refused('the PROXY header is malformed')
  if (bytes.length < restFrom) return { kind: 'more' }
  if (command === 0 || family === 0 || family === 3) return { kind: 'read', client: null, restFrom }
  if (transport !== 1) return refused('the PROXY header is for another transport than TCP')
  const addressBytes = family === 1 ? 4 : 16
  if (restFrom < fixedBytes + 2 * addressBytes + 4) return refused('the PROXY header has no room for its addresses')
  const address = bytes.subarray(fixedBytes, fixedBytes + addressBytes)
  const port = bytes.readUInt16BE(fixedBytes + 2 * addressBytes)
  const groups = family === 1 ? [...address].join('.') : hexGroups(address).join(':')
  return { kind: 'read', client: { address: spell(groups), port }, restFrom }
}

/** Whether one is how the other begins; two that agree as far as both go. */
function isPrefix(bytes: Buffer, whole: Buffer): boolean {
  const length = Math.min(bytes.length, whole.length)
  return bytes.subarray(0, length).equals(whole.subarray(0, length))
}

function isPort(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65_535
}

function hexGroups(address: Buffer): string[] {
  return Array.from({ length: 8 }, (_, group) => address.readUInt16BE(group * 2).toString(16))
}

/**
 * The one spelling of an address, so that nobody is two clients: short, and IPv4 even where it comes as IPv6. A zone
 * (`%eth0`), which Node takes for a part of an address, names an interface of the proxy and goes.
 */
function spell(address: string): string {
  const plain = address.split('%', 1)[0] ?? ''
  const spelled = new SocketAddress({ address: plain, family: isIPv6(plain) ? 'ipv6' : 'ipv4' }).address
  const mapped = spelled.startsWith('::ffff:') ? spelled.slice(7) : ''
  return isIPv4(mapped) ? mapped : spelled
}

function halves(byte: number): [number, number] {
  return [byte >> 4, byte & 15]
}

function refused(why: string): ProxyHeader {
  return { kind: 'refused', why }
}
