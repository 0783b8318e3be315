import { ApiError } from '../domain/errors.js'
import { readAckLink } from '../follow/ack-token.js'
import type { NotificationDetail } from '../store/notification-store.js'
import type { Store } from '../store/store.js'
import { type AcknowledgeAnswer, acknowledgeAlert, checkNote } from './acknowledge.js'
import type { Engine } from './engine.js'

const idsMax = 1_000

/** What the holder of a link sees before deciding. */
export interface AckView {
  notification: NotificationDetail
  /** The link is too old to acknowledge by. */
  is_expired: boolean
}

/** What may be asked about notifications. Rejects with `ApiError`. `actor` says who asks, for the record. */
export function offerAlertCalls(engine: Engine) {
  const { store, audit, now } = engine

  async function readNotification(notificationId: string): Promise<NotificationDetail> {
    const notification = await store.readNotification(notificationId)
    if (notification) return notification
    throw new ApiError(404, 'not_found', `there is no notification ${notificationId}`)
  }

  /** For a link that is forged, or whose alert is no longer kept, it is as if there were nothing. */
  async function readAckToken(token: string): Promise<AckView & { delivery_id: string; recipient: string | null }> {
    const link = readAckLink(engine.keys.signing(), token, now())
    const delivery = link && (await store.readDelivery(link.deliveryId))
    const notification = delivery && (await store.readNotification(delivery.notification_id))
    if (!notification) throw new ApiError(404, 'not_found', 'this link is not one of ours, or its alert is gone')
    const { id: delivery_id, recipient } = delivery
    return { notification, is_expired: link.isExpired, delivery_id, recipient }
  }

  return {
    listNotifications: (filter: Parameters<Store['listNotifications']>[0]) => store.listNotifications(filter),
    readNotification,
    /** The first one counts: `already` and `over` are answers, too. */
    acknowledge(
      request: { notificationId?: string; deliveryId?: string; note?: string | null },
      actor: string,
    ): Promise<AcknowledgeAnswer> {
      const { notificationId = null, deliveryId = null, note = null } = request
      return acknowledgeAlert(engine, { notificationId, deliveryId, by: actor, note: checkNote(note) })
    },
    readAckToken,
    async ackByToken(token: string, note: string | null): Promise<AcknowledgeAnswer> {
      const checked = checkNote(note)
      const { delivery_id, recipient, is_expired, notification } = await readAckToken(token)
      if (is_expired)
        throw new ApiError(410, 'expired', 'this link has expired', 'mailtrigger notifications ack does it')
      const by = `link:${recipient ?? notification.delivery_list.find(({ id }) => id === delivery_id)?.channel ?? ''}`
      return acknowledgeAlert(engine, { notificationId: null, deliveryId: delivery_id, by, note: checked })
    },
    /** Closes what is open of these, as a recovery mail would; how many there were. */
    async resolveNotifications(notificationIds: string[], actor: string): Promise<number> {
      if (notificationIds.length > idsMax) {
        throw new ApiError(400, 'bad_request', `at most ${idsMax} notifications are resolved at a time`)
      }
      const { fates, channels } = await store.resolveNotifications(notificationIds, actor, now())
      engine.deliveries.wake(channels)
      const closed = fates.map(({ notification_id }) => notification_id)
      for (const notification_id of closed) engine.emit({ type: 'notification.resolved', notification_id, by: actor })
      if (closed.length > 0) await audit(actor, 'notification.resolve', closed, {})
      return closed.length
    },
  }
}
