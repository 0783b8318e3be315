import { Hono } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import { parseDuration } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { flagQuery, readJson, readQuery } from './query.js'

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
  /** Those that are over, too. */
  ended: flagQuery.default(false),
})
const globs = z.array(z.string().max(200)).max(50).default([])
const isoTime = z.iso.datetime({ offset: true }).transform(Date.parse)
const span = z.string().transform((text, context) => {
  const ms = parseDuration(text)
  if (ms !== null && ms > 0) return ms
  context.addIssue({ code: 'custom', message: 'a duration like 2h' })
  return z.NEVER
})
const silenceBody = z.object({
  routes: globs,
  channels: globs,
  labels: z.record(z.string().max(200), z.string().max(200)).default({}),
  /** Now, unless it is said. */
  starts_at: isoTime.optional(),
  ends_at: isoTime.optional(),
  /** How long from its start, instead of `ends_at`. */
  for: span.optional(),
  comment: z.string().max(1_000).default(''),
})

export function silenceRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json({ items: await calls.listSilences(readQuery(c, listQuery)), next_cursor: null }))
  routes.post('/', async (c) => {
    const body = await readJson(c, silenceBody)
    const startsAt = body.starts_at ?? Date.now()
    if ((body.ends_at === undefined) === (body.for === undefined)) {
      throw new ApiError(400, 'bad_request', 'a silence has an end: either "ends_at" or "for"')
    }
    const endsAt = body.ends_at ?? startsAt + (body.for ?? 0)
    const { routes: named, channels, labels, comment } = body
    const matchers = { routes: named, channels, labels }
    return c.json(await calls.addSilence({ matchers, startsAt, endsAt, comment }, readActor(c)), 201)
  })
  routes.delete('/:id', async (c) => {
    await calls.endSilence(c.req.param('id'), readActor(c))
    return c.json({ ended: 1 })
  })
  return routes
}
