import { timingSafeEqual } from 'node:crypto'
import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import type { EngineCalls } from '../../engine/engine-calls.js'
import type { SignInPlace, StartedSession } from '../../engine/session-calls.js'
import { readClientAddress } from '../open/client-address.js'
import type { Access, Caller } from './access.js'
import { setSessionCookie } from './session-cookie.js'
import type { ShowPage } from './show-page.js'
import type { GuardSignIn } from './sign-in-guard.js'

/** What the pages to sign in and out stand on. */
export interface SignInParts {
  access: Access
  calls: EngineCalls
  guard: GuardSignIn
  show: ShowPage
  now: () => number
}

/** From where somebody signs in: for the list of their sessions, and for the audit. */
export function placeOf(c: Context, access: Access): SignInPlace {
  return { client: readClientAddress(c, access.isTrustedProxy), userAgent: c.req.header('user-agent') ?? '' }
}

/** The way in: the cookie, and the page that was asked for. */
export function begin(c: Context, access: Access, session: StartedSession, to: string): Response {
  setSessionCookie(c, session.secret, session.maxAgeMs, access.isSecure(c))
  return c.redirect(to, 303)
}

/** Throws `ApiError` 403 when a form was not made for this session. */
export function requireFormToken(session: NonNullable<Caller['session']>, given: string): void {
  const expected = Buffer.from(session.formToken)
  const shown = Buffer.from(given)
  if (expected.byteLength === shown.byteLength && timingSafeEqual(expected, shown)) return
  throw new ApiError(403, 'cross_origin', 'this form is of another session', 'load the page again')
}

/** The session that asks. Throws `ApiError` 403 for whom a proxy or a token signs in. */
export function requireSession({ session }: Caller): NonNullable<Caller['session']> {
  if (session !== null) return session
  throw new ApiError(403, 'forbidden', 'this is for whoever signed in on this server')
}
