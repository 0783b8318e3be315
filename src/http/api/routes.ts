import { createRoute, z } from '@hono/zod-openapi'
import { ulid } from 'ulid'
import type { ApiParts } from '../api.js'
import { Explanation } from '../schema/explanation.js'
import { NearMiss } from '../schema/near-miss.js'
import { RouteLine, RouteWithText } from '../schema/route.js'
import { answer, createRoutes, operation, type RawSchema, rawBody } from './operation.js'
import { readJson } from './query.js'
import { readMailBody, splitList } from './raw-mail.js'

const listRoutes = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'routes', 'Lists the routes in the order in which they are evaluated'),
  responses: answer(z.object({ items: z.array(RouteLine) }), 'The routes of the config in force'),
})
const readRoute = createRoute({
  method: 'get',
  path: '/{name}',
  ...operation('viewer', 'routes', 'Shows a route, and how its file writes it', {
    description: 'What is not a letter or digit in the name is percent-encoded, slashes too.',
    request: { params: z.object({ name: z.string().min(1).max(1_000) }) },
  }),
  responses: answer(RouteWithText, 'The route'),
})
const explainBody = z.object({ message: z.string().min(1).max(64) })
const explainQuery = z.object({
  from: z.string().max(320).default('').describe('MAIL FROM of a mail that is given whole.'),
  to: z.string().max(2_000).default('').describe('Its recipients, with commas between them.'),
})
const explain = createRoute({
  method: 'post',
  path: '/explain',
  ...operation('operator', 'routes', 'Says what the config in force makes of a mail; sends and keeps nothing', {
    description:
      'Lookups are fetched and the LLM is asked as they would be for a mail that comes in. A body of JSON names a stored mail; any other is the mail itself.',
    request: {
      query: explainQuery,
      body: {
        required: true,
        content: { ...rawBody('message/rfc822', 'The mail').content, 'application/json': { schema: messageSchema() } },
      },
    },
  }),
  responses: answer(
    Explanation.extend({ near_misses: z.array(NearMiss).describe('When no route matches: those that came nearest.') }),
    'The explanation',
  ),
})

export function routeRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listRoutes, async (c) => c.json({ items: await calls.listRoutes() }, 200))
  routes.openapi(explain, async (c) => {
    const raw = await readMailBody(c)
    if (isJson(raw, c.req.header('content-type'))) {
      const { message } = await readJson(c, explainBody)
      const explanation = await calls.explainMail(message)
      const near_misses = explanation.trace.outcome === 'unrouted' ? await calls.nearMisses(message) : []
      return c.json({ ...explanation, near_misses }, 200)
    }
    const { from, to } = c.req.valid('query')
    const envelope = { from, to: splitList(to), client: '127.0.0.1', helo: 'api', tls: false, user: null }
    const mail = { id: ulid(), receivedAt: Date.now(), envelope, raw }
    const explanation = await calls.explainRaw(mail)
    const near_misses = explanation.trace.outcome === 'unrouted' ? await calls.nearMissesOfRaw(mail) : []
    return c.json({ ...explanation, near_misses }, 200)
  })
  routes.openapi(readRoute, async (c) => c.json(await calls.readRoute(c.req.valid('param').name), 200))
  return routes
}

/** Checked by the handler, which reads the body in two ways. */
function messageSchema(): RawSchema {
  return { type: 'object', properties: { message: { type: 'string', description: 'The id of a stored mail.' } } }
}

/** Not every client says what it sends, and no mail starts with a brace. */
function isJson(body: Uint8Array, type = ''): boolean {
  return /^application\/json\b/i.test(type) || body[0] === 0x7b
}
