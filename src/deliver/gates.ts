import type { Channel } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { findSilence, type Silence } from '../domain/silence.js'
import { formatMoment, waitsUntil } from '../domain/waiting.js'
import type { ClaimedDelivery } from '../store/store.js'
import { describeMissedWindow } from './decide-next.js'

/** Attempts that ended with the process, beyond the ladder, until the delivery waits for a person. */
const lostAttemptsMax = 3
/** Whatever says until when: a delivery that is put off to no later than now would turn in circles. */
const waitMsMin = 1_000

/** Why a claimed delivery is not sent now, and what becomes of it. */
export interface Obstacle {
  status: 'queued' | 'dead' | 'cancelled'
  dueAt: number | null
  reason: string
  /** See `Settlement.goesOn`. */
  goesOn: boolean
}

/** What stands between a claim and a send. */
export interface Surroundings {
  hours: Pick<Config, 'people' | 'calendars'>
  silences: readonly Silence[]
  /** The channel does not work at the moment: this is a probe. */
  isProbe: boolean
}

/**
 * Asked for each claimed delivery before it is sent: what comes to nothing whoever answers, then what nobody wants any
 * more, then what has to wait. Null lets it pass. Pure.
 */
export function findObstacle(
  delivery: ClaimedDelivery,
  channel: Channel,
  surroundings: Surroundings,
  now: number,
): Obstacle | null {
  return (
    findEnd(delivery, surroundings, now) ??
    findNeedless(delivery, channel, surroundings.silences, now) ??
    findWait(delivery, surroundings.hours, now)
  )
}

/**
 * The window ends retries, not what waited by plan for quiet hours or its turn: a first attempt is made even after it,
 * but not on a channel that does not answer.
 */
function findEnd(
  { attempts, counted, retryMs, createdAt, retryWindowMs, lastError }: ClaimedDelivery,
  { isProbe }: Surroundings,
  now: number,
): Obstacle | null {
  if (counted - 1 - retryMs.length > lostAttemptsMax) {
    const reason = `given up after ${counted - 1} attempts, of which the last came to no end`
    return { ...endIn('dead', reason), goesOn: true }
  }
  if (now > createdAt + retryWindowMs && (attempts > 1 || isProbe)) {
    const missed = describeMissedWindow(retryWindowMs)
    return { ...endIn('dead', lastError === null ? missed : `${missed}: ${lastError}`), goesOn: true }
  }
  return null
}

/**
 * Repeats and escalations meet the present, not what was planned: a lease that ended may bring one back after somebody
 * acknowledged. A silenced one is cancelled, and the repeats behind it go on.
 */
function findNeedless(
  { purpose, route, notification }: ClaimedDelivery,
  channel: Channel,
  silences: readonly Silence[],
  now: number,
): Obstacle | null {
  if (purpose === 'update' && channel.kind.update === undefined) {
    return endIn('cancelled', 'the channel cannot change what it sent')
  }
  if (purpose !== 'repeat' && purpose !== 'escalation') return null
  if (notification.acknowledged) return endIn('cancelled', `acknowledged by ${notification.acknowledged.by}`)
  if (notification.resolved) return endIn('cancelled', `resolved by ${notification.resolved.by}`)
  const silence = findSilence(silences, { route, channel: channel.name, labels: notification.labels }, now)
  if (!silence) return null
  return { ...endIn('cancelled', `silenced until ${formatMoment(silence.endsAt)}: ${silence.comment}`), goesOn: true }
}

/**
 * That it is over waits like the alert did: who was not to be woken by the one is not to be woken by the other. A change
 * of what was sent makes no sound, so it never waits.
 */
function findWait(delivery: ClaimedDelivery, hours: Surroundings['hours'], now: number): Obstacle | null {
  if (delivery.purpose === 'update') return null
  const wait = waitsUntil(delivery, delivery.notification.severity, hours, now)
  return wait && putOff(wait.until, wait.reason, now)
}

export function endGone({ channel }: ClaimedDelivery): Obstacle {
  return endIn('dead', `channel "${channel}" is no longer in the config`)
}

export function putOff(until: number, reason: string, now: number): Obstacle {
  return { status: 'queued', dueAt: Math.max(until, now + waitMsMin), reason, goesOn: false }
}

function endIn(status: 'dead' | 'cancelled', reason: string): Obstacle {
  return { status, dueAt: null, reason, goesOn: false }
}
