import { createRoute, z } from '@hono/zod-openapi'
import type { ApiParts } from '../api.js'
import { AuditEntry } from '../schema/audit.js'
import { answer, createRoutes, operation, pageOf } from './operation.js'
import { pageQuery, timeQuery } from './query.js'

const listQuery = z.object({
  ...pageQuery,
  subject: z.string().max(200).optional().describe('An id or a name that was changed.'),
  action: z.string().max(100).optional(),
  since: timeQuery.optional(),
})

const listAudit = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'audit', 'Lists who changed what, newest first', { request: { query: listQuery } }),
  responses: answer(pageOf(AuditEntry), 'The record'),
})

export function auditRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listAudit, async (c) => c.json(await calls.listAudit(c.req.valid('query')), 200))
  return routes
}
