import { ackDisplayOf } from '../deliver/ack-display.js'
import { ApiError } from '../domain/errors.js'
import type { Acknowledgement } from '../domain/notification.js'
import { formatMoment } from '../domain/waiting.js'
import type { AcknowledgeResult } from '../store/notification-store.js'
import type { Engine } from './engine.js'

const noteLengthMax = 1_000

/** What became of an acknowledgement, for people and machines. */
export interface AcknowledgeAnswer {
  /** `already`: somebody was quicker. `over`: it was resolved or suppressed before. */
  outcome: 'acknowledged' | 'already' | 'over'
  notification_id: string
  /** Whose acknowledgement counts; null when it is over without one. */
  acked_by: string | null
  acked_at: string | null
  ack_note: string | null
  /** `acknowledged`, `already acknowledged by Tim at 12:31 UTC`, `this is over: resolved …` */
  words: string
}

/** Exactly one of the ids is given. */
export interface AcknowledgeOrder {
  notificationId: string | null
  deliveryId: string | null
  by: string
  note: string | null
}

/** Whoever asks and however: the first acknowledgement counts, is recorded, and shown where a channel can show it. */
export async function acknowledgeAlert(
  {
    store,
    current,
    deliveries,
    emit,
    audit,
    now,
  }: Pick<Engine, 'store' | 'current' | 'deliveries' | 'emit' | 'audit' | 'now'>,
  { notificationId, deliveryId, by, note }: AcknowledgeOrder,
): Promise<AcknowledgeAnswer> {
  const at = now()
  const showOn = Object.values(current().config.channels).flatMap(({ name, kind }) => {
    const display = ackDisplayOf(kind)
    return display === null ? [] : [{ channel: name, display }]
  })
  const result = await store.acknowledge({
    notificationId,
    deliveryId,
    acknowledgement: { by, at, note },
    showOn,
  })
  if (result.outcome === 'not_found') {
    throw new ApiError(404, 'not_found', `there is no notification ${notificationId ?? `of delivery ${deliveryId}`}`)
  }
  if (result.outcome === 'acknowledged') {
    deliveries.wake(result.channels)
    emit({ type: 'notification.acknowledged', notification_id: result.notificationId, by, note })
    await audit(by, 'notification.acknowledge', [result.notificationId], note === null ? {} : { note })
  }
  return describeAnswer(result, at)
}

export function describeAnswer(
  result: Exclude<AcknowledgeResult, { outcome: 'not_found' }>,
  now: number,
): AcknowledgeAnswer {
  const { outcome, notificationId: notification_id } = result
  if (result.outcome === 'over') {
    const words = `this is over: ${result.reason}`
    return { outcome, notification_id, acked_by: null, acked_at: null, ack_note: null, words }
  }
  const { by, at, note } = result.acknowledgement
  const words = outcome === 'acknowledged' ? 'acknowledged' : describeEarlier(result.acknowledgement, now)
  return { outcome, notification_id, acked_by: by, acked_at: new Date(at).toISOString(), ack_note: note, words }
}

/** Empty notes are none. Throws `ApiError` for one that is too long. */
export function checkNote(note: string | null): string | null {
  const trimmed = note?.trim() ?? ''
  if (trimmed.length > noteLengthMax) {
    throw new ApiError(400, 'bad_request', `a note has at most ${noteLengthMax} characters`)
  }
  return trimmed === '' ? null : trimmed
}

/** `already acknowledged by Tim at 12:31 UTC`, with the date when it was another day. */
function describeEarlier({ by, at }: Acknowledgement, now: number): string {
  const moment = formatMoment(at)
  const isToday = moment.slice(0, 10) === formatMoment(now).slice(0, 10)
  // Who it was is of interest, not whether by a button or by a command.
  const name = by.replace(/^(?:telegram|link|cli):/, '')
  return `already acknowledged by ${name} at ${isToday ? moment.slice(11) : moment}`
}
