import type Database from 'better-sqlite3'
import type { Settlement } from '../store.js'
import type { SentRow } from './delivery-rows.js'
import { prepareFollowUps } from './follow-ups.js'
import { prepareStates, type StateRow } from './notification-states.js'
import { reasons } from './reasons.js'
import type { StatCounts } from './stat-counts.js'

/**
 * The end of an attempt, with what follows upon it, in one transaction. What was acknowledged or resolved while it was
 * in flight overrules what the deliverer wanted next.
 */
export function prepareSettle(database: Database.Database, counts: StatCounts) {
  const states = prepareStates(database)
  const followUps = prepareFollowUps(database)
  const settle = database.prepare<[Record<string, string | number | null>], SentRow>(
    `UPDATE deliveries SET status = @status, due_at = @dueAt, last_error = @lastError, updated_at = @now,
       lease_owner = NULL, remote = json_patch(remote, @remote), address = coalesce(@address, address),
       counted = counted - @refund, attempts = attempts - @unattempted
     WHERE id = @deliveryId AND lease_owner = @owner AND epoch = @epoch RETURNING *`,
  )
  const selectOwner = database.prepare<[string], { notification_id: string; purpose: SentRow['purpose'] }>(
    'SELECT notification_id, purpose FROM deliveries WHERE id = ?',
  )
  const selectBegun = database.prepare<[string | null, string], { at: number }>(
    `SELECT coalesce((SELECT received_at FROM mails WHERE id = ?),
       (SELECT created_at FROM notifications WHERE id = ?)) AS at`,
  )
  const insertAttempt = database.prepare(
    `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, outcome, status_code, excerpt)
     VALUES (@deliveryId, (SELECT coalesce(max(number), 0) + 1 FROM attempts WHERE delivery_id = @deliveryId),
       @startedAt, @durationMs, @outcome, @statusCode, @excerpt)`,
  )
  const holdBackAddress = database.prepare<[number, string, string, number]>(
    'UPDATE deliveries SET due_at = ? WHERE channel = ? AND address = ? AND due_at < ? AND lease_owner IS NULL',
  )
  const holdBackChannel = database.prepare<[number, string, number]>(
    'UPDATE deliveries SET due_at = ? WHERE channel = ? AND due_at < ? AND lease_owner IS NULL',
  )

  function settleDelivery(settlement: Settlement): boolean {
    const owner = selectOwner.get(settlement.deliveryId)
    const state = owner && states.read(owner.notification_id)
    if (!owner || !state) return false
    const { status, lastError } = overrule(settlement, owner.purpose, state)
    const waits = status === 'failed' || status === 'queued'
    const row = settle.get({
      deliveryId: settlement.deliveryId,
      owner: settlement.owner,
      epoch: settlement.epoch,
      now: settlement.now,
      status,
      dueAt: waits ? (settlement.dueAt ?? settlement.now) : null,
      lastError,
      remote: JSON.stringify(settlement.remote),
      address: settlement.address,
      refund: settlement.refund ? 1 : 0,
      unattempted: settlement.attempt === null ? 1 : 0,
    })
    if (!row) return false
    if (settlement.attempt) insertAttempt.run(settlement.attempt)
    count(row, settlement)
    followUp(row, state, settlement)
    const hold = settlement.holdBack
    if (hold?.address) holdBackAddress.run(hold.until, row.channel, hold.address, hold.until)
    else if (hold) holdBackChannel.run(hold.until, row.channel, hold.until)
    return true
  }

  /** Latency is that of alerts: what repeats or follows upon one is late by intention. */
  function count(row: SentRow, { attempt, now }: Settlement): void {
    if (row.status === 'dead') counts.countDelivery('dead', row, now)
    if (attempt && (row.status === 'failed' || row.status === 'dead')) counts.countDelivery('attempts_failed', row, now)
    if (row.status !== 'sent') return
    const begun = row.purpose === 'alert' ? selectBegun.get(row.mail_id, row.notification_id)?.at : undefined
    counts.countDelivery('sent', row, now, begun === undefined ? undefined : now - begun)
  }

  function followUp(row: SentRow, state: StateRow, { now, goesOn, ackDisplay }: Settlement): void {
    const { status, purpose } = row
    if (purpose === 'resolve' || purpose === 'update') return
    if (state.status === 'resolved') {
      if (status === 'sent') followUps.resolve(row, now)
      return
    }
    if (state.acked_by !== null && status === 'sent' && ackDisplay !== null) followUps.update(row, ackDisplay, now)
    if (state.status === 'suppressed' || state.acked_by !== null || purpose === 'escalation') return
    // A repeat that met a silence is cancelled; the next one may not meet it any more.
    const isSilenced = status === 'cancelled' && purpose === 'repeat'
    if (status === 'sent' || isSilenced || (status === 'dead' && goesOn)) followUps.repeat(row, now)
  }

  return { settleDelivery }
}

/** Nothing that would have to be tried again goes out after it was resolved, and no repeat after it was acknowledged. */
export function overrule(
  { status, lastError }: Pick<Settlement, 'status' | 'lastError'>,
  purpose: SentRow['purpose'],
  state: StateRow,
): Pick<Settlement, 'status' | 'lastError'> {
  if (purpose === 'resolve' || purpose === 'update' || (status !== 'failed' && status !== 'queued')) {
    return { status, lastError }
  }
  if (state.status === 'resolved' && (state.still_due === 0 || purpose !== 'alert')) {
    return { status: 'cancelled', lastError: reasons.nothingAfter(state.resolved_by ?? '') }
  }
  if (state.acked_by !== null && purpose !== 'alert') {
    return { status: 'cancelled', lastError: reasons.acknowledged(state.acked_by) }
  }
  return { status, lastError }
}
