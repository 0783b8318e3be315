import { Hono } from 'hono'
import { z } from 'zod'
import { deliveryStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { DeliverySelection } from '../../store/store.js'
import type { ApiParts } from '../api.js'
import { readActor } from './actor.js'
import { pageQuery, readJson, readQuery, timeQuery } from './query.js'

const reason = z.string().max(500).nullable().default(null)
const selection = {
  status: z.enum(deliveryStatuses).optional(),
  channel: z.string().max(200).optional(),
  mail: z.string().max(64).optional(),
  notification: z.string().max(64).optional(),
  since: timeQuery.optional(),
  /** The start of the error, as the groups of dead letters give it. */
  error: z.string().max(1_000).optional(),
}
const listQuery = z.object({ ...pageQuery, ...selection })
const groupQuery = z.object(selection)
const chosen = { ids: z.array(z.string().max(64)).min(1).max(1_000).optional(), ...selection }
const retryBody = z.object(chosen).refine(choosesAny, 'say which deliveries')
const cancelBody = z
  .object({ ...chosen, reason })
  .refine(({ reason: _, ...body }) => choosesAny(body), 'say which deliveries')
const oneCancelBody = z.object({ reason })

export function deliveryRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  routes.get('/', async (c) => {
    const { limit, cursor, ...selected } = readQuery(c, listQuery)
    return c.json(await calls.listDeliveries({ limit, cursor, ...toSelection(selected) }))
  })
  routes.get('/dead-letters', async (c) => {
    const items = await calls.listDeadLetterGroups(toSelection(readQuery(c, groupQuery)))
    return c.json({ items, next_cursor: null })
  })
  routes.post('/retry', async (c) => {
    const selected = toSelection(await readJson(c, retryBody))
    return c.json({ retried: await calls.retryDeliveries(selected, readActor(c)) })
  })
  routes.post('/cancel', async (c) => {
    const { reason, ...selected } = await readJson(c, cancelBody)
    return c.json({ cancelled: await calls.cancelDeliveries(toSelection(selected), reason, readActor(c)) })
  })
  routes.get('/:id', async (c) => {
    const delivery = await calls.readDelivery(c.req.param('id'))
    if (!delivery) throw new ApiError(404, 'not_found', `there is no delivery ${c.req.param('id')}`)
    return c.json(delivery)
  })
  routes.post('/:id/retry', async (c) => {
    const retried = await calls.retryDeliveries({ ids: [c.req.param('id')] }, readActor(c))
    if (retried === 0) throw new ApiError(409, 'not_retryable', 'it is sent, being sent, or not there')
    return c.json({ retried })
  })
  routes.post('/:id/cancel', async (c) => {
    const { reason } = await readJson(c, oneCancelBody)
    const cancelled = await calls.cancelDeliveries({ ids: [c.req.param('id')] }, reason, readActor(c))
    if (cancelled === 0) throw new ApiError(409, 'not_cancellable', 'it is sent, being sent, or not there')
    return c.json({ cancelled })
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
