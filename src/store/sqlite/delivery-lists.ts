import type Database from 'better-sqlite3'
import type { DeliveryStatus } from '../../domain/delivery.js'
import type { Message } from '../../domain/message.js'
import type { DeliveryDetail, DeliveryFilter, DeliverySelection, DeliverySummary, Page } from '../store.js'
import { allRows, changeRows, sql } from './statements.js'

/** Newest first; the cursor is the id of the last delivery of the page before. */
export function listDeliveries(database: Database.Database, filter: DeliveryFilter): Page<DeliverySummary> {
  const limit = Math.min(Math.max(1, filter.limit), 1_000)
  let query = selectDeliveries()
    .orderBy('deliveries.id', 'desc')
    .limit(limit + 1)
  if (filter.ids) query = query.where('deliveries.id', 'in', filter.ids)
  if (filter.status) query = query.where('deliveries.status', '=', filter.status)
  if (filter.channel) query = query.where('deliveries.channel', '=', filter.channel)
  if (filter.mailId) query = query.where('deliveries.mail_id', '=', filter.mailId)
  if (filter.runId) query = query.where('deliveries.run_id', '=', filter.runId)
  if (filter.since !== undefined) query = query.where('deliveries.created_at', '>=', filter.since)
  if (filter.cursor) query = query.where('deliveries.id', '<', filter.cursor)
  const rows = allRows(database, query)
  const items = rows.slice(0, limit).map(summarise)
  return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
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

/** A person's retry starts a fresh ladder; the attempts made so far stay on record. */
export function retryDeliveries(database: Database.Database, selection: DeliverySelection, now: number): number {
  const query = sql
    .updateTable('deliveries')
    .set({ status: 'queued', due_at: now, counted: 0, updated_at: now })
    .where('status', 'in', ['failed', 'dead', 'cancelled', 'queued'])
    .where('lease_owner', 'is', null)
  return changeRows(database, select(query, selection))
}

/** What is being sent at this moment cannot be taken back, so it is left alone. */
export function cancelDeliveries(database: Database.Database, selection: DeliverySelection, now: number): number {
  const query = sql
    .updateTable('deliveries')
    .set({ status: 'cancelled', due_at: null, updated_at: now })
    .where('status', 'in', ['queued', 'failed', 'dead'])
    .where('lease_owner', 'is', null)
  return changeRows(database, select(query, selection))
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

type UpdateDeliveries = ReturnType<typeof updateNothing>

function updateNothing() {
  return sql.updateTable('deliveries').set({ updated_at: 0 })
}

function select(query: UpdateDeliveries, selection: DeliverySelection): UpdateDeliveries {
  let narrowed = query
  if (selection.ids) narrowed = narrowed.where('id', 'in', selection.ids)
  if (selection.status) narrowed = narrowed.where('status', '=', selection.status)
  if (selection.channel) narrowed = narrowed.where('channel', '=', selection.channel)
  if (selection.mailId) narrowed = narrowed.where('mail_id', '=', selection.mailId)
  if (selection.runId) narrowed = narrowed.where('run_id', '=', selection.runId)
  if (selection.since !== undefined) narrowed = narrowed.where('created_at', '>=', selection.since)
  return narrowed
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
    attempts: row.attempts,
    next_attempt_at: waits && row.due_at !== null ? new Date(row.due_at).toISOString() : null,
    last_error: row.last_error,
    title: messageOf(row).title,
    created_at: new Date(row.created_at).toISOString(),
    updated_at: new Date(row.updated_at).toISOString(),
  }
}
