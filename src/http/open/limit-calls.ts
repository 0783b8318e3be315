import type { MiddlewareHandler } from 'hono'
import { ApiError } from '../../domain/errors.js'
import { type IsTrustedProxy, readClientAddress } from './client-address.js'
import { limitRate, type RateLimit } from './rate-limit.js'

/** Refuses what an address asks beyond the limit: with 429, and when to come again (RFC 6585, section 4). */
export function limitCalls(limit: RateLimit, now: () => number, isTrustedProxy: IsTrustedProxy): MiddlewareHandler {
  const take = limitRate(limit, now)
  return async (c, next) => {
    const waitMs = take(readClientAddress(c, isTrustedProxy))
    if (waitMs === null) return next()
    c.header('retry-after', String(Math.ceil(waitMs / 1_000)))
    throw new ApiError(429, 'too_many', 'too many calls from this address')
  }
}
