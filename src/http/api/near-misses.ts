import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { NearMiss } from '../schema/near-miss.js'
import { answer, createRoutes, operation } from './operation.js'

const listNearMisses = createRoute({
  method: 'get',
  path: '/{id}/near-misses',
  ...operation('viewer', 'mails', 'Says which routes came nearest to matching a mail, and what stood between', {
    description: 'Of the config in force, at most three routes. No LLM and no module is asked.',
    request: { params: z.object({ id: z.string().max(64) }) },
  }),
  responses: answer(z.object({ items: z.array(NearMiss) }), 'The nearest first; none when nothing came near'),
})

export function nearMissRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listNearMisses, async (c) => {
    return c.json({ items: await calls.nearMisses(c.req.valid('param').id) }, 200)
  })
  return routes
}
