import { createRoute, z } from '@hono/zod-openapi'
import { deliveryStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { DeliverySelection } from '../../store/store.js'
import type { ApiParts } from '../api.js'
import { DeadLetterGroup, Delivery, DeliverySummary } from '../schema/delivery.js'
import { readActor } from './actor.js'
import { answer, createRoutes, jsonBody, operation, pageOf } from './operation.js'
import { idParam, pageQuery, timeQuery } from './query.js'

const reason = z.string().max(500).nullable().default(null).describe('Stands as the last error.')
const selection = {
  status: z.enum(deliveryStatuses).optional(),
  channel: z.string().max(200).optional(),
  mail: z.string().max(64).optional().describe('The id of the mail.'),
  notification: z.string().max(64).optional().describe('The id of the notification.'),
  since: timeQuery.optional(),
  error: z.string().max(1_000).optional().describe('The start of the error, as groups of dead letters give it.'),
}
const listQuery = z.object({ ...pageQuery, ...selection })
const groupQuery = z.object(selection)
const chosen = { ids: z.array(z.string().max(64)).min(1).max(1_000).optional(), ...selection }
const retryBody = z.object(chosen).refine(choosesAny, 'say which deliveries')
const cancelBody = z
  .object({ ...chosen, reason })
  .refine(({ reason: _, ...body }) => choosesAny(body), 'say which deliveries')
const oneCancelBody = z.object({ reason })

const Retried = z.object({ retried: z.number().int() })
const Cancelled = z.object({ cancelled: z.number().int() })

const listDeliveries = createRoute({
  method: 'get',
  path: '/',
  ...operation('viewer', 'deliveries', 'Lists deliveries, newest first', { request: { query: listQuery } }),
  responses: answer(pageOf(DeliverySummary), 'A page of deliveries'),
})
const listDeadLetterGroups = createRoute({
  method: 'get',
  path: '/dead-letters',
  ...operation('viewer', 'deliveries', 'Groups dead letters by channel and error, largest first', {
    request: { query: groupQuery },
  }),
  responses: answer(pageOf(DeadLetterGroup), 'At most 200 groups'),
})
const retryDeliveries = createRoute({
  method: 'post',
  path: '/retry',
  ...operation('operator', 'deliveries', 'Makes a selection due now, with a fresh ladder of retries', {
    request: { body: jsonBody(retryBody) },
  }),
  responses: answer(Retried, 'How many there were'),
})
const cancelDeliveries = createRoute({
  method: 'post',
  path: '/cancel',
  ...operation('operator', 'deliveries', 'Cancels what of a selection is neither sent nor being sent', {
    request: { body: jsonBody(cancelBody) },
  }),
  responses: answer(Cancelled, 'How many there were'),
})
const readDelivery = createRoute({
  method: 'get',
  path: '/{id}',
  ...operation('viewer', 'deliveries', 'Shows one delivery with its message and attempts', {
    request: { params: idParam },
  }),
  responses: answer(Delivery, 'The delivery'),
})
const retryDelivery = createRoute({
  method: 'post',
  path: '/{id}/retry',
  ...operation('operator', 'deliveries', 'Makes one delivery due now', { request: { params: idParam } }),
  responses: answer(Retried, 'It is due'),
})
const cancelDelivery = createRoute({
  method: 'post',
  path: '/{id}/cancel',
  ...operation('operator', 'deliveries', 'Cancels one delivery', {
    request: { params: idParam, body: jsonBody(oneCancelBody) },
  }),
  responses: answer(Cancelled, 'It is cancelled'),
})

export function deliveryRoutes({ calls }: Pick<ApiParts, 'calls'>) {
  const routes = createRoutes()
  routes.openapi(listDeliveries, async (c) => {
    const { limit, cursor, ...selected } = c.req.valid('query')
    return c.json(await calls.listDeliveries({ limit, cursor, ...toSelection(selected) }), 200)
  })
  routes.openapi(listDeadLetterGroups, async (c) => {
    const items = await calls.listDeadLetterGroups(toSelection(c.req.valid('query')))
    return c.json({ items, next_cursor: null }, 200)
  })
  routes.openapi(retryDeliveries, async (c) => {
    const selected = toSelection(c.req.valid('json'))
    return c.json({ retried: await calls.retryDeliveries(selected, readActor(c)) }, 200)
  })
  routes.openapi(cancelDeliveries, async (c) => {
    const { reason, ...selected } = c.req.valid('json')
    return c.json({ cancelled: await calls.cancelDeliveries(toSelection(selected), reason, readActor(c)) }, 200)
  })
  routes.openapi(readDelivery, async (c) => {
    const { id } = c.req.valid('param')
    const delivery = await calls.readDelivery(id)
    if (!delivery) throw new ApiError(404, 'not_found', `there is no delivery ${id}`)
    return c.json(delivery, 200)
  })
  routes.openapi(retryDelivery, async (c) => {
    const retried = await calls.retryDeliveries({ ids: [c.req.valid('param').id] }, readActor(c))
    if (retried === 0) throw new ApiError(409, 'not_retryable', 'it is sent, being sent, or not there')
    return c.json({ retried }, 200)
  })
  routes.openapi(cancelDelivery, async (c) => {
    const { reason } = c.req.valid('json')
    const cancelled = await calls.cancelDeliveries({ ids: [c.req.valid('param').id] }, reason, readActor(c))
    if (cancelled === 0) throw new ApiError(409, 'not_cancellable', 'it is sent, being sent, or not there')
    return c.json({ cancelled }, 200)
  })
  return routes
}

interface Selected extends Omit<DeliverySelection, 'mailId' | 'notificationId'> {
  mail?: string | undefined
  notification?: string | undefined
}

function toSelection({ mail, notification, ...rest }: Selected): DeliverySelection {
  return { ...rest, mailId: mail, notificationId: notification }
}

/** Nothing chosen would mean all there is. */
function choosesAny(body: Record<string, unknown>): boolean {
  return Object.values(body).some((value) => value !== undefined)
}
