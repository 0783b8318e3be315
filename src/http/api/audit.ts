import { Hono } from 'hono'
import { z } from 'zod'
import type { ApiParts } from '../api.js'
import { pageQuery, readQuery, timeQuery } from './query.js'

const listQuery = z.object({
  ...pageQuery,
  /** An id or a name that was changed. */
  subject: z.string().max(200).optional(),
  action: z.string().max(100).optional(),
  since: timeQuery.optional(),
})

export function auditRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => c.json(await calls.listAudit(readQuery(c, listQuery))))
  return routes
}
