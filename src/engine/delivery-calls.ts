import { ApiError } from '../domain/errors.js'
import type { DeliverySelection, Store } from '../store/store.js'
import type { Engine } from './engine.js'

const reasonLengthMax = 500

/** What may be asked about deliveries and dead letters. Rejects with `ApiError`. */
export function offerDeliveryCalls({ store, deliveries, audit, now }: Engine) {
  async function retry(selection: DeliverySelection, actor: string): Promise<{ count: number; retriedAt: number }> {
    const retriedAt = now()
    const count = await store.retryDeliveries(selection, retriedAt)
    deliveries.wake()
    if (count > 0) await audit(actor, 'delivery.retry', subjectsOf(selection), { ...describe(selection), count })
    return { count, retriedAt }
  }

  return {
    listDeliveries: (filter: Parameters<Store['listDeliveries']>[0]) => store.listDeliveries(filter),
    /** How many of a selection are in each status. */
    countDeliveries: (selection: DeliverySelection) => store.countDeliveries(selection),
    readDelivery: (deliveryId: string) => store.readDelivery(deliveryId),
    listDeadLetterGroups: (selection: DeliverySelection) => store.listDeadLetterGroups(selection),
    /** How many there were. */
    async retryDeliveries(selection: DeliverySelection, actor: string): Promise<number> {
      return (await retry(selection, actor)).count
    },
    /** The same, with the moment by which `countDeliveries` and `listDeliveries` find what it made due (`retriedAt`). */
    retryDeadLetters: (group: { channel: string; errorGroup: string }, actor: string) =>
      retry({ ...group, status: 'dead' }, actor),
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
function describe({ status, channel, mailId, runId, notificationId, since, error, errorGroup }: DeliverySelection) {
  return {
    ...(status === undefined ? {} : { status }),
    ...(channel === undefined ? {} : { channel }),
    ...(mailId === undefined ? {} : { mail: mailId }),
    ...(runId === undefined ? {} : { run: runId }),
    ...(notificationId === undefined ? {} : { notification: notificationId }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(error === undefined ? {} : { error }),
    ...(errorGroup === undefined ? {} : { error: errorGroup }),
  }
}
