import { createRoute, z } from '@hono/zod-openapi'
import { type RejectionReason, rejectionReasons } from '../../domain/rejection.js'
import type { ApiParts } from '../api.js'
import { InboxEntry, Rejection } from '../schema/log-lines.js'
import { Status } from '../schema/server.js'
import { answer, createRoutes, operation, pageOf } from './operation.js'
import { pageQuery, timeQuery } from './query.js'

const inboxQuery = z.object({ ...pageQuery, recipient: z.string().max(320).optional() })
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
const reasons = Object.keys(rejectionReasons) as [RejectionReason, ...RejectionReason[]]
const rejectionQuery = z.object({
  ...pageQuery,
  cursor: z.string().max(300).optional(),
  reason: z.enum(reasons).optional(),
  client: z.string().max(64).optional().describe('The address as the log has it.'),
  since: timeQuery.optional(),
})
const listRejections = createRoute({
  method: 'get',
  path: '/rejections',
  ...operation('viewer', 'server', 'Lists what was refused at the door, newest first', {
    request: { query: rejectionQuery },
  }),
  responses: answer(pageOf(Rejection), 'Refusals; those alike are one line'),
})
/** Status, inbox and rejected log. */
export function serverRoutes({ calls, status }: Pick<ApiParts, 'calls' | 'status'>) {
  const routes = createRoutes()
  routes.openapi(readStatus, async (c) => c.json(await status(), 200))
  routes.openapi(listInbox, async (c) => c.json(await calls.listInbox(c.req.valid('query')), 200))
  routes.openapi(listRejections, async (c) => c.json(await calls.listRejections(c.req.valid('query')), 200))
  return routes
}
