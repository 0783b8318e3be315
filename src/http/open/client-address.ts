import { isIP, isIPv6 } from 'node:net'
import { getConnInfo } from '@hono/node-server/conninfo'
import type { Context } from 'hono'

/** Whether a proxy at this address is believed when it says for whom it calls (`server.http.trusted_proxies`). */
export type IsTrustedProxy = (address: string) => boolean

/** The other end of the connection. */
export function readPeerAddress(c: Context): string {
  return getConnInfo(c).remote.address ?? ''
}

/**
 * Whom calls are counted for. Only trusted proxies are believed when they say for whom they call, and of the addresses
 * they name the last that is no such proxy counts: those before it are the caller's own words.
 */
export function readClientAddress(c: Context, isTrustedProxy: IsTrustedProxy): string {
  const peer = readPeerAddress(c)
  if (!isTrustedProxy(peer)) return toNetwork(peer)
  const named = (c.req.header('x-forwarded-for') ?? '').split(',').map((one) => one.trim())
  const client = named.findLast((address) => isIP(address.replace(/%.*$/, '')) === 0 || !isTrustedProxy(address))
  return toNetwork(client || peer)
}

/** Whether the caller came by https, as far as a trusted proxy says so. */
export function cameBySecure(c: Context, isTrustedProxy: IsTrustedProxy): boolean {
  if (!isTrustedProxy(readPeerAddress(c))) return false
  return c.req.header('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase() === 'https'
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
