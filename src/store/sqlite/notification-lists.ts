import type Database from 'better-sqlite3'
import { sql as raw, type SqlBool } from 'kysely'
import { encodeTime } from 'ulid'
import type { NotificationStatus } from '../../domain/delivery.js'
import type { Message, Severity } from '../../domain/message.js'
import type { NotificationDetail, NotificationFilter, NotificationSummary } from '../notification-store.js'
import type { Page } from '../store.js'
import { listDeliveries } from './delivery-lists.js'
import { reasons } from './reasons.js'
import { allRows, sql } from './statements.js'

const limitMax = 1_000
const timeDigits = 10

/** Newest first; the cursor is the id of the last notification of the page before. */
export function listNotifications(database: Database.Database, filter: NotificationFilter): Page<NotificationSummary> {
  const limit = Math.min(Math.max(1, filter.limit), limitMax)
  let query = selectNotifications()
    .orderBy('states.id', 'desc')
    .limit(limit + 1)
  if (filter.cursor) query = query.where('states.id', '<', filter.cursor)
  if (filter.status) query = query.where('states.status', '=', filter.status)
  if (filter.route) query = query.where('states.route', '=', filter.route)
  if (filter.fingerprint) query = query.where('states.fingerprint', '=', filter.fingerprint)
  if (filter.severity) query = query.where('notifications.severity', '=', filter.severity)
  if (filter.runId) query = query.where('notifications.run_id', '=', filter.runId)
  if (filter.mailId) query = query.where('notifications.mail_id', '=', filter.mailId)
  // Written out: with parameters SQLite could not tell that the index is about exactly these.
  if (filter.unacknowledged) query = query.where(raw<SqlBool>`states.offers_ack = 1 AND states.status = 'sent'`)
  if (filter.since !== undefined) {
    // An id begins with its time, so that what is older is not even read.
    query = query
      .where('states.id', '>=', encodeTime(Math.max(0, Math.floor(filter.since)), timeDigits))
      .where('notifications.created_at', '>=', filter.since)
  }
  const rows = allRows(database, query)
  const items = rows.slice(0, limit).map(summarise)
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

/** In the order in which they were made. */
export function listNotificationsOfMail(database: Database.Database, mailId: string): NotificationSummary[] {
  const query = selectNotifications().where('notifications.mail_id', '=', mailId).orderBy('notifications.id')
  return allRows(database, query).map(summarise)
}

export function readNotification(database: Database.Database, notificationId: string): NotificationDetail | null {
  const row = allRows(database, selectNotifications().where('states.id', '=', notificationId))[0]
  if (!row) return null
  return {
    ...summarise(row),
    message: JSON.parse(row.message) as Message,
    labels: JSON.parse(row.labels) as Record<string, string>,
    delivery_list: listDeliveries(database, { notificationId, limit: limitMax }).items,
  }
}

function selectNotifications() {
  return sql
    .selectFrom('notification_states as states')
    .innerJoin('notifications', 'notifications.id', 'states.id')
    .selectAll('notifications')
    .select([
      'states.status',
      'states.reason',
      'states.waits_until',
      'states.suppressed_count',
      'states.acked_by',
      'states.acked_at',
      'states.ack_note',
      'states.resolved_by',
      'states.resolved_at',
    ])
}

interface NotificationRow {
  id: string
  mail_id: string | null
  run_id: string | null
  route: string
  severity: Severity
  event: string | null
  fingerprint: string
  message: string
  flagged: string | null
  created_at: number
  source: NotificationSummary['source']
  status: NotificationStatus
  reason: string | null
  waits_until: number | null
  suppressed_count: number
  acked_by: string | null
  acked_at: number | null
  ack_note: string | null
  resolved_by: string | null
  resolved_at: number | null
}

function summarise(row: NotificationRow): NotificationSummary {
  return {
    id: row.id,
    route: row.route,
    status: row.status,
    severity: row.severity,
    event: row.event,
    fingerprint: row.fingerprint,
    title: (JSON.parse(row.message) as Message).title,
    flagged: row.flagged,
    created_at: new Date(row.created_at).toISOString(),
    source: row.source,
    mail_id: row.mail_id,
    run_id: row.run_id,
    reason: row.resolved_by === null ? row.reason : reasons.resolvedBy(row.resolved_by),
    waits_until: asTime(row.waits_until),
    suppressed_count: row.suppressed_count,
    acked_by: row.acked_by,
    acked_at: asTime(row.acked_at),
    ack_note: row.ack_note,
    resolved_at: asTime(row.resolved_at),
  }
}

function asTime(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString()
}
