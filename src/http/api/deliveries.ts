import { type Context, Hono } from 'hono'
import { z } from 'zod'
import { deliveryStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import type { DeliverySelection } from '../../store/store.js'
import type { ApiParts } from '../api.js'
import { pageQuery, readJson, readQuery, timeQuery } from './query.js'

const selection = {
  status: z.enum(deliveryStatuses).optional(),
  channel: z.string().max(200).optional(),
  mail: z.string().max(64).optional(),
  since: timeQuery.optional(),
}
const listQuery = z.object({ ...pageQuery, ...selection })
const selectionBody = z
  .object({ ids: z.array(z.string().max(64)).min(1).max(1_000).optional(), ...selection })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'say which deliveries')

export function deliveryRoutes({ calls }: Pick<ApiParts, 'calls'>): Hono {
  const routes = new Hono()
  const readSelection = async (c: Context): Promise<DeliverySelection> => {
    const { mail, ...rest } = await readJson(c, selectionBody)
    return { ...rest, mailId: mail }
  }

  routes.get('/', async (c) => {
    const { mail, ...filter } = readQuery(c, listQuery)
    return c.json(await calls.listDeliveries({ ...filter, mailId: mail }))
  })
  routes.post('/retry', async (c) => c.json({ retried: await calls.retryDeliveries(await readSelection(c)) }))
  routes.post('/cancel', async (c) => c.json({ cancelled: await calls.cancelDeliveries(await readSelection(c)) }))
  routes.get('/:id', async (c) => {
    const delivery = await calls.readDelivery(c.req.param('id'))
    if (!delivery) throw new ApiError(404, 'not_found', `there is no delivery ${c.req.param('id')}`)
    return c.json(delivery)
  })
  routes.post('/:id/retry', async (c) => {
    const retried = await calls.retryDeliveries({ ids: [c.req.param('id')] })
    if (retried === 0) throw new ApiError(409, 'not_retryable', 'it is sent, being sent, or not there')
    return c.json({ retried })
  })
  routes.post('/:id/cancel', async (c) => {
    const cancelled = await calls.cancelDeliveries({ ids: [c.req.param('id')] })
    if (cancelled === 0) throw new ApiError(409, 'not_cancellable', 'it is sent, being sent, or not there')
    return c.json({ cancelled })
  })
  return routes
}
