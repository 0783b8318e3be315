import type Database from 'better-sqlite3'
import type { Settlement } from '../store.js'

/** What becomes of a delivery that was claimed. Every function here runs inside the caller's transaction. */
export function prepareDeliveries(database: Database.Database) {
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

  return { settleDelivery }
}
