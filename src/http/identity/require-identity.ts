import type { Context, MiddlewareHandler } from 'hono'
import { html } from 'hono/html'
import type { Identity } from '../../domain/identity.js'
import type { Access, Caller } from './access.js'

export interface CallerEnv {
  Variables: { identity: Identity; caller: Caller }
}

const pathLengthMax = 1_000

/** For pages: whoever is not known is sent to sign in, and comes back to the page afterwards. Sets `identity`. */
export function requireIdentity(access: Pick<Access, 'recognise'>): MiddlewareHandler<CallerEnv> {
  return async (c, next) => {
    const caller = await access.recognise(c)
    if (caller === null) return sendToSignIn(c)
    c.set('identity', caller.identity)
    c.set('caller', caller)
    await next()
    forbidStoring(c)
  }
}

/** What somebody known was shown must not be shown to whoever uses the browser, or the proxy, after them. */
export function forbidStoring(c: Context): void {
  if (!c.res.headers.has('cache-control')) c.header('cache-control', 'no-store')
}

function sendToSignIn(c: Context): Response | Promise<Response> {
  c.header('cache-control', 'no-store')
  const { pathname, search } = new URL(c.req.url)
  const isPage = c.req.method === 'GET'
  // A link in a mail or a chat leads here without the cookie (SameSite=Strict). Asked by a page of ours, it comes along.
  if (isPage && c.req.header('sec-fetch-site') === 'cross-site') {
    return c.html(html`<!doctype html><title>MailTrigger</title><meta http-equiv="refresh" content="0">`)
  }
  const target = `/sign-in?to=${encodeURIComponent(isPage ? `${pathname}${search}`.slice(0, pathLengthMax) : '/')}`
  if (c.req.header('hx-request') !== undefined) {
    // htmx would put the page to sign in where a part of a page belongs.
    return c.body(null, 401, { 'hx-redirect': target })
  }
  return c.redirect(target, 303)
}

/** Only a path of our own: an open redirect would lend our name to somebody's page. */
export function ownPath(path: string | null | undefined): string {
  const isOwn = path && path.length <= pathLengthMax && /^\/(?![/\\])[\x21-\x7e]*$/.test(path)
  return isOwn ? path : '/'
}
