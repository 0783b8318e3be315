import { Hono } from 'hono'
import { z } from 'zod'
import { ruleEvents } from '../../domain/monitor.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { readJson } from './query.js'

const ruleBody = z.object({
  subject: z.enum(['job', 'monitor']),
  name: z.string().min(1).max(200),
  event: z.enum(ruleEvents),
  channels: z.array(z.string().min(1).max(200)).min(1).max(50),
})

/** Who hears of jobs and monitors, beside what the config says. */
export function ruleRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json({ items: await calls.listRules(), next_cursor: null }))
  routes.post('/', async (c) => c.json(await calls.addRule(await readJson(c, ruleBody), readActor(c)), 201))
  routes.delete('/:id', async (c) => {
    await calls.removeRule(c.req.param('id'), readActor(c))
    return c.json({ removed: 1 })
  })
  return routes
}
