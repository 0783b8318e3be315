import type Database from 'better-sqlite3'

/**
 * Takes back what has not been sent of a notification and is not being sent. What is in flight is overruled when it is
 * settled. The reason stands as the last error.
 */
export function prepareUnsent(database: Database.Database) {
  const prepare = (purposes: string) =>
    database.prepare<[string, number, string]>(
      `UPDATE deliveries SET status = 'cancelled', due_at = NULL, last_error = ?, updated_at = ?
       WHERE notification_id = ? AND purpose IN (${purposes}) AND status IN ('queued', 'failed') AND lease_owner IS NULL`,
    )
  const cancelAll = prepare(`'alert', 'repeat', 'escalation'`)
  const cancelFurther = prepare(`'repeat', 'escalation'`)
  return {
    cancelAll: (notificationId: string, reason: string, now: number): void =>
      void cancelAll.run(reason, now, notificationId),
    /** Repeats and escalations only: the alert itself still goes out. */
    cancelFurther: (notificationId: string, reason: string, now: number): void =>
      void cancelFurther.run(reason, now, notificationId),
  }
}
