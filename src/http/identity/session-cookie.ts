import { createHash } from 'node:crypto'
import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'

/**
 * The console's cookie. Under https it is `__Host-mailtrigger`, which no other host and no plain http can set (RFC
 * 6265bis, section 4.1.3.2); under plain http, where browsers refuse that name, it is `mailtrigger`.
 */
const names = { secure: '__Host-mailtrigger', plain: 'mailtrigger' } as const
const secretLength = 43

/** The secret of the session, or null when there is no cookie that could be one. */
export function readSessionCookie(c: Context, isSecure: boolean): string | null {
  const secret = getCookie(c, isSecure ? names.secure : names.plain)
  return secret !== undefined && secret.length === secretLength ? secret : null
}

export function setSessionCookie(c: Context, secret: string, maxAgeMs: number, isSecure: boolean): void {
  const maxAge = Math.floor(Math.min(maxAgeMs, 400 * 86_400_000) / 1_000)
  setCookie(c, isSecure ? names.secure : names.plain, secret, { ...attributes, maxAge, secure: isSecure })
}

export function dropSessionCookie(c: Context, isSecure: boolean): void {
  deleteCookie(c, isSecure ? names.secure : names.plain, { ...attributes, secure: isSecure })
}

/** What the forms of a session carry: other sites can neither read it nor make it up. It says nothing of the secret. */
export function formTokenOf(secret: string): string {
  return createHash('sha256').update(`form:${secret}`).digest('base64url')
}

const attributes = { path: '/', httpOnly: true, sameSite: 'Strict' } as const
