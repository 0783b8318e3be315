import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { type ApiDocument, describeApi } from './describe-api.js'
import { docsStyle, showDocs } from './docs-page.js'

/** What the API is, for programs and for people. Open to all: it says nothing of this server but its version. */
export function openapiRoutes({ url }: { url: () => string }): Hono {
  const routes = new Hono()
  let made: ApiDocument | null = null
  const describe = (): ApiDocument => {
    made ??= describeApi()
    return made
  }
  routes.get('/openapi.json', (c) => c.json(describe(), 200, { 'cache-control': 'no-cache' }))
  routes.get('/docs', (c) => {
    const style = createHash('sha256').update(docsStyle).digest('base64')
    const policy = ["default-src 'none'", `style-src 'sha256-${style}'`, "base-uri 'none'", "frame-ancestors 'none'"]
    return c.html(showDocs(describe(), url()), 200, {
      'content-security-policy': policy.join('; '),
      'cache-control': 'no-cache',
    })
  })
  return routes
}
