import type Database from 'better-sqlite3'
import type { DeliveryPurpose, DeliveryStatus } from '../../domain/delivery.js'
import type { LateSettlement, SentDelivery } from '../late-result-store.js'
import { retryWindowOf } from './claim-deliveries.js'
import { prepareStates, type StateRow } from './notification-states.js'
import { reasons } from './reasons.js'
import { overrule } from './settle-delivery.js'
import type { StatCounts } from './stat-counts.js'

interface LateRow {
  id: string
  notification_id: string
  mail_id: string | null
  channel: string
  route: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  purpose: DeliveryPurpose
  remote: string
  counted: number
  attempts: number
  retry_ms: string
  retry_window_ms: number
  retried_at: number | null
  created_at: number
  after_ms: number
  epoch: number
}

/**
 * What a vendor says of a delivery after it was sent. Only what still stands as sent, by the attempt that was read, is
 * changed, so that a result that is said twice, or comes late, is harmless.
 */
export function prepareLateResults(database: Database.Database, counts: StatCounts) {
  const states = prepareStates(database)
  const select = database.prepare<[string], LateRow>('SELECT * FROM deliveries WHERE id = ?')
  const settle = database.prepare<[Record<string, string | number | null>]>(
    `UPDATE deliveries SET status = @status, due_at = @dueAt, last_error = @lastError, updated_at = @now,
       remote = json_patch(remote, @remote)
     WHERE id = @deliveryId AND status = 'sent' AND epoch = @epoch`,
  )
  const insertAttempt = database.prepare(
    `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, excerpt)
     VALUES (@deliveryId, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery_id = @deliveryId),
       @now, 0, @outcome, NULL, @excerpt)`,
  )

  function readSent(deliveryId: string): SentDelivery | null {
    const row = select.get(deliveryId)
    return row === undefined ? null : toSentDelivery(row)
  }

  function settleLate({ deliveryId, epoch, now, remote, attempt, ...wanted }: LateSettlement): DeliveryStatus | null {
    const row = select.get(deliveryId)
    const state = row && states.read(row.notification_id)
    if (!row || !state) return null
    const { status, lastError } = endFollowed(wanted, row.purpose, state)
    const dueAt = status === 'failed' ? (wanted.dueAt ?? now) : null
    const change = { deliveryId, epoch, now, status, dueAt, lastError, remote: JSON.stringify(remote) }
    if (settle.run(change).changes === 0) return null
    if (attempt) insertAttempt.run({ deliveryId, now, ...attempt })
    if (status === 'dead') counts.countDelivery('dead', row, now)
    if (attempt && (status === 'failed' || status === 'dead')) counts.countDelivery('attempts_failed', row, now)
    return status
  }

  return { readSent, settleLate }
}

/** Whoever acknowledged has heard of it by another way: nothing is sent once more for their sake. */
function endFollowed(wanted: Pick<LateSettlement, 'status' | 'lastError'>, purpose: DeliveryPurpose, state: StateRow) {
  const isFollowUp = purpose === 'resolve' || purpose === 'update'
  if (wanted.status === 'failed' && state.acked_by !== null && !isFollowUp) {
    return { status: 'cancelled' as const, lastError: `${wanted.lastError}; ${reasons.acknowledged(state.acked_by)}` }
  }
  return overrule(wanted, purpose, state)
}

function toSentDelivery(row: LateRow): SentDelivery {
  return {
    id: row.id,
    mailId: row.mail_id,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address,
    status: row.status,
    purpose: row.purpose,
    remote: JSON.parse(row.remote) as Record<string, string>,
    counted: row.counted,
    attempts: row.attempts,
    retryMs: JSON.parse(row.retry_ms) as number[],
    retryWindowMs: retryWindowOf(row),
    createdAt: row.created_at,
    epoch: row.epoch,
  }
}
