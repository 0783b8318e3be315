import { createRoute, z } from '@hono/zod-openapi'
import { ApiError } from '../../domain/errors.js'
import { parseDuration } from '../../domain/units.js'
import type { ApiParts } from '../api.js'
import { Silence } from '../schema/silence.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { flagQuery } from './query.js'

const listQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(200),
  ended: flagQuery.default(false).describe('Those that are over, too.'),
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
  routes: globs.describe('Globs of route names.'),
  channels: globs.describe('Globs of channel names.'),
  labels: z.record(z.string().max(200), z.string().max(200)).default({}).describe('Globs of the values of labels.'),
  starts_at: isoTime.optional().describe('Now, unless it is said.'),
  ends_at: isoTime.optional().describe('Either this, or `for`.'),
  for: span.optional().describe('How long from its start, like 2h; instead of `ends_at`.'),
  comment: z.string().max(1_000).default(''),
})

const listSilences = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'silences', 'Lists the silences, newest first', { request: { query: listQuery } }),
  responses: answer(pageOf(Silence), 'The silences'),
})
const addSilence = createRoute({
  method: 'post',
  path: '/',
  ...operation(
    'operator',
    'silences',
    'Adds a silence: what it matches is kept and shown, and not sent, until it ends',
    {
      request: { body: jsonBody(silenceBody) },
    },
  ),
  responses: answer(Silence, 'The silence', 201),
})
const endSilence = createRoute({
  method: 'delete',
  path: '/{id}',
  ...operation('operator', 'silences', 'Ends a silence at once', {
    request: { params: z.object({ id: z.string().max(64) }) },
  }),
  responses: answer(z.object({ ended: z.literal(1) }), 'It is over'),
})

export function silenceRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listSilences, async (c) =>
    c.json({ items: await calls.listSilences(c.req.valid('query')), next_cursor: null }, 200),
  )
  routes.openapi(addSilence, async (c) => {
    const body = c.req.valid('json')
    const startsAt = body.starts_at ?? Date.now()
    if ((body.ends_at === undefined) === (body.for === undefined)) {
      throw new ApiError(400, 'bad_request', 'a silence has an end: either "ends_at" or "for"')
    }
    const endsAt = body.ends_at ?? startsAt + (body.for ?? 0)
    const { routes: named, channels, labels, comment } = body
    const matchers = { routes: named, channels, labels }
    return c.json(await calls.addSilence({ matchers, startsAt, endsAt, comment }, readActor(c)), 201)
  })
  routes.openapi(endSilence, async (c) => {
    await calls.endSilence(c.req.valid('param').id, readActor(c))
    return c.json({ ended: 1 as const }, 200)
  })
  return routes
}
