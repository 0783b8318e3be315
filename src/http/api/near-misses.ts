import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { NearMiss } from '../schema/near-miss.js'
import { answer, binaryAnswer, createRoutes, operation } from './operation.js'

const listNearMisses = createRoute({
  method: 'get',
  path: '/{id}/near-misses',
  ...operation('viewer', 'mails', 'Says which routes came nearest to matching a mail, and what stood between', {
    description: 'Of the config in force, at most three routes. No LLM and no module is asked.',
    request: { params: z.object({ id: z.string().max(64) }) },
  }),
  responses: answer(z.object({ items: z.array(NearMiss) }), 'The nearest first; none when nothing came near'),
})

const readRouteTest = createRoute({
  method: 'get',
  path: '/{id}/route-test',
  ...operation('viewer', 'mails', 'Makes a route test of a mail: a *.test.yaml that `mailtrigger test` runs', {
    description: 'It expects what the config in force makes of the mail now.',
    request: { params: z.object({ id: z.string().max(64) }) },
  }),
  responses: binaryAnswer('text/yaml', 'To be saved beside the config'),
})

export function nearMissRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listNearMisses, async (c) => {
    return c.json({ items: await calls.nearMisses(c.req.valid('param').id) }, 200)
  })
  routes.openapi(readRouteTest, async (c) => {
    const { id } = c.req.valid('param')
    return c.body(await calls.readRouteTest(id), 200, {
      'content-type': 'text/yaml; charset=utf-8',
      'content-disposition': `attachment; filename="${id.replace(/[^\w-]/g, '_')}.test.yaml"`,
      'x-content-type-options': 'nosniff',
    })
  })
  return routes
}
