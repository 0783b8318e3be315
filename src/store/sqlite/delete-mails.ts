import type Database from 'better-sqlite3'
import type { CommitQueue } from './commit-queue.js'

const mailsPerCommit = 100

/** Deletes mails with all that was made of them, whatever waits; how many there were. */
export async function deleteMails(
  database: Database.Database,
  queue: CommitQueue,
  mailIds: readonly string[],
): Promise<number> {
  const deleteMail = prepareDeletion(database)
  let gone = 0
  for (let from = 0; from < mailIds.length; from += mailsPerCommit) {
    const some = mailIds.slice(from, from + mailsPerCommit)
    gone += await queue.write(() => some.filter((mailId) => deleteMail(mailId) > 0).length)
  }
  return gone
}

/**
 * Deletes one mail; how many rows that were, none when there is no mail of that id. What stands beside a notification
 * goes with it, by triggers. Runs inside the caller's transaction.
 */
export function prepareDeletion(database: Database.Database): (mailId: string) => number {
  const statements = [
    'DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE mail_id = ?)',
    'DELETE FROM deliveries WHERE mail_id = ?',
    'DELETE FROM notifications WHERE mail_id = ?',
    'DELETE FROM traces WHERE mail_id = ?',
    'DELETE FROM raw_mails WHERE mail_id = ?',
    'DELETE FROM inbox WHERE mail_id = ?',
    'DELETE FROM mails WHERE id = ?',
  ].map((text) => database.prepare<[string]>(text))
  return (mailId) => statements.reduce((rows, statement) => rows + statement.run(mailId).changes, 0)
}
