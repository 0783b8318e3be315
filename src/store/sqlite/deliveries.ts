import type Database from 'better-sqlite3'
import type { DeliveryStatus } from '../../domain/delivery.js'
import type { Message } from '../../domain/message.js'
import type { ClaimedDelivery, DeliveryClaim, Settlement } from '../store.js'

/** The queue of deliveries: claimed and settled. Every function here runs inside the caller's transaction. */
export function prepareDeliveries(database: Database.Database) {
  const claim = database.prepare<[number, string, number, string, number, number], ClaimRow>(
    `UPDATE deliveries SET status = 'processing', due_at = ?, lease_owner = ?, epoch = epoch + 1,
       attempts = attempts + 1, counted = counted + 1, updated_at = ?
     WHERE id IN (SELECT id FROM deliveries WHERE channel = ? AND due_at <= ? ORDER BY due_at, id LIMIT ?)
     RETURNING *, coalesce(message, (SELECT message FROM notifications WHERE id = notification_id)) AS message`,
  )
  const settle = database.prepare(
    `UPDATE deliveries SET status = @status, due_at = @dueAt, last_error = @lastError, updated_at = @now,
       lease_owner = NULL, remote = json_patch(remote, @remote), address = coalesce(@address, address),
       counted = counted - @refund, attempts = attempts - @unattempted
     WHERE id = @deliveryId AND lease_owner = @owner AND epoch = @epoch RETURNING channel`,
  )
  const insertAttempt = database.prepare(
    `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, excerpt)
     VALUES (@deliveryId, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery_id = @deliveryId),
       @startedAt, @durationMs, @outcome, @statusCode, @excerpt)`,
  )
  const holdBackAddress = database.prepare<[number, string, string, number]>(
    `UPDATE deliveries SET due_at = ? WHERE channel = ? AND address = ? AND due_at < ? AND lease_owner IS NULL`,
  )
  const holdBackChannel = database.prepare<[number, string, number]>(
    `UPDATE deliveries SET due_at = ? WHERE channel = ? AND due_at < ? AND lease_owner IS NULL`,
  )
  // Steps from channel to channel through the index: grouping would read every waiting delivery each time.
  const nextDue = database.prepare<[], { channel: string; dueAt: number }>(
    `WITH RECURSIVE waiting (channel) AS (
       SELECT min(channel) FROM deliveries WHERE due_at IS NOT NULL
       UNION ALL
       SELECT (SELECT min(channel) FROM deliveries WHERE due_at IS NOT NULL AND channel > waiting.channel)
       FROM waiting WHERE waiting.channel IS NOT NULL)
     SELECT channel, (SELECT min(due_at) FROM deliveries WHERE channel = waiting.channel AND due_at IS NOT NULL) AS dueAt
     FROM waiting WHERE channel IS NOT NULL`,
  )
  const releaseLeases = database.prepare<[number]>(
    `UPDATE deliveries SET due_at = ?, lease_owner = NULL, status = 'queued' WHERE lease_owner IS NOT NULL`,
  )

  function claimDeliveries(request: DeliveryClaim): ClaimedDelivery[] {
    const { owner, channel, now, leaseMs, limit } = request
    return claim.all(now + leaseMs, owner, now, channel, now, limit).map((row) => toClaimedDelivery(row, owner))
  }

  function settleDelivery(settlement: Settlement): boolean {
    const row = settle.get({
      deliveryId: settlement.deliveryId,
      owner: settlement.owner,
      epoch: settlement.epoch,
      now: settlement.now,
      status: settlement.status,
      dueAt: settlement.dueAt,
      lastError: settlement.lastError,
      remote: JSON.stringify(settlement.remote),
      address: settlement.address,
      refund: settlement.refund ? 1 : 0,
      unattempted: settlement.attempt === null ? 1 : 0,
    }) as { channel: string } | undefined
    if (!row) return false
    if (settlement.attempt) insertAttempt.run(settlement.attempt)
    const hold = settlement.holdBack
    if (hold?.address) holdBackAddress.run(hold.until, row.channel, hold.address, hold.until)
    else if (hold) holdBackChannel.run(hold.until, row.channel, hold.until)
    return true
  }

  return {
    claimDeliveries,
    settleDelivery,
    nextDueAt: () => nextDue.all(),
    releaseLeases: (now: number) => releaseLeases.run(now).changes,
  }
}

interface ClaimRow {
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
  counted: number
  retry_ms: string
  due_at: number
  last_error: string | null
  remote: string
  created_at: number
  updated_at: number
  epoch: number
  message: string
}

function toClaimedDelivery(row: ClaimRow, owner: string): ClaimedDelivery {
  return {
    id: row.id,
    notificationId: row.notification_id,
    mailId: row.mail_id,
    runId: row.run_id,
    route: row.route,
    channel: row.channel,
    recipient: row.recipient,
    address: row.address,
    status: row.status,
    attempts: row.attempts,
    counted: row.counted,
    retryMs: JSON.parse(row.retry_ms) as number[],
    nextAttemptAt: row.due_at,
    lastError: row.last_error,
    remote: JSON.parse(row.remote) as Record<string, string>,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    epoch: row.epoch,
    owner,
    message: JSON.parse(row.message) as Message,
  }
}
