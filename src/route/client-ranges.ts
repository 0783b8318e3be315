import { BlockList, isIP } from 'node:net'

/**
 * Compiles CIDR ranges (or single addresses) into one test. IPv4 addresses written as IPv6 (`::ffff:10.0.0.1`) count as
 * IPv4, and a zone (`%eth0`) is no part of an address. Throws `RangeError` on a range the config check let through.
 */
export function compileClientRanges(ranges: string[]): (client: string) => boolean {
  const list = new BlockList()
  for (const range of ranges) addRange(list, range)
  return (client) => {
    const address = client.replace(/%.*$/, '')
    const version = isIP(address)
    return version !== 0 && list.check(address, version === 6 ? 'ipv6' : 'ipv4')
  }
}

function addRange(list: BlockList, range: string): void {
  const [address = '', prefix, ...rest] = range.trim().split('/')
  const version = isIP(address)
  const bitsMax = version === 6 ? 128 : 32
  const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (version === 0 || rest.length > 0 || !(bits <= bitsMax)) throw new RangeError(`not a CIDR range: ${range}`)
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4')
}
