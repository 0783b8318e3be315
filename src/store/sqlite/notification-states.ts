import type Database from 'better-sqlite3'
import type { NotificationStatus } from '../../domain/delivery.js'
import type { Acknowledgement } from '../../domain/notification.js'

/** What changes of a notification. Triggers of the schema keep `status` at that of its alerts until somebody decides. */
export interface StateRow {
  id: string
  route: string
  fingerprint: string
  status: NotificationStatus
  reason: string | null
  opens: 0 | 1
  offers_ack: 0 | 1
  waits_for: 'hold' | 'digest' | null
  waits_until: number | null
  suppressed_count: number
  duplicate_of: string | null
  digest_id: string | null
  acked_by: string | null
  acked_at: number | null
  ack_note: string | null
  resolved_by: string | null
  resolved_at: number | null
  still_due: 0 | 1
}

export type NewState = Pick<
  StateRow,
  | 'id'
  | 'route'
  | 'fingerprint'
  | 'status'
  | 'reason'
  | 'opens'
  | 'offers_ack'
  | 'waits_for'
  | 'waits_until'
  | 'duplicate_of'
>

/** Runs inside the caller's transaction. */
export function prepareStates(database: Database.Database) {
  const insert = database.prepare(
    `INSERT INTO notification_states (id, route, fingerprint, status, reason, opens, offers_ack, waits_for, waits_until,
       duplicate_of)
     VALUES (@id, @route, @fingerprint, @status, @reason, @opens, @offers_ack, @waits_for, @waits_until, @duplicate_of)`,
  )
  const select = database.prepare<[string], StateRow>('SELECT * FROM notification_states WHERE id = ?')
  const suppress = database.prepare<[string, string]>(
    `UPDATE notification_states SET status = 'suppressed', reason = ?, waits_for = NULL, waits_until = NULL WHERE id = ?`,
  )
  const count = database.prepare<[string]>(
    'UPDATE notification_states SET suppressed_count = suppressed_count + 1 WHERE id = ?',
  )
  const waitUntil = database.prepare<['hold' | 'digest' | null, number | null, string | null, string]>(
    'UPDATE notification_states SET waits_for = ?, waits_until = ?, reason = ? WHERE id = ?',
  )
  const joinDigest = database.prepare<[string | null, NotificationStatus, string, string]>(
    `UPDATE notification_states SET digest_id = ?, waits_for = NULL, waits_until = NULL,
       status = iif(status IN ('acknowledged', 'resolved'), status, ?), reason = ? WHERE id = ?`,
  )
  const resolve = database.prepare<[string, number, 0 | 1, string]>(
    `UPDATE notification_states SET status = 'resolved', resolved_by = ?, resolved_at = ?, still_due = ?,
       waits_for = NULL, waits_until = NULL WHERE id = ?`,
  )
  const acknowledge = database.prepare<[string, number, string | null, string]>(
    `UPDATE notification_states SET status = 'acknowledged', acked_by = ?, acked_at = ?, ack_note = ? WHERE id = ?`,
  )

  return {
    insert: (state: NewState): void => void insert.run(state),
    read: (id: string): StateRow | undefined => select.get(id),
    suppress: (id: string, reason: string): void => void suppress.run(reason, id),
    /** One more repeat that it stands for. */
    count: (id: string): void => void count.run(id),
    waitUntil: (id: string, verb: 'hold' | 'digest', until: number, reason: string): void =>
      void waitUntil.run(verb, until, reason, id),
    endWaiting: (id: string): void => void waitUntil.run(null, null, null, id),
    joinDigest: (id: string, digestId: string | null, status: NotificationStatus, reason: string): void =>
      void joinDigest.run(digestId, status, reason, id),
    /** `stillDue`: what it has to say goes out all the same. */
    resolve: (id: string, by: string, at: number, stillDue: boolean): void =>
      void resolve.run(by, at, stillDue ? 1 : 0, id),
    acknowledge: (id: string, { by, at, note }: Acknowledgement): void => void acknowledge.run(by, at, note, id),
  }
}
