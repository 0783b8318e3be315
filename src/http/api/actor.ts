import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import type { Identity } from '../../domain/identity.js'

export const actorHeader = 'x-mailtrigger-actor'

/**
 * Who asks, for the record. Whoever holds the local token is believed to be who they say in `x-mailtrigger-actor`, and
 * is `api` without it; everybody else is who they signed in as: `token:NAME` or `user:NAME`.
 */
export function readActor(c: Context): string {
  const identity: Identity = c.get('identity')
  if (identity.by === 'token') return `token:${identity.name}`
  if (identity.by !== 'local') return `user:${identity.name}`
  const given = c.req.header(actorHeader)
  if (given === undefined) return identity.name
  if (/^[\x20-\x7e]{1,64}$/.test(given) && given.trim() !== '') return given
  throw new ApiError(400, 'bad_request', `${actorHeader} has 1 to 64 printable ASCII characters`)
}
