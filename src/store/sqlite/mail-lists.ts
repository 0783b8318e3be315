import type Database from 'better-sqlite3'
import { type RawBuilder, sql as raw, type SqlBool } from 'kysely'
import type { DeliveryStatus } from '../../domain/delivery.js'
import type { Envelope } from '../../domain/mail.js'
import type { Trace } from '../../domain/trace.js'
import type { MailDetail, MailFilter, MailSummary, Page } from '../store.js'
import { listDeliveries } from './delivery-lists.js'
import { listNotificationsOfMail } from './notification-lists.js'
import { allRows, sql } from './statements.js'

export const pageLimitMax = 1_000

/** Newest first unless asked otherwise; the cursor is the id of the last mail of the page before. */
export function listMails(database: Database.Database, filter: MailFilter): Page<MailSummary> {
  const limit = Math.min(Math.max(1, filter.limit), pageLimitMax)
  let query = sql.selectFrom('mails').selectAll()
  const isOldestFirst = filter.oldestFirst === true
  if (filter.cursor) query = query.where('id', isOldestFirst ? '>' : '<', filter.cursor)
  if (filter.status) query = query.where('status', '=', filter.status)
  // The plus keeps SQLite from sorting all mails since then for one page of them.
  if (filter.since !== undefined) query = query.where(raw<SqlBool>`+received_at >= ${filter.since}`)
  if (filter.until !== undefined) query = query.where(raw<SqlBool>`+received_at < ${filter.until}`)
  const { route } = filter
  if (route) {
    query = query.where(
      'id',
      'in',
      sql.selectFrom('notifications').select('mail_id').where('route', '=', route).$castTo<{ mail_id: string }>(),
    )
  }
  for (const word of (filter.text ?? '').split(/\s+/).filter(Boolean).slice(0, 10)) {
    query = query.where(holdsWord(word))
  }
  const rows = allRows(database, query.orderBy('id', isOldestFirst ? 'asc' : 'desc').limit(limit + 1))
  const items = rows.slice(0, limit).map((row) => summarise(database, row))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** The word stands in the subject, the sender or a recipient; no character of it is a wildcard. */
function holdsWord(word: string): RawBuilder<SqlBool> {
  const folded = word.toLowerCase()
  return raw<SqlBool>`(instr(fold(subject), ${folded}) > 0 OR instr(fold(from_address), ${folded}) > 0
    OR instr(fold(json_extract(envelope, '$.from')), ${folded}) > 0
    OR EXISTS (SELECT 1 FROM json_each(envelope, '$.to') WHERE instr(fold(value), ${folded}) > 0))`
}

/** Everything known about one mail but its raw bytes. */
export function readMail(database: Database.Database, mailId: string): MailDetail | null {
  const row = allRows(database, sql.selectFrom('mails').selectAll().where('id', '=', mailId))[0]
  if (!row) return null
  const traces = allRows(
    database,
    sql.selectFrom('traces').select('trace').where('mail_id', '=', mailId).orderBy('generation'),
  )
  return {
    ...summarise(database, row),
    generation: row.generation,
    due_at: row.due_at === null ? null : new Date(row.due_at).toISOString(),
    traces: traces.map((line) => JSON.parse(line.trace) as Trace),
    notifications: listNotificationsOfMail(database, mailId),
    delivery_list: listDeliveries(database, { mailId, limit: pageLimitMax }).items,
  }
}

type MailRow = {
  id: string
  received_at: number
  size_bytes: number
  envelope: string
  status: MailSummary['status']
  reason: string | null
  subject: string
  from_address: string
  malformed: string | null
}

function summarise(database: Database.Database, row: MailRow): MailSummary {
  const counts = database
    .prepare<[string], { status: DeliveryStatus; count: number }>(
      'SELECT status, count(*) AS count FROM deliveries WHERE mail_id = ? GROUP BY status',
    )
    .all(row.id)
  const routes = database
    .prepare<[string], { route: string }>('SELECT DISTINCT route FROM notifications WHERE mail_id = ? ORDER BY id')
    .all(row.id)
  return {
    id: row.id,
    received_at: new Date(row.received_at).toISOString(),
    status: row.status,
    reason: row.reason,
    subject: row.subject,
    from: row.from_address,
    envelope: JSON.parse(row.envelope) as Envelope,
    size_bytes: row.size_bytes,
    malformed: row.malformed,
    routes: routes.map((line) => line.route),
    deliveries: Object.fromEntries(counts.map((line) => [line.status, line.count])),
  }
}
