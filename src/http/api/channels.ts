import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { readJson } from './query.js'

const pauseBody = z.object({ reason: z.string().max(500).default('') })
const testBody = z.object({
  to: z.string().max(500).optional(),
  text: z.string().max(4_000).default('This is a test. If you can read it, the channel works.'),
})

export function channelRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json({ items: await calls.listChannels(), next_cursor: null }))
  routes.post('/:name/test', async (c) => {
    const { to, text } = await readJson(c, testBody)
    const { ok, provider, permanent } = await calls.testChannel(c.req.param('name'), to ?? null, text)
    return c.json(ok ? { ok, provider } : { ok, error: provider, permanent })
  })
  routes.post('/:name/pause', async (c) => {
    const { reason } = await readJson(c, pauseBody)
    await calls.pauseChannel(c.req.param('name'), reason, readActor(c))
    return c.json({ ok: true })
  })
  routes.post('/:name/resume', async (c) => {
    await calls.resumeChannel(c.req.param('name'), readActor(c))
    return c.json({ ok: true })
  })
  return routes
}
