import type Database from 'better-sqlite3'
import type { AckDisplay } from '../../domain/channel.js'
import type { AcknowledgeRequest, AcknowledgeResult } from '../notification-store.js'
import type { SentRow } from './delivery-rows.js'
import { prepareFollowUps } from './follow-ups.js'
import { prepareStates, type StateRow } from './notification-states.js'
import { reasons } from './reasons.js'
import { prepareUnsent } from './unsent.js'

/** Somebody has taken it on: repeats and escalations end in the same transaction. The first one wins. */
export function prepareAcknowledge(database: Database.Database) {
  const states = prepareStates(database)
  const unsent = prepareUnsent(database)
  const followUps = prepareFollowUps(database)
  const selectOwner = database.prepare<[string], { notification_id: string }>(
    'SELECT notification_id FROM deliveries WHERE id = ?',
  )

  function acknowledge({ notificationId, deliveryId, acknowledgement, showOn }: AcknowledgeRequest): AcknowledgeResult {
    const id = notificationId ?? (deliveryId === null ? undefined : selectOwner.get(deliveryId)?.notification_id)
    const state = id === undefined ? undefined : states.read(id)
    if (!state) return { outcome: 'not_found' }
    const before = acknowledgementOf(state)
    if (state.status === 'resolved' || state.status === 'suppressed') {
      return { outcome: 'over', notificationId: state.id, reason: describeEnd(state, acknowledgement.at) }
    }
    if (before) return { outcome: 'already', notificationId: state.id, acknowledgement: before }
    states.acknowledge(state.id, acknowledgement)
    unsent.cancelFurther(state.id, reasons.acknowledged(acknowledgement.by), acknowledgement.at)
    const channels = show(state.id, showOn, acknowledgement.at)
    return { outcome: 'acknowledged', notificationId: state.id, acknowledgement, channels }
  }

  /** Changes what was sent, where that can be done. The channels that have work by it. */
  function show(notificationId: string, showOn: AcknowledgeRequest['showOn'], now: number): string[] {
    const displays = new Map(showOn.map(({ channel, display }) => [channel, display]))
    const changed = new Set<string>()
    const update = (row: SentRow, display: AckDisplay): void => {
      if (displays.get(row.channel) === display && followUps.update(row, display, now)) changed.add(row.channel)
    }
    for (const row of followUps.listSent(notificationId)) update(row, 'once')
    const each = showOn.filter(({ display }) => display === 'each').map(({ channel }) => channel)
    for (const row of followUps.listNewest(notificationId, each)) update(row, 'each')
    return [...changed]
  }

  return { acknowledge }
}

function acknowledgementOf({ acked_by, acked_at, ack_note }: StateRow) {
  return acked_by === null || acked_at === null ? null : { by: acked_by, at: acked_at, note: ack_note }
}

function describeEnd({ status, reason, resolved_by, resolved_at }: StateRow, now: number): string {
  if (status === 'resolved' && resolved_by !== null && resolved_at !== null) {
    return reasons.resolved(resolved_by, resolved_at, now)
  }
  return reason ?? status
}
