import { createRoute, z } from '@hono/zod-openapi'
import { notificationStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import { severities } from '../../domain/message.js'
import type { ApiParts } from '../api.js'
import { Acknowledgement, Notification, NotificationSummary } from '../schema/notification.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { flagQuery, idParam, pageQuery, timeQuery } from './query.js'

const listQuery = z.object({
  ...pageQuery,
  status: z.enum(notificationStatuses).optional(),
  route: z.string().max(200).optional(),
  fingerprint: z.string().max(1_000).optional(),
  severity: z.enum(severities).optional(),
  mail: z.string().max(64).optional().describe('The id of the mail it was made of.'),
  since: timeQuery.optional(),
  unacknowledged: flagQuery.optional().describe('Sent, asks to be acknowledged, and has not been.'),
})
const ackBody = z.object({ note: z.string().max(1_000).nullable().default(null) })

const listNotifications = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'notifications', 'Lists notifications, newest first', { request: { query: listQuery } }),
  responses: answer(pageOf(NotificationSummary), 'A page of notifications'),
})
const readNotification = createRoute({
  method: 'get',
  path: '/{id}',
  ...operation('viewer', 'notifications', 'Shows one notification with its deliveries', {
    request: { params: idParam },
  }),
  responses: answer(Notification, 'The notification'),
})
const acknowledge = createRoute({
  method: 'post',
  path: '/{id}/acknowledge',
  ...operation('operator', 'notifications', 'Acknowledges it: repeats and escalations end', {
    description: 'That somebody was quicker, or that it is over, is an answer as well: what you want is so already.',
    request: { params: idParam, body: jsonBody(ackBody) },
  }),
  responses: answer(Acknowledgement, 'Whose acknowledgement counts'),
})
const resolve = createRoute({
  method: 'post',
  path: '/{id}/resolve',
  ...operation('operator', 'notifications', 'Closes it, as a recovery mail would', { request: { params: idParam } }),
  responses: answer(z.object({ resolved: z.number().int() }), 'It is closed'),
})

export function notificationRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listNotifications, async (c) => {
    const { mail, ...filter } = c.req.valid('query')
    return c.json(await calls.listNotifications({ ...filter, mailId: mail }), 200)
  })
  routes.openapi(readNotification, async (c) => c.json(await calls.readNotification(c.req.valid('param').id), 200))
  routes.openapi(acknowledge, async (c) => {
    const { note } = c.req.valid('json')
    return c.json(await calls.acknowledge({ notificationId: c.req.valid('param').id, note }, readActor(c)), 200)
  })
  routes.openapi(resolve, async (c) => {
    const { id } = c.req.valid('param')
    const { status } = await calls.readNotification(id)
    const resolved = await calls.resolveNotifications([id], readActor(c))
    if (resolved === 0) throw new ApiError(409, 'not_open', `there is nothing to resolve: it is ${status}`)
    return c.json({ resolved }, 200)
  })
  return routes
}
