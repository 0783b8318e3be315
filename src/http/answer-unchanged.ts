import { createHash } from 'node:crypto'
import type { MiddlewareHandler } from 'hono'

/**
 * Gives every JSON answer to a GET a tag, and answers 304 to who has it already (RFC 9110, sections 8.8.3 and 13.1.2).
 * Files and streams are left alone: they would have to be read whole first.
 */
export const answerUnchanged: MiddlewareHandler = async (c, next) => {
  await next()
  const isJson = c.res.headers.get('content-type')?.startsWith('application/json')
  if (c.req.method !== 'GET' || c.res.status !== 200 || !isJson) return
  const body = await c.res.clone().text()
  const tag = `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`
  const known = (c.req.header('if-none-match') ?? '').split(',').map((one) => one.trim())
  if (!known.includes(tag) && !known.includes('*')) return c.header('etag', tag)
  const headers = new Headers(c.res.headers)
  for (const name of ['content-type', 'content-length']) headers.delete(name)
  headers.set('etag', tag)
  c.res = new Response(null, { status: 304, headers })
}
