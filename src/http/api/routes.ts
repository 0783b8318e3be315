import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { Explanation } from '../schema/explanation.js'
import { NearMiss } from '../schema/near-miss.js'
import { RouteLine, RouteWithText } from '../schema/route.js'
import { answer, createRoutes, jsonBody, operation } from './operation.js'

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
const explainBody = z.object({ message: z.string().min(1).max(64).describe('The id of a stored mail.') })
const explain = createRoute({
  method: 'post',
  path: '/explain',
  ...operation('operator', 'routes', 'Says what the config in force makes of a stored mail; sends and keeps nothing', {
    description: 'Lookups are fetched and the LLM is asked as they would be for a mail that comes in.',
    request: { body: jsonBody(explainBody) },
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
    const { message } = c.req.valid('json')
    const explanation = await calls.explainMail(message)
    const near_misses = explanation.trace.outcome === 'unrouted' ? await calls.nearMisses(message) : []
    return c.json({ ...explanation, near_misses }, 200)
  })
  routes.openapi(readRoute, async (c) => c.json(await calls.readRoute(c.req.valid('param').name), 200))
  return routes
}
