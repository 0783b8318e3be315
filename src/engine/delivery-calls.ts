import { ApiError } from '../domain/errors.js'
import type { DeliverySelection, Store } from '../store/store.js'
import type { Engine } from './engine.js'

const reasonLengthMax = 500

/** What may be asked about deliveries and dead letters. Rejects with `ApiError`. */
export function offerDeliveryCalls({ store, deliveries, audit, now }: Engine) {
  return {
    listDeliveries: (filter: Parameters<Store['listDeliveries']>[0]) => store.listDeliveries(filter),
    readDelivery: (deliveryId: string) => store.readDelivery(deliveryId),
    listDeadLetterGroups: (selection: DeliverySelection) => store.listDeadLetterGroups(selection),
    /** How many there were. */
    async retryDeliveries(selection: DeliverySelection, actor: string): Promise<number> {
      const count = await store.retryDeliveries(selection, now())
      deliveries.wake()
      if (count > 0) await audit(actor, 'delivery.retry', subjectsOf(selection), { ...describe(selection), count })
      return count
    },
    /** How many there were. The reason stands with each of them. */
    async cancelDeliveries(selection: DeliverySelection, reason: string | null, actor: string): Promise<number> {
      const given = reason?.trim() || null
      if (given !== null && given.length > reasonLengthMax) {
        throw new ApiError(400, 'bad_request', `a reason has at most ${reasonLengthMax} characters`)
      }
      const count = await store.cancelDeliveries(selection, now(), given)
      const detail = { ...describe(selection), count, reason: given }
      if (count > 0) await audit(actor, 'delivery.cancel', subjectsOf(selection), detail)
      return count
    },
  }
}

function subjectsOf({ ids, mailId, notificationId, runId, channel }: DeliverySelection): string[] {
  return ids ?? [mailId, notificationId, runId, channel].filter((subject) => subject !== undefined)
}

/** The selection as it is read in the record. */
function describe({ status, channel, mailId, runId, notificationId, since, error }: DeliverySelection) {
  return {
    ...(status === undefined ? {} : { status }),
    ...(channel === undefined ? {} : { channel }),
    ...(mailId === undefined ? {} : { mail: mailId }),
    ...(runId === undefined ? {} : { run: runId }),
    ...(notificationId === undefined ? {} : { notification: notificationId }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(error === undefined ? {} : { error }),
  }
}
