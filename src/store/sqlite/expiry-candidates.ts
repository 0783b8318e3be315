import type Database from 'better-sqlite3'

/** What is old enough, and whether it has to be kept all the same. */
export interface Candidate {
  id: string
  at: number
  sizeBytes: number
  isKept: 0 | 1
}

/** A hold that was let go stays open for this long after it was last heard of: what comes meanwhile belongs to it. */
const holdOpenMs = 86_400_000

/** A notification that still has something to do. `@openSince` is how late a hold must have been heard of to be open. */
const isNotificationKept = `(states.waits_for IS NOT NULL OR states.offers_ack = 1 AND states.status = 'sent'
  OR states.status NOT IN ('resolved', 'suppressed', 'cancelled') AND EXISTS (
    SELECT 1 FROM holds WHERE notification_id = states.id AND (released_at IS NULL OR seen_at > @openSince)))`
const isUnsettled = `status IN ('queued', 'processing', 'failed', 'dead')`

/** Finds what retention may delete, by indexes on its age. Every function runs inside the caller's transaction. */
export function prepareCandidates(database: Database.Database) {
  const mails = database.prepare<Question, Candidate>(
    `SELECT id, received_at AS at, size_bytes AS sizeBytes, due_at IS NOT NULL
       OR EXISTS (SELECT 1 FROM deliveries WHERE mail_id = mails.id AND ${isUnsettled})
       OR EXISTS (SELECT 1 FROM notifications JOIN notification_states AS states ON states.id = notifications.id
         WHERE notifications.mail_id = mails.id AND ${isNotificationKept}) AS isKept
     FROM mails WHERE received_at < @before AND (received_at, id) > (@afterAt, @afterId)
     ORDER BY received_at, id LIMIT @limit`,
  )
  const deliveries = database.prepare<Question, Candidate>(
    `SELECT id, updated_at AS at, 0 AS sizeBytes,
       EXISTS (SELECT 1 FROM deliveries AS later WHERE later.about_id = deliveries.id AND later.${isUnsettled})
       OR EXISTS (SELECT 1 FROM notification_states AS states
         WHERE states.id = deliveries.notification_id AND ${isNotificationKept}) AS isKept
     FROM deliveries INDEXED BY deliveries_settled WHERE status IN ('sent', 'cancelled') AND updated_at < @before
       AND (updated_at, id) > (@afterAt, @afterId)
     ORDER BY updated_at, id LIMIT @limit`,
  )
  // What no mail made has no mail to go with: it goes when its last delivery went.
  const alone = database.prepare<Question, Candidate>(
    `SELECT notifications.id, created_at AS at, 0 AS sizeBytes,
       EXISTS (SELECT 1 FROM deliveries WHERE notification_id = notifications.id)
       OR EXISTS (SELECT 1 FROM notification_states AS states
         WHERE states.id = notifications.id AND ${isNotificationKept}) AS isKept
     FROM notifications INDEXED BY notifications_without_mail WHERE mail_id IS NULL AND created_at < @before
       AND (created_at, notifications.id) > (@afterAt, @afterId)
     ORDER BY created_at, notifications.id LIMIT @limit`,
  )
  const forgetAttempts = database.prepare<[string]>('DELETE FROM attempts WHERE delivery_id = ?')
  const forgetDelivery = database.prepare<[string]>('DELETE FROM deliveries WHERE id = ?')
  const forgetNotification = database.prepare<[string]>('DELETE FROM notifications WHERE id = ?')
  const records = [
    'DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE mail_id IS NULL AND at < ? ORDER BY at LIMIT ?)',
    'DELETE FROM silences WHERE id IN (SELECT id FROM silences WHERE ends_at < ? ORDER BY ends_at LIMIT ?)',
    `DELETE FROM counters WHERE (counter, day) IN (
       SELECT counter, day FROM counters WHERE day < date(? / 1000, 'unixepoch') LIMIT ?)`,
  ].map((text) => database.prepare<[number, number]>(text))
  const oldAudit = database.prepare<[number, number], { id: string; subjects: string }>(
    'SELECT id, subjects FROM audit WHERE at < ? ORDER BY at LIMIT ?',
  )
  const forgetSubjects = database.prepare<[string, string]>(
    'DELETE FROM audit_subjects WHERE subject IN (SELECT value FROM json_each(?)) AND audit_id = ?',
  )
  const forgetAudit = database.prepare<[string]>('DELETE FROM audit WHERE id = ?')

  const ask =
    (statement: Database.Statement<[Question], Candidate>) =>
    (before: number, after: Candidate | null, limit: number, now: number): Candidate[] =>
      statement.all({
        before,
        limit,
        afterAt: after?.at ?? Number.MIN_SAFE_INTEGER,
        afterId: after?.id ?? '',
        openSince: now - holdOpenMs,
      })

  return {
    mails: ask(mails),
    deliveries: ask(deliveries),
    alone: ask(alone),
    forgetDelivery: (id: string): number => forgetAttempts.run(id).changes + forgetDelivery.run(id).changes,
    forgetNotification: (id: string): number => forgetNotification.run(id).changes,
    /** Old lines of what people and the gateway did, at most `limit` of each kind; how many went. */
    forgetRecords(before: number, limit: number): number {
      let gone = 0
      for (const statement of records) gone += statement.run(before, limit).changes
      for (const { id, subjects } of oldAudit.all(before, limit)) {
        forgetSubjects.run(subjects, id)
        gone += forgetAudit.run(id).changes
      }
      return gone
    },
  }
}

interface Question {
  before: number
  afterAt: number
  afterId: string
  limit: number
  openSince: number
}
