import type Database from 'better-sqlite3'
import type { DeliveryStatus } from '../../domain/delivery.js'
import type { Envelope } from '../../domain/mail.js'
import type { Trace } from '../../domain/trace.js'
import type { MailDetail, MailFilter, MailSummary, Page } from '../store.js'
import { listDeliveries } from './delivery-lists.js'
import { findMails, termsOf } from './mail-search.js'
import { listNotificationsOfMail } from './notification-lists.js'
import { allRows, sql } from './statements.js'

export const pageLimitMax = 1_000

/** Newest first unless asked otherwise; the cursor is the id of the last mail of the page before. */
export function listMails(database: Database.Database, filter: MailFilter): Page<MailSummary> {
  const limit = Math.min(Math.max(1, filter.limit), pageLimitMax)
  const rows = findMails(database, termsOf(filter), { ...filter, limit: limit + 1 })
  const items = summarise(database, rows.slice(0, limit))
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** Everything known about one mail but its raw bytes. */
export function readMail(database: Database.Database, mailId: string): MailDetail | null {
  const row = allRows(database, sql.selectFrom('mails').selectAll().where('id', '=', mailId))[0]
  const summary = row && summarise(database, [row])[0]
  if (!summary) return null
  const traces = allRows(
    database,
    sql.selectFrom('traces').select('trace').where('mail_id', '=', mailId).orderBy('generation'),
  )
  return {
    ...summary,
    generation: row.generation,
    due_at: row.due_at === null ? null : new Date(row.due_at).toISOString(),
    traces: traces.map((line) => JSON.parse(line.trace) as Trace),
    notifications: listNotificationsOfMail(database, mailId),
    delivery_list: listDeliveries(database, { mailId, limit: pageLimitMax }).items,
  }
}

export interface MailRow {
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

/** With what was made of them, which is read for all of them at once. */
function summarise(database: Database.Database, rows: MailRow[]): MailSummary[] {
  const ids = JSON.stringify(rows.map(({ id }) => id))
  const counts = database
    .prepare<[string], { mail_id: string; status: DeliveryStatus; count: number }>(
      `SELECT mail_id, status, count(*) AS count FROM deliveries
       WHERE mail_id IN (SELECT value FROM json_each(?)) GROUP BY mail_id, status`,
    )
    .all(ids)
  const routes = database
    .prepare<[string], { mail_id: string; route: string }>(
      `SELECT mail_id, route FROM notifications
       WHERE mail_id IN (SELECT value FROM json_each(?)) GROUP BY mail_id, route ORDER BY min(id)`,
    )
    .all(ids)
  const countsOf = groupByMail(counts)
  const routesOf = groupByMail(routes)
  return rows.map((row) => ({
    id: row.id,
    received_at: new Date(row.received_at).toISOString(),
    status: row.status,
    reason: row.reason,
    subject: row.subject,
    from: row.from_address,
    envelope: JSON.parse(row.envelope) as Envelope,
    size_bytes: row.size_bytes,
    malformed: row.malformed,
    routes: (routesOf.get(row.id) ?? []).map(({ route }) => route),
    deliveries: Object.fromEntries((countsOf.get(row.id) ?? []).map(({ status, count }) => [status, count])),
  }))
}

function groupByMail<Line extends { mail_id: string }>(lines: Line[]): Map<string, Line[]> {
  const groups = new Map<string, Line[]>()
  for (const line of lines) {
    const group = groups.get(line.mail_id)
    if (group) group.push(line)
    else groups.set(line.mail_id, [line])
  }
  return groups
}
