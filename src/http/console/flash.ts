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
  const told = { ...flash, text: flash.text.slice(0, textMax), hint: flash.hint?.slice(0, textMax) ?? null }
  setCookie(c, cookieName, JSON.stringify(told), { path: '/', httpOnly: true, sameSite: 'Strict', maxAge: secondsMax })
  return c.redirect(href, 303)
}

export function done(c: Context, href: string, text: string, hint: string | null = null): Response {
  return redirectWith(c, href, { kind: 'done', text, hint })
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
