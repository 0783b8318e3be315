import type Database from 'better-sqlite3'
import { type Expression, type RawBuilder, sql as raw, type SqlBool } from 'kysely'
import { type DeliveryPurpose, type DeliveryStatus, deliveryStatuses } from '../../domain/delivery.js'
import type { Message } from '../../domain/message.js'
import type { DeliveryDetail, DeliveryFilter, DeliverySelection, DeliverySummary, Page } from '../store.js'
import { allRows, sql } from './statements.js'

/** Newest first; the cursor is the id of the last delivery of the page before. */
export function listDeliveries(database: Database.Database, filter: DeliveryFilter): Page<DeliverySummary> {
  const limit = Math.min(Math.max(1, filter.limit), 1_000)
  let query = selectDeliveries()
    .where(isOnlyByChannel(filter) ? isNewestOf(filter, limit + 1) : isSelected(filter))
    .orderBy('deliveries.id', 'desc')
    .limit(limit + 1)
  if (filter.cursor) query = query.where('deliveries.id', '<', filter.cursor)
  const rows = allRows(database, query)
  const items = rows.slice(0, limit).map(summarise)
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
}

export function countDeliveries(
  database: Database.Database,
  selection: DeliverySelection,
): Partial<Record<DeliveryStatus, number>> {
  const query = sql
    .selectFrom('deliveries')
    .where(isSelected(selection))
    .select(['deliveries.status', raw<number>`count(*)`.as('count')])
    .groupBy('deliveries.status')
  return Object.fromEntries(allRows(database, query).map(({ status, count }) => [status, count]))
}

export function readDelivery(database: Database.Database, deliveryId: string): DeliveryDetail | null {
  const row = allRows(database, selectDeliveries().where('deliveries.id', '=', deliveryId))[0]
  if (!row) return null
  const attempts = database
    .prepare<[string], AttemptRow>('SELECT * FROM attempts WHERE delivery_id = ? ORDER BY number')
    .all(deliveryId)
  return {
    ...summarise(row),
    message: messageOf(row),
    remote: JSON.parse(row.remote) as Record<string, string>,
    attempt_list: attempts.map((attempt) => ({
      number: attempt.number,
      started_at: new Date(attempt.started_at).toISOString(),
      duration_ms: attempt.duration_ms,
      outcome: attempt.outcome,
      status_code: attempt.status_code,
      excerpt: attempt.excerpt,
    })),
  }
}

function isOnlyByChannel({ channel, limit: _, cursor: __, ...others }: DeliveryFilter): boolean {
  return Boolean(channel) && Object.values(others).every((value) => value === undefined)
}

/**
 * The newest of a channel are among the newest of each status, which the index on both has in order: SQLite merges them
 * and reads no more than it needs, where a walk from the newest on would read nearly all for a channel that is seldom used.
 */
function isNewestOf({ channel, cursor }: DeliveryFilter, limit: number): Expression<SqlBool> {
  const older = cursor ? raw`AND id < ${cursor}` : raw``
  const ofEach = deliveryStatuses.map(
    (status) => raw`SELECT id FROM deliveries WHERE channel = ${channel} AND status = ${status} ${older}`,
  )
  return raw`deliveries.id IN
    (SELECT id FROM (${raw.join(ofEach, raw` UNION ALL `)} ORDER BY 1 DESC LIMIT ${limit}))`
}

/** Deliveries with what they say. */
function selectDeliveries() {
  return sql
    .selectFrom('deliveries')
    .innerJoin('notifications', 'notifications.id', 'deliveries.notification_id')
    .selectAll('deliveries')
    .select(['notifications.message as notified', 'notifications.generation'])
}

function messageOf(row: { message: string | null; notified: string }): Message {
  return JSON.parse(row.message ?? row.notified) as Message
}

/** Whether a row of `deliveries` is meant; an empty selection means all of them. */
export function isSelected(selection: DeliverySelection): Expression<SqlBool> {
  const { ids, status, channel, mailId, runId, notificationId, since, error, errorGroup, retriedAt } = selection
  const conditions: RawBuilder<SqlBool>[] = []
  if (ids) conditions.push(raw`deliveries.id IN (SELECT value FROM json_each(${JSON.stringify(ids)}))`)
  if (mailId) conditions.push(raw`deliveries.mail_id = ${mailId}`)
  if (runId) conditions.push(raw`deliveries.run_id = ${runId}`)
  if (notificationId) conditions.push(raw`deliveries.notification_id = ${notificationId}`)
  if (retriedAt !== undefined) conditions.push(raw`deliveries.retried_at = ${retriedAt}`)
  // An index on status, or on channel and status, gives the order of ids for nothing. Whatever else is asked for, the
  // plus keeps SQLite from reading and sorting all of a status or a channel for one page.
  const isByStatus = conditions.length === 0 && status !== undefined
  const plus = raw.raw(isByStatus ? '' : '+')
  if (status) conditions.push(raw`${plus}deliveries.status = ${status}`)
  if (channel) conditions.push(raw`${plus}deliveries.channel = ${channel}`)
  if (since !== undefined) conditions.push(raw`deliveries.created_at >= ${since}`)
  // A person may give the start of an error as it was, or as it stands in the list of groups.
  if (error !== undefined) {
    conditions.push(raw`(instr(blank_numbers(deliveries.last_error), blank_numbers(${error})) = 1
      OR instr(blank_numbers(deliveries.last_error), ${error}) = 1)`)
  }
  if (errorGroup !== undefined) conditions.push(raw`blank_numbers(deliveries.last_error) = ${errorGroup}`)
  return conditions.length === 0 ? raw<SqlBool>`true` : raw<SqlBool>`${raw.join(conditions, raw` AND `)}`
}

interface AttemptRow {
  number: number
  started_at: number
  duration_ms: number
  outcome: string
  status_code: number | null
  excerpt: string
}

interface DeliveryRow {
  id: string
  notification_id: string
  mail_id: string | null
  run_id: string | null
  route: string
  channel: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  purpose: DeliveryPurpose
  attempts: number
  due_at: number | null
  last_error: string | null
  created_at: number
  updated_at: number
  message: string | null
  notified: string
  generation: number
}

function summarise(row: DeliveryRow): DeliverySummary {
  const waits = row.status === 'queued' || row.status === 'failed'
  return {
    id: row.id,
    notification_id: row.notification_id,
    mail_id: row.mail_id,
    run_id: row.run_id,
    generation: row.generation,
    route: row.route,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address,
    status: row.status,
    purpose: row.purpose,
    attempts: row.attempts,
    next_attempt_at: waits && row.due_at !== null ? new Date(row.due_at).toISOString() : null,
    last_error: row.last_error,
    title: messageOf(row).title,
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
  }
}
