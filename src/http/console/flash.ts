import type { Context } from 'hono'
import { deleteCookie, getCookie, setCookie } from 'hono/cookie'
import { z } from 'zod'

/** What came of the last action, shown once on the page that follows it. */
export interface Flash {
  kind: 'done' | 'failed'
  text: string
  hint: string | null
}

const cookieName = 'mailtrigger_flash'
const secondsMax = 60
/** A cookie has 4,096 bytes, and letters beyond ASCII take up to twelve of them. */
const textMax = 300
const schema = z.object({ kind: z.enum(['done', 'failed']), text: z.string(), hint: z.string().nullable() })

/** The answer to a form: another page, so that loading it again does nothing twice (303, RFC 9110 section 15.4.4). */
export function redirectWith(c: Context, href: string, flash: Flash): Response {
  keepFlash(c, flash)
  return c.redirect(href, 303)
}

export function done(c: Context, href: string, text: string, hint: string | null = null): Response {
  return redirectWith(c, href, { kind: 'done', text, hint })
}

/**
 * As `done`, for forms that htmx may have sent: it would follow a redirect by itself, and put the page there in place of
 * a part of this one.
 */
export function leaveFor(c: Context, href: string, text: string, hint: string | null = null): Response {
  if (c.req.header('hx-request') === undefined) return done(c, href, text, hint)
  keepFlash(c, { kind: 'done', text, hint })
  return c.body(null, 200, { 'hx-redirect': href })
}

function keepFlash(c: Context, flash: Flash): void {
  const told = { ...flash, text: flash.text.slice(0, textMax), hint: flash.hint?.slice(0, textMax) ?? null }
  setCookie(c, cookieName, JSON.stringify(told), { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: secondsMax })
}

/** Reads it and forgets it; null when there is none. */
export function takeFlash(c: Context): Flash | null {
  const kept = getCookie(c, cookieName)
  if (kept === undefined) return null
  deleteCookie(c, cookieName, { path: '/' })
  try {
    return schema.parse(JSON.parse(kept))
  } catch {
    // Somebody else's cookie of that name says nothing to us.
    return null
  }
}
