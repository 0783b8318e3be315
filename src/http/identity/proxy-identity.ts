import type { ProxyAuthSettings } from '../../domain/config.js'
import { ApiError } from '../../domain/errors.js'
import { type Identity, type Role, roles } from '../../domain/identity.js'

const nameLengthMax = 200

/**
 * Who a proxy says is asking; null when it says nothing. `header` reads all values of a request's header, for one that is
 * there twice may be the client's own: it is refused. Throws `ApiError` 403 when it cannot be said what they may do.
 */
export function readProxyIdentity(
  { userHeader, role }: ProxyAuthSettings,
  header: (name: string) => string[],
): Identity | null {
  const name = readOne(userHeader, header)
  if (name === null) return null
  if (name.length > nameLengthMax || /[\p{Cc}\p{Zl}\p{Zp}]/u.test(name)) {
    throw new ApiError(403, 'forbidden', `the name in ${userHeader} is no name`)
  }
  if (role.type === 'fixed') return { name, role: role.role, by: 'proxy' }
  const said = (readOne(role.header, header) ?? '').split(/[,;|]/).map((one) => one.trim())
  const highest = highestOf(said.flatMap((one) => (Object.hasOwn(role.roles, one) ? [role.roles[one]] : [])))
  if (highest === null) {
    const hint = 'server.http.proxy_auth.roles says which groups have which role'
    throw new ApiError(403, 'forbidden', `nothing in ${role.header} gives ${name} a role`, hint)
  }
  return { name, role: highest, by: 'proxy' }
}

function readOne(name: string, header: (name: string) => string[]): string | null {
  const values = header(name)
  if (values.length > 1) throw new ApiError(403, 'forbidden', `the header ${name} is there ${values.length} times`)
  const value = values[0]?.trim()
  // Node reads headers byte by byte; proxies write names in UTF-8.
  return value ? Buffer.from(value, 'latin1').toString('utf8') : null
}

function highestOf(given: (Role | undefined)[]): Role | null {
  return roles.findLast((role) => given.includes(role)) ?? null
}
