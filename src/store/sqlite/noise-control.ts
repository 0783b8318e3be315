import type Database from 'better-sqlite3'
import type { NewDelivery, NewNotification } from '../../domain/delivery.js'
import type { DigestTarget } from '../../domain/notification.js'
import { findSilence, type Silence } from '../../domain/silence.js'
import { prepareDedupe } from './dedupe.js'
import { prepareDigests } from './digests.js'
import { type Hold, prepareHolds } from './holds.js'
import { prepareStates } from './notification-states.js'
import { reasons } from './reasons.js'
import { prepareRecoveries } from './recoveries.js'

/** Whether a notification goes out at its birth, and what becomes of its deliveries when it does not. */
export type Verdict =
  | { kind: 'goes_out'; note: string | null }
  /** Its deliveries are kept as cancelled, for a person to retry. */
  | { kind: 'silenced'; reason: string }
  | { kind: 'suppressed'; reason: string; duplicateOf: string | null }
  /** Held: its deliveries are kept, due when it is let go. Gathered: the digest has deliveries of its own. */
  | { kind: 'waits'; verb: 'hold' | 'digest'; until: number; note: string | null }

export interface Birth {
  id: string
  notification: NewNotification
  /** Counts the replays of the mail. */
  generation: number
  silences: Silence[]
  now: number
}

/** Silence, hold, dedupe, digest, in this order. Runs inside the transaction that keeps the notification. */
export function prepareNoiseControl(database: Database.Database) {
  const states = prepareStates(database)
  const holds = prepareHolds(database)
  const dedupe = prepareDedupe(database)
  const digests = prepareDigests(database)
  const recoveries = prepareRecoveries(database)

  function decide(birth: Birth): Verdict {
    const { notification, now } = birth
    const alerts = notification.deliveries.filter((delivery) => delivery.purpose === 'alert')
    const silence = silenceOf(birth, null) ?? silenceOfAll(birth, alerts)
    if (silence) return { kind: 'silenced', reason: reasons.silenced(silence, now) }
    // What goes to nobody must neither keep a later one from going out nor fill a digest.
    const live = alerts.filter((delivery) => delivery.dead === null)
    if (live.length === 0) return { kind: 'goes_out', note: null }
    const { hold, digest } = notification.control
    const joined = hold ? joinEpisode(birth, hold) : null
    if (joined) return joined
    const duplicate = takeKey(birth, hold !== null)
    if (duplicate.verdict) return duplicate.verdict
    const { note } = duplicate
    const { route } = notification
    if (hold) {
      holds.keep(route, hold, { id: birth.id, now, digest })
      return { kind: 'waits', verb: 'hold', until: hold.until, note }
    }
    if (digest) {
      const until = digests.add({ ...digest, id: birth.id, route, targets: live.map(toTarget), now })
      return { kind: 'waits', verb: 'digest', until, note }
    }
    return { kind: 'goes_out', note }
  }

  /** Mails may come in the wrong order, and twice: the recovery may be here before what it ends. */
  function joinEpisode({ notification: { route }, now }: Birth, hold: Hold): Verdict | null {
    const { key, happenedAt, forMs } = hold
    const recoveredAt = recoveries.findBetween(route, key, happenedAt, happenedAt + forMs)
    if (recoveredAt !== null) {
      return { kind: 'suppressed', reason: reasons.recoveredInTime(recoveredAt - happenedAt), duplicateOf: null }
    }
    const episode = holds.join(route, hold, now)
    if (!episode) return null
    const { notification_id: duplicateOf, happened_at, released_at } = episode
    return { kind: 'suppressed', reason: reasons.joined(duplicateOf, happened_at, released_at, now), duplicateOf }
  }

  /** A replay is a person's wish: it is never suppressed, and leaves the window of the one before as it is. */
  function takeKey(birth: Birth, isHeld: boolean): { verdict: Verdict | null; note: string | null } {
    const { id, now, notification } = birth
    const settings = notification.control.dedupe
    if (!settings) return { verdict: null, note: null }
    const { key, windowMs } = settings
    const open = dedupe.find(key, now)
    if (!open) {
      const missed = dedupe.take(key, { id, windowMs, now, isHeld })
      return { verdict: null, note: missed && reasons.moreSince(missed.count, missed.since, now) }
    }
    if (birth.generation > 0) return { verdict: null, note: null }
    dedupe.count(key)
    states.count(open.id)
    const reason = reasons.duplicate(open, windowMs, now)
    return { verdict: { kind: 'suppressed', reason, duplicateOf: open.id }, note: null }
  }

  return { decide }
}

/** The silence over one channel of a notification, or (null) over all of it. */
export function silenceOf({ notification, silences, now }: Birth, channel: string | null): Silence | null {
  const { route, labels } = notification
  return findSilence(silences, { route, channel, labels }, now)
}

/** Silences of channels that leave no alert to go out are as good as one over the notification. */
function silenceOfAll(birth: Birth, alerts: NewDelivery[]): Silence | null {
  const [first, ...rest] = alerts.map(({ channel }) => silenceOf(birth, channel))
  return first && rest.every((silence) => silence !== null) ? first : null
}

function toTarget({ channel, recipient, address, retryMs, retryWindowMs, during }: NewDelivery): DigestTarget {
  return { channel, recipient, address, retryMs, retryWindowMs, during }
}
