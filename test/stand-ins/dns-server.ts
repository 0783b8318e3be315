import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'
import dnsPacket, { type Answer, type DecodedPacket, type Packet } from 'dns-packet'

/** What a name answers with: texts of TXT records, and the other types by name. */
export interface Zone {
  [name: string]: {
    TXT?: string[]
    A?: string[]
    AAAA?: string[]
    MX?: string[]
    PTR?: string[]
    /** In place of any answer. */
    trouble?: 'SERVFAIL' | 'REFUSED' | 'silence'
  }
}

export interface DnsServer {
  /** `127.0.0.1:port`, as `resolvers` takes it. */
  address: string
  /** `TXT example.com`, in the order asked. */
  asked: string[]
  /** What it answers from now on. */
  zone: Zone
  stop: () => Promise<void>
}

const udpBytesMax = 512

/** A DNS server on UDP and TCP, the same free port for both. What is too long for UDP is cut, and asked for by TCP. */
export async function startDnsServer(zone: Zone = {}): Promise<DnsServer> {
  const asked: string[] = []
  const server: DnsServer = { address: '', asked, zone, stop: async () => undefined }
  const answer = (query: DecodedPacket): Packet | null => {
    const question = query.questions?.[0]
    if (!question) return null
    asked.push(`${question.type} ${question.name.toLowerCase()}`)
    const known = server.zone[question.name.toLowerCase()]
    if (known?.trouble === 'silence') return null
    const code = known?.trouble ? rcodes[known.trouble] : known ? 0 : rcodes.NXDOMAIN
    const answers = known?.trouble ? [] : listRecords(question.name, question.type, known ?? {})
    return {
      type: 'response',
      id: query.id ?? 0,
      flags: dnsPacket.RECURSION_DESIRED | dnsPacket.RECURSION_AVAILABLE | code,
      questions: [question],
      answers,
    }
  }

  const udp = createSocket('udp4')
  udp.on('message', (bytes, { port, address }) => {
    const response = answer(dnsPacket.decode(bytes))
    if (!response) return
    const whole = dnsPacket.encode(response)
    const cut = { ...response, answers: [], flags: (response.flags ?? 0) | dnsPacket.TRUNCATED_RESPONSE }
    udp.send(whole.length > udpBytesMax ? dnsPacket.encode(cut) : whole, port, address)
  })
  const sockets = new Set<Socket>()
  const tcp = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
    let waiting = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      waiting = Buffer.concat([waiting, chunk])
      while (waiting.length >= 2 && waiting.length >= 2 + waiting.readUInt16BE(0)) {
        const end = 2 + waiting.readUInt16BE(0)
        const response = answer(dnsPacket.streamDecode(waiting.subarray(0, end)) as DecodedPacket)
        waiting = waiting.subarray(end)
        if (response) socket.write(dnsPacket.streamEncode(response))
      }
    })
  })
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  const { port } = tcp.address() as { port: number }
  await new Promise<void>((resolve, reject) => {
    udp.once('error', reject)
    udp.bind(port, '127.0.0.1', resolve)
  })
  server.address = `127.0.0.1:${port}`
  server.stop = async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise<void>((resolve) => tcp.close(() => resolve()))
    await new Promise<void>((resolve) => udp.close(() => resolve()))
  }
  return server
}

const rcodes = { SERVFAIL: 2, NXDOMAIN: 3, REFUSED: 5 } as const

function listRecords(name: string, type: string, known: Zone[string]): Answer[] {
  const ttl = 1
  if (type === 'TXT') return (known.TXT ?? []).map((text) => ({ type: 'TXT', name, ttl, data: split(text) }))
  if (type === 'A' || type === 'AAAA' || type === 'PTR') {
    return (known[type] ?? []).map((data) => ({ type, name, ttl, data }))
  }
  if (type !== 'MX') return []
  return (known.MX ?? []).map((exchange, index) => ({ type: 'MX', name, ttl, data: { preference: index, exchange } }))
}

/** One string of a TXT record has at most 255 bytes. */
function split(text: string): string[] {
  return text.match(/.{1,255}/gs) ?? ['']
}
