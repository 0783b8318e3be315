import ipaddr from 'ipaddr.js'
import type { NetworkPolicy } from '../domain/config.js'

/** Says why a connection to `address`, which `host` resolved to, is denied; null when it may be made. */
export type CheckAddress = (host: string, address: string) => string | null

type Ip = ipaddr.IPv4 | ipaddr.IPv6
type Range = [Ip, number]

/**
 * Link-local networks and the fixed addresses where clouds hand credentials to whoever asks from the inside
 * (AWS, Azure, Google: 169.254.169.254; AWS fd00:ec2::254; Google fd20:ce::254; Alibaba 100.100.100.200; what guests
 * of Azure ask for certificates: 168.63.129.16).
 */
const alwaysDenied: Range[] = [
  '169.254.0.0/16',
  'fe80::/10',
  'fd00:ec2::254/128',
  'fd20:ce::254/128',
  '100.100.100.200/32',
  '168.63.129.16/32',
].map((text) => ipaddr.parseCIDR(text))

/** Google's name for its metadata service, wherever it resolves to. */
const metadataName = 'metadata.google.internal'

/** IPv6 ranges that carry an IPv4 address, with the byte it starts at. ipaddr.js calls ::/96 plain unicast. */
const embeddings: { range: Range; offset: number }[] = [
  { range: ipaddr.parseCIDR('::ffff:0:0/96'), offset: 12 },
  { range: ipaddr.parseCIDR('64:ff9b::/96'), offset: 12 },
  { range: ipaddr.parseCIDR('2002::/16'), offset: 2 },
  { range: ipaddr.parseCIDR('::/96'), offset: 12 },
]

/**
 * Compiles the policy into a check of one resolved address. Order: `deny`, then `allow`, then what is always denied,
 * then `denyPrivate`. What is always denied opens only for an `allow` range lying inside it: neither a host glob, whose
 * owner may point the name anywhere, nor a wide range names a metadata service. Google's name for it is denied wherever
 * it resolves to, and opens for an `allow` entry that is this very name or its address.
 */
export function compileNetworkPolicy(policy: NetworkPolicy): CheckAddress {
  const allow = policy.allow.map(parseEntry)
  const deny = policy.deny.map(parseEntry)
  const allowsName = policy.allow.some((entry) => normalizeHost(entry.trim()) === metadataName)
  return (host, text) => {
    if (!ipaddr.isValid(text)) return 'is not an IP address'
    const outer = ipaddr.parse(text)
    const address = unwrapIpv4(outer)
    const name = normalizeHost(host)
    if (deny.some((entry) => matches(entry, name, [outer, address]))) return 'is denied by network.deny'
    const always = alwaysDenied.find((range) => contains(range, address))
    if (always || name === metadataName) {
      const named = allow.some((entry) => isRange(entry) && always && entry[1] >= always[1] && contains(entry, address))
      return named || (name === metadataName && allowsName) ? null : 'is a link-local or metadata address'
    }
    if (address.range() === 'multicast' || address.range() === 'broadcast') return 'is a multicast address'
    if (allow.some((entry) => matches(entry, name, [outer, address]))) return null
    return policy.denyPrivate && address.range() !== 'unicast' ? 'is a private address' : null
  }
}

type Entry = Range | RegExp

/** An address counts as a range of one. Everything else is a host glob, where `*` stands for any characters. */
function parseEntry(text: string): Entry {
  const trimmed = text.trim()
  if (ipaddr.isValidCIDR(trimmed)) return ipaddr.parseCIDR(trimmed)
  if (ipaddr.isValid(trimmed)) return withLength(ipaddr.parse(trimmed))
  const pattern = normalizeHost(trimmed)
    .split('*')
    .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
    // Runs of stars would make the match exponential; one says the same.
    .reduce(
      (whole, part, index) => (index === 0 ? part : whole.endsWith('.*') && part === '' ? whole : `${whole}.*${part}`),
      '',
    )
  return new RegExp(`^${pattern}$`)
}

function withLength(address: Ip): Range {
  return [address, address.kind() === 'ipv4' ? 32 : 128]
}

function isRange(entry: Entry): entry is Range {
  return Array.isArray(entry)
}

function matches(entry: Entry, name: string, addresses: Ip[]): boolean {
  return isRange(entry) ? addresses.some((address) => contains(entry, address)) : entry.test(name)
}

function contains(range: Range, address: Ip): boolean {
  return range[0].kind() === address.kind() && address.match(range)
}

/** The IPv4 address an IPv6 one stands for, so that no spelling of an address escapes a range. */
function unwrapIpv4(address: Ip): Ip {
  if (address.kind() === 'ipv4') return address
  const kind = address.range()
  if (kind === 'loopback' || kind === 'unspecified') return address
  const found = embeddings.find(({ range }) => contains(range, address))
  if (!found) return address
  return ipaddr.fromByteArray(address.toByteArray().slice(found.offset, found.offset + 4))
}

function normalizeHost(host: string): string {
  return host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
}
