import { isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

const loopback = /^(?:127\.|::1$|::ffff:127\.)/

/**
 * Whom calls are counted for. Only a proxy on this machine is believed when it says for whom it calls, and only the last
 * address it names: those before it are the caller's own words.
 */
export function readClientAddress(c: Context): string {
  const peer = getConnInfo(c).remote.address ?? ''
  if (!loopback.test(peer)) return toNetwork(peer)
  const forwarded = c.req.header('x-forwarded-for')?.split(',').at(-1)?.trim()
  return toNetwork(forwarded || peer)
}

/** Who has one IPv6 address has all of its /64 (RFC 6177), so they count as one. */
export function toNetwork(address: string): string {
  const plain = address.replace(/%.*$/, '').slice(0, 64)
  if (!isIPv6(plain) || plain.includes('.')) return plain
  const [head = '', tail = ''] = plain.split('::')
  const first = head.split(':').filter(Boolean)
  const last = tail.split(':').filter(Boolean)
  const zeros = plain.includes('::') ? Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0') : []
  const groups = [...first, ...zeros, ...last].slice(0, 4)
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
