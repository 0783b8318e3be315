import { createRoute, z } from '@hono/zod-openapi'
import { mayActAs } from '../../domain/identity.js'
import type { ApiParts } from '../api.js'
import { Monitor } from '../schema/monitor.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { nameParam } from './query.js'

const pingBody = z.object({ kind: z.enum(['seen', 'start', 'fail']).default('seen') })

const listMonitors = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'monitors', 'Lists the monitors by name'),
  responses: answer(pageOf(Monitor), 'The monitors'),
})
const pingMonitor = createRoute({
  method: 'post',
  path: '/{name}/ping',
  ...operation('operator', 'monitors', 'Says that it was seen, has begun or has failed', {
    request: { params: nameParam, body: jsonBody(pingBody) },
  }),
  responses: answer(Monitor, 'The monitor after it'),
})

export function monitorRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listMonitors, async (c) => {
    const monitors = await calls.listMonitors()
    // Whoever knows the address may ping, which is more than a viewer may do.
    const items = mayActAs(c.get('identity'), 'operator')
      ? monitors
      : monitors.map((monitor) => ({ ...monitor, ping_path: null, ping_url: null }))
    return c.json({ items, next_cursor: null }, 200)
  })
  routes.openapi(pingMonitor, async (c) => {
    const { kind } = c.req.valid('json')
    return c.json(await calls.pingMonitor(c.req.valid('param').name, kind, readActor(c)), 200)
  })
  return routes
}
