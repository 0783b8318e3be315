import type Database from 'better-sqlite3'
import type { ExpiryRule } from '../store.js'

/** A mail may go only when nothing of it waits: no routing, no delivery that is queued, tried or dead. */
const settled = `due_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM deliveries WHERE mail_id = mails.id AND status IN ('queued', 'processing', 'failed', 'dead'))`

/** Deletes what retention says may go; how many mails and deliveries went. */
export function expire(database: Database.Database, rule: ExpiryRule): number {
  let gone = 0
  if (rule.mailsBefore !== null) {
    const rows = database
      .prepare<[number, number], { id: string }>(
        `SELECT id FROM mails WHERE received_at < ? AND ${settled} ORDER BY id LIMIT ?`,
      )
      .all(rule.mailsBefore, rule.limit)
    gone += deleteMails(
      database,
      rows.map((row) => row.id),
    )
  }
  if (rule.deliveriesBefore !== null) gone += expireDeliveries(database, rule.deliveriesBefore, rule.limit)
  if (rule.sizeBytesMax !== null) gone += expireBySize(database, rule.sizeBytesMax, rule.limit)
  return gone
}

/** The oldest go one by one, and no more than it takes: a few large mails must not cost hundreds of small ones. */
function expireBySize(database: Database.Database, sizeBytesMax: number, limit: number): number {
  if (databaseSizeBytes(database) <= sizeBytesMax) return 0
  const rows = database
    .prepare<[number], { id: string }>(`SELECT id FROM mails WHERE ${settled} ORDER BY id LIMIT ?`)
    .all(Math.min(limit, 200))
  const deleteMail = prepareDeletion(database)
  let gone = 0
  for (const row of rows) {
    if (databaseSizeBytes(database) <= sizeBytesMax) break
    gone += deleteMail(row.id)
  }
  return gone
}

/** Deletes mails with all that was made of them; how many there were. */
export function deleteMails(database: Database.Database, mailIds: string[]): number {
  const deleteMail = prepareDeletion(database)
  return mailIds.reduce((gone, mailId) => gone + deleteMail(mailId), 0)
}

/** Deletes one mail; how many there were of that id. */
function prepareDeletion(database: Database.Database): (mailId: string) => number {
  const statements = [
    'DELETE FROM attempts WHERE delivery_id IN (SELECT id FROM deliveries WHERE mail_id = ?)',
    'DELETE FROM deliveries WHERE mail_id = ?',
    'DELETE FROM notifications WHERE mail_id = ?',
    'DELETE FROM traces WHERE mail_id = ?',
    'DELETE FROM raw_mails WHERE mail_id = ?',
    'DELETE FROM inbox WHERE mail_id = ?',
    'DELETE FROM mails WHERE id = ?',
  ].map((text) => database.prepare<[string]>(text))
  return (mailId) => statements.reduce((_, statement) => statement.run(mailId).changes, 0)
}

function expireDeliveries(database: Database.Database, before: number, limit: number): number {
  const rows = database
    .prepare<[number, number], { id: string }>(
      `SELECT id FROM deliveries WHERE updated_at < ? AND status IN ('sent', 'cancelled') LIMIT ?`,
    )
    .all(before, limit)
  const forgetAttempts = database.prepare<[string]>('DELETE FROM attempts WHERE delivery_id = ?')
  const forget = database.prepare<[string]>('DELETE FROM deliveries WHERE id = ?')
  for (const row of rows) {
    forgetAttempts.run(row.id)
    forget.run(row.id)
  }
  forgetRuns(database, before, limit)
  return rows.length
}

/** What a job raised has no mail to go with: it goes when its last delivery went, and its inbox entries at their age. */
function forgetRuns(database: Database.Database, before: number, limit: number): void {
  database
    .prepare<[number, number]>(
      `DELETE FROM notifications WHERE id IN (SELECT id FROM notifications WHERE run_id IS NOT NULL AND created_at < ?
         AND NOT EXISTS (SELECT 1 FROM deliveries WHERE notification_id = notifications.id) LIMIT ?)`,
    )
    .run(before, limit)
  database
    .prepare<[number, number]>(
      'DELETE FROM inbox WHERE id IN (SELECT id FROM inbox WHERE mail_id IS NULL AND at < ? LIMIT ?)',
    )
    .run(before, limit)
}

export function databaseSizeBytes(database: Database.Database): number {
  const pages = Number(database.pragma('page_count', { simple: true }))
  const free = Number(database.pragma('freelist_count', { simple: true }))
  return (pages - free) * Number(database.pragma('page_size', { simple: true }))
}
