import { BlockList, isIP } from 'node:net'

/** Takes addresses and CIDR ranges of both families. What is no range holds nobody; `config` reports it. */
export function compileRanges(ranges: string[]): (client: string) => boolean {
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address)
    if (family === 0) continue
    const width = family === 4 ? 32 : 128
    const prefix = bits === undefined ? width : Number(bits)
    if (!Number.isInteger(prefix) || prefix < 0 || prefix > width) continue
    list.addSubnet(address, prefix, family === 4 ? 'ipv4' : 'ipv6')
  }
  return (client) => {
    const family = isIP(client)
    return family !== 0 && list.check(client, family === 4 ? 'ipv4' : 'ipv6')
  }
}

/** `0.0.0.0/0` and `::/0` let anybody in, so they say nothing about whom the operator knows. */
export function isEverybody(range: string): boolean {
  return range.endsWith('/0')
}

/**
 * What a client is counted by: its IPv4 address, or the /64 of its IPv6 address, since that is what one network is given
 * at the least and whoever has it has all addresses of it.
 */
export function clientKeyOf(client: string): string {
  if (!client.includes(':')) return client
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(client)?.[1]
  if (mapped !== undefined) return mapped
  if (isIP(client) !== 6) return client
  const [head = '', tail] = (client.split('%')[0] ?? '').split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // An IPv4 address at the end stands for two groups; it is beyond the first four, so any two will do.
  const width = (groups: string[]): number => groups.length + (groups.at(-1)?.includes('.') ? 1 : 0)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - width(before) - width(after))
  const groups = [...before, ...Array.from({ length: zeros }, () => '0'), ...after].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
