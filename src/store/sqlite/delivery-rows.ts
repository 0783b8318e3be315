import type Database from 'better-sqlite3'
import type { DeliveryPurpose, DeliveryStatus } from '../../domain/delivery.js'

/** A delivery as it is born. `message` is null where it says what its notification says. */
export interface NewDeliveryRow {
  id: string
  notificationId: string
  mailId: string | null
  runId: string | null
  route: string
  channel: string
  recipient: string | null
  address: string | null
  message: string | null
  status: Extract<DeliveryStatus, 'queued' | 'dead' | 'cancelled'>
  purpose: DeliveryPurpose
  aboutId: string | null
  /** The part of its wait that was planned, in milliseconds: the retry window begins after it. */
  afterMs: number
  /** JSON of a `Repeat`, or null. */
  repeat: string | null
  repeatNumber: number
  offersAck: 0 | 1
  during: string | null
  /** JSON of the ladder. */
  retryMs: string
  retryWindowMs: number
  /** Null for what waits to be let go, and for what is not to be sent. */
  dueAt: number | null
  lastError: string | null
  dedupeKey: string
  now: number
}

/** What a follow-up takes over from the delivery it is about. */
export interface SentRow {
  id: string
  notification_id: string
  mail_id: string | null
  run_id: string | null
  route: string
  channel: string
  recipient: string | null
  address: string | null
  message: string | null
  status: DeliveryStatus
  purpose: DeliveryPurpose
  about_id: string | null
  repeat: string | null
  repeat_number: number
  offers_ack: 0 | 1
  during: string | null
  retry_ms: string
  retry_window_ms: number
  dedupe_key: string
}

/** The one way a delivery comes into being. A key that is there already keeps the delivery that has it. */
export function prepareDeliveryRows(database: Database.Database) {
  const insert = database.prepare(
    `INSERT INTO deliveries (id, notification_id, mail_id, run_id, route, channel, recipient, address, message, status,
       purpose, about_id, after_ms, repeat, repeat_number, offers_ack, during, retry_ms, retry_window_ms, due_at,
       last_error, dedupe_key, created_at, updated_at)
     VALUES (@id, @notificationId, @mailId, @runId, @route, @channel, @recipient, @address, @message, @status,
       @purpose, @aboutId, @afterMs, @repeat, @repeatNumber, @offersAck, @during, @retryMs, @retryWindowMs, @dueAt,
       @lastError, @dedupeKey, @now, @now)
     ON CONFLICT (dedupe_key) DO NOTHING`,
  )
  return { insert: (row: NewDeliveryRow): boolean => insert.run(row).changes > 0 }
}
