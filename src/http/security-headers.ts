import type { MiddlewareHandler } from 'hono'

/** Nothing is loaded but from ourselves, no script stands in a page, and nobody else frames a page or takes its forms. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const pageHeaders: Record<string, string> = {
  'content-security-policy': contentPolicy,
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** What every page tells the browser. A page that says it in its own way, being stricter or framed, keeps its words. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next()
  const { headers } = c.res
  const missing = (name: string): boolean => !headers.has(name)
  if (missing('x-content-type-options')) c.header('x-content-type-options', 'nosniff')
  if (!headers.get('content-type')?.startsWith('text/html')) return
  for (const [name, value] of Object.entries(pageHeaders)) if (missing(name)) c.header(name, value)
}
