import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { ConfigLoad } from '../schema/server.js'
import { readActor } from './actor.js'
import { answer, createRoutes, operation, pageOf } from './operation.js'
import { pageQuery } from './query.js'

const readConfig = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'config', 'Shows the config as it works: defaults filled in, every secret as •••', {
    request: { query: z.object({ format: z.enum(['json', 'yaml']).default('json') }) },
  }),
  responses: withYaml(answer(z.record(z.string(), z.unknown()), 'The config')),
})
const listConfigLoads = createRoute({
  method: 'get',
  path: '/history',
  ...operation('operator', 'config', 'Lists how it was read, newest first: who asked, and what was wrong with it', {
    description: 'Lines of the file stand in it as they are; the last 200 are kept.',
    request: { query: z.object(pageQuery) },
  }),
  responses: answer(pageOf(ConfigLoad), 'A page of loads'),
})
const reloadConfig = createRoute({
  method: 'post',
  path: '/reload',
  ...operation('admin', 'config', 'Takes over the config as it is on disk', {
    description: 'An invalid one is refused with all its issues (422), and the one before stays in force.',
  }),
  responses: answer(z.object({ hash: z.string(), routes: z.number().int() }), 'The config that runs now'),
})

export function configRoutes({ calls, reload }: Pick<ApiParts, 'calls' | 'reload'>) {
  const routes = createRoutes()
  routes.openapi(readConfig, async (c) => {
    if (c.req.valid('query').format === 'json') return c.json(await calls.readConfig(), 200)
    return c.body(await calls.readConfigText(), 200, { 'content-type': 'application/yaml; charset=utf-8' })
  })
  routes.openapi(listConfigLoads, async (c) => c.json(await calls.listConfigLoads(c.req.valid('query')), 200))
  routes.openapi(reloadConfig, async (c) => c.json(await reload(readActor(c)), 200))
  return routes
}

function withYaml<Answers extends { 200: { content: object } }>(answers: Answers) {
  const yaml = { 'application/yaml': { schema: { type: 'string' as const } } }
  return { ...answers, 200: { ...answers[200], content: { ...answers[200].content, ...yaml } } }
}
