import type Database from 'better-sqlite3'
import type { NotificationStatus } from '../../domain/delivery.js'

/** Rows whose window is over and that have nothing to tell go in small steps, as new ones come. */
const trimMax = 8

/** What has gone out under the key, and whose window is not over. */
export interface OpenWindow {
  id: string
  openedAt: number
  /** It waits itself: its window begins when it is let go. */
  isHeld: boolean
}

/** The keys of `dedupe`: one row a key, that of the last notification that was not suppressed by it. */
export function prepareDedupe(database: Database.Database) {
  const select = database.prepare<[string], DedupeRow>(
    `SELECT dedupe_keys.*, notification_states.status FROM dedupe_keys
     LEFT JOIN notification_states ON notification_states.id = notification_id WHERE key = ?`,
  )
  const count = database.prepare<[string]>('UPDATE dedupe_keys SET suppressed = suppressed + 1 WHERE key = ?')
  const take = database.prepare<[string, string, number, number, number | null]>(
    `INSERT INTO dedupe_keys (key, notification_id, opened_at, window_ms, until) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (key) DO UPDATE SET notification_id = excluded.notification_id, opened_at = excluded.opened_at,
       window_ms = excluded.window_ms, until = excluded.until, suppressed = 0`,
  )
  const begin = database.prepare<[number, number, string]>(
    'UPDATE dedupe_keys SET opened_at = ?, until = ? + window_ms WHERE notification_id = ? AND until IS NULL',
  )
  const trim = database.prepare<[number, number]>(
    `DELETE FROM dedupe_keys WHERE key IN (
       SELECT key FROM dedupe_keys WHERE suppressed = 0 AND until IS NOT NULL AND until <= ? LIMIT ?)`,
  )

  return {
    /** The notification a new one of this key would only repeat, or null. */
    find(key: string, now: number): OpenWindow | null {
      const row = select.get(key)
      if (!row || !doesCount(row.status) || (row.until !== null && row.until <= now)) return null
      return { id: row.notification_id, openedAt: row.opened_at, isHeld: row.until === null }
    },
    count: (key: string): void => void count.run(key),
    /**
     * The key is this notification's from now on. Answers with how many were suppressed since the one before went
     * out, or null when there is nothing to say.
     */
    take(key: string, taker: { id: string; windowMs: number; now: number; isHeld: boolean }) {
      const { id, windowMs, now, isHeld } = taker
      const before = select.get(key)
      trim.run(now, trimMax)
      take.run(key, id, now, windowMs, isHeld ? null : now + windowMs)
      return before && before.suppressed > 0 ? { count: before.suppressed, since: before.opened_at } : null
    },
    /** The window of one that was held begins when it is let go. */
    begin: (notificationId: string, now: number): void => void begin.run(now, now, notificationId),
  }
}

interface DedupeRow {
  notification_id: string
  opened_at: number
  until: number | null
  suppressed: number
  /** Null when the notification was deleted. */
  status: NotificationStatus | null
}

/** A repeat is not worth telling only where the first was told, or will be. */
function doesCount(status: NotificationStatus | null): boolean {
  return status !== null && status !== 'suppressed' && status !== 'dead' && status !== 'cancelled'
}
