import { createRoute, z } from '@hono/zod-openapi'
import { ulid } from 'ulid'
import type { ApiParts } from '../api.js'
import { Explanation } from '../schema/explanation.js'
import { InboxEntry, Rejection } from '../schema/log-lines.js'
import { Status } from '../schema/server.js'
import { answer, createRoutes, operation, pageOf, rawBody } from './operation.js'
import { pageQuery } from './query.js'
import { readMailBody, splitList } from './raw-mail.js'

const inboxQuery = z.object({ ...pageQuery, recipient: z.string().max(320).optional() })
const rejectionQuery = z.object({ limit: pageQuery.limit })
const explainQuery = z.object({
  from: z.string().max(320).default('').describe('MAIL FROM.'),
  to: z.string().max(2_000).default('').describe('Recipients, with commas between them.'),
})

const readStatus = createRoute({
  method: 'get',
  path: '/status',
  ...operation('viewer', 'server', 'Says how the server is: version, config, queues, sizes'),
  responses: answer(Status, 'The state of this moment'),
})
const listInbox = createRoute({
  method: 'get',
  path: '/inbox',
  ...operation('viewer', 'server', 'Lists what went to the built-in inbox, newest first', {
    request: { query: inboxQuery },
  }),
  responses: answer(pageOf(InboxEntry), 'A page of messages'),
})
const listRejections = createRoute({
  method: 'get',
  path: '/rejections',
  ...operation('viewer', 'server', 'Lists what was refused at the door, newest first', {
    request: { query: rejectionQuery },
  }),
  responses: answer(pageOf(Rejection), 'Refusals; those alike are one line'),
})
const explainMail = createRoute({
  method: 'post',
  path: '/routes/explain',
  ...operation('operator', 'routes', 'Says what would be done with a mail, and why, and does none of it', {
    description: 'Lookups are fetched, actions run and the LLM is asked as for a real mail.',
    request: { query: explainQuery, body: rawBody('message/rfc822', 'The mail') },
  }),
  responses: answer(Explanation, 'The trace, and the messages that would go out'),
})

/** Status, inbox, rejected log, and `explain` for a mail that was never received. */
export function serverRoutes({ calls, status }: Pick<ApiParts, 'calls' | 'status'>) {
  const routes = createRoutes()
  routes.openapi(readStatus, async (c) => c.json(await status(), 200))
  routes.openapi(listInbox, async (c) => c.json(await calls.listInbox(c.req.valid('query')), 200))
  routes.openapi(listRejections, async (c) => {
    const { limit } = c.req.valid('query')
    return c.json({ items: await calls.listRejections(limit), next_cursor: null }, 200)
  })
  routes.openapi(explainMail, async (c) => {
    const { from, to } = c.req.valid('query')
    const raw = await readMailBody(c)
    const envelope = { from, to: splitList(to), client: '127.0.0.1', helo: 'api', tls: false, user: null }
    return c.json(await calls.explainRaw({ id: ulid(), receivedAt: Date.now(), envelope, raw }), 200)
  })
  return routes
}
