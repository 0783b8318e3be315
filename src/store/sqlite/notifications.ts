import type Database from 'better-sqlite3'
import type { NewNotification } from '../../domain/delivery.js'
import { createIdSource } from '../../domain/new-id.js'
import type { CommittedRouting } from '../store.js'

/** What raised the notifications: one routing of a mail, or one run of a job. */
export type NotificationOrigin =
  | { mailId: string; generation: number; runId: null; key: string }
  | { mailId: null; generation: 0; runId: string; key: string }

/**
 * Notifications with their deliveries. Unique keys make a repeat harmless: one notification per mail, generation and
 * route, or per run and place in it, and one delivery per origin, channel, address and message. Runs inside the
 * caller's transaction.
 */
export function prepareNotifications(database: Database.Database) {
  // Ids made in the same millisecond keep the order in which they were made.
  const newId = createIdSource()
  const insertNotification = database.prepare(
    `INSERT INTO notifications (id, mail_id, run_id, run_index, generation, route, severity, event, fingerprint, labels,
       message, flagged, created_at)
     VALUES (@id, @mailId, @runId, @runIndex, @generation, @route, @severity, @event, @fingerprint, @labels,
       @message, @flagged, @now)
     ON CONFLICT DO NOTHING`,
  )
  const insertDelivery = database.prepare(
    `INSERT INTO deliveries (id, notification_id, mail_id, run_id, route, channel, recipient, address, message, status,
       retry_ms, due_at, last_error, dedupe_key, created_at, updated_at)
     VALUES (@id, @notificationId, @mailId, @runId, @route, @channel, @recipient, @address, @message, @status,
       @retryMs, @dueAt, @lastError, @dedupeKey, @now, @now)
     ON CONFLICT (dedupe_key) DO NOTHING`,
  )

  // A run whose end is corrected has told of its failure already; what is told now stands behind that.
  const countOfRun = database.prepare<[string], { count: number }>(
    'SELECT count(*) AS count FROM notifications WHERE run_id = ?',
  )

  function save(notifications: NewNotification[], origin: NotificationOrigin, now: number): CommittedRouting {
    const channels = new Set<string>()
    let deliveries = 0
    const before = origin.runId === null ? 0 : (countOfRun.get(origin.runId)?.count ?? 0)
    for (const [position, notification] of notifications.entries()) {
      const index = before + position
      const id = newId(now)
      const { mailId, runId, generation } = origin
      const message = JSON.stringify(notification.message)
      const { changes } = insertNotification.run({
        id,
        mailId,
        runId,
        runIndex: runId === null ? null : index,
        generation,
        route: notification.route,
        severity: notification.severity,
        event: notification.event,
        fingerprint: notification.fingerprint,
        labels: JSON.stringify(notification.labels),
        message,
        flagged: notification.flagged,
        now,
      })
      if (changes === 0) continue
      const place = runId === null ? origin.key : `${origin.key}/${index}`
      for (const delivery of notification.deliveries) {
        const own = JSON.stringify(delivery.message)
        const inserted = insertDelivery.run({
          id: newId(now),
          notificationId: id,
          mailId,
          runId,
          route: notification.route,
          channel: delivery.channel,
          recipient: delivery.recipient,
          address: delivery.address,
          message: own === message ? null : own,
          status: delivery.dead === null ? 'queued' : 'dead',
          retryMs: JSON.stringify(delivery.retryMs),
          dueAt: delivery.dead === null ? now : null,
          lastError: delivery.dead,
          dedupeKey: `${place}/${delivery.dedupeKey}`,
          now,
        })
        if (inserted.changes === 0) continue
        deliveries++
        channels.add(delivery.channel)
      }
    }
    return { deliveries, channels: [...channels] }
  }

  return { save }
}
