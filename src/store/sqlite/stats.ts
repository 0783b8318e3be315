import type Database from 'better-sqlite3'
import type { DeliveryStatus, MailStatus } from '../../domain/delivery.js'
import type { StoreStats } from '../stats-store.js'
import { databaseSizeBytes } from './expiry.js'

/** The counts that every look at the status asks for: none of them reads all there is. */
export function readStats(database: Database.Database, now: number): StoreStats {
  const number = (text: string, ...parameters: unknown[]): number =>
    database.prepare<unknown[], { value: number | null }>(text).get(...parameters)?.value ?? 0
  const mails = database
    .prepare<[], { status: MailStatus; count: number }>('SELECT status, count FROM mail_tallies WHERE count > 0')
    .all()
  const channels = database
    .prepare<[], { channel: string; status: DeliveryStatus; count: number }>(
      'SELECT channel, status, count FROM delivery_tallies WHERE count > 0 ORDER BY channel, status',
    )
    .all()
  const deliveries: Partial<Record<DeliveryStatus, number>> = {}
  for (const row of channels) deliveries[row.status] = (deliveries[row.status] ?? 0) + row.count
  const oldest = number('SELECT min(received_at) AS value FROM mails INDEXED BY mails_due WHERE due_at IS NOT NULL')
  const pauses = database
    .prepare<[number], { channel: string; until: number; reason: string }>(
      'SELECT channel, until, reason FROM channel_pauses WHERE until > ? ORDER BY channel',
    )
    .all(now)
  return {
    mails: Object.fromEntries(mails.map((row) => [row.status, row.count])),
    deliveries,
    notifications: {
      held: number('SELECT count(*) AS value FROM holds WHERE released_at IS NULL'),
      gathered: number('SELECT sum(items) AS value FROM digest_groups'),
      unacknowledged: number(
        `SELECT count(*) AS value FROM notification_states WHERE offers_ack = 1 AND status = 'sent'`,
      ),
    },
    received_last_hour: countReceivedSince(database, now - 3_600_000),
    rejected_last_day: number('SELECT sum(count) AS value FROM rejections WHERE last_at >= ?', now - 86_400_000),
    oldest_waiting_at: oldest ? new Date(oldest).toISOString() : null,
    size_bytes: databaseSizeBytes(database),
    channels,
    pauses: pauses.map((row) => ({ ...row, until: endOf(row.until) })),
  }
}

/** Whole minutes are counted already; of the first one, those of its rest. */
function countReceivedSince(database: Database.Database, since: number): number {
  const wholeFrom = Math.ceil(since / 60_000)
  const counted = database
    .prepare<[number, number, number], { count: number }>(
      `SELECT (SELECT count(*) FROM mails WHERE received_at >= ? AND received_at < ?)
         + coalesce((SELECT sum(count) FROM minute_tallies WHERE minute >= ?), 0) AS count`,
    )
    .get(since, wholeFrom * 60_000, wholeFrom)
  return counted?.count ?? 0
}

/** A person's pause ends when a person says so. */
function endOf(until: number): string | null {
  return until === Number.MAX_SAFE_INTEGER ? null : new Date(until).toISOString()
}
