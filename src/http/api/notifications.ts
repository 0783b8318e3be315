import { Hono } from 'hono'
import { z } from 'zod'
import { notificationStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { flagQuery, pageQuery, readJson, readQuery, timeQuery } from './query.js'

const listQuery = z.object({
  ...pageQuery,
  status: z.enum(notificationStatuses).optional(),
  route: z.string().max(200).optional(),
  fingerprint: z.string().max(1_000).optional(),
  mail: z.string().max(64).optional(),
  since: timeQuery.optional(),
  /** Sent, asks to be acknowledged, and has not been. */
  unacknowledged: flagQuery.optional(),
})
const ackBody = z.object({ note: z.string().max(1_000).nullable().default(null) })

export function notificationRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => {
    const { mail, ...filter } = readQuery(c, listQuery)
    return c.json(await calls.listNotifications({ ...filter, mailId: mail }))
  })
  routes.get('/:id', async (c) => c.json(await calls.readNotification(c.req.param('id'))))
  // That somebody was quicker, or that it is over, is an answer as well: what the caller wants is so already.
  routes.post('/:id/acknowledge', async (c) => {
    const { note } = await readJson(c, ackBody)
    return c.json(await calls.acknowledge({ notificationId: c.req.param('id'), note }, readActor(c)))
  })
  routes.post('/:id/resolve', async (c) => {
    const id = c.req.param('id')
    const { status } = await calls.readNotification(id)
    const resolved = await calls.resolveNotifications([id], readActor(c))
    if (resolved === 0) throw new ApiError(409, 'not_open', `there is nothing to resolve: it is ${status}`)
    return c.json({ resolved })
  })
  return routes
}
