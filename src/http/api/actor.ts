import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'

export const actorHeader = 'x-mailtrigger-actor'

/** Who asks, for the record: whoever holds the token is believed. Without the header it is `api`. */
export function readActor(c: Context): string {
  const given = c.req.header(actorHeader)
  if (given === undefined) return 'api'
  if (/^[\x20-\x7e]{1,64}$/.test(given) && given.trim() !== '') return given
  throw new ApiError(400, 'bad_request', `${actorHeader} has 1 to 64 printable ASCII characters`)
}
