import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { readJson } from './query.js'

const pingBody = z.object({ kind: z.enum(['seen', 'start', 'fail']).default('seen') })

export function monitorRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json({ items: await calls.listMonitors(), next_cursor: null }))
  routes.post('/:name/ping', async (c) => {
    const { kind } = await readJson(c, pingBody)
    return c.json(await calls.pingMonitor(c.req.param('name'), kind, readActor(c)))
  })
  return routes
}
