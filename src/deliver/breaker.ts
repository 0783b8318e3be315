import type { Outcome } from '../domain/channel.js'
import type { ChannelPause } from '../store/store.js'

/** So many deliveries in a row without an answer mean that it is not the messages. */
const deliveriesMin = 3
/** Two deliveries that fail in turn for a while mean it, too. One alone never does: it climbs its ladder. */
const failuresMin = 5
const failuresSpanMs = 60_000
const downMsMin = 30_000
const lockedMsMin = 60_000
const pauseMsMax = 600_000
const downWords = 'endpoint down: '

/** Whether a channel is to be left alone, and what speaks for it. One per lane; only the pause outlives a restart. */
export interface Breaker {
  pause: ChannelPause | null
  /** Failures without an answer since the last sign of life; null when the last one was a sign of life. */
  unanswered: { since: number; failures: number; deliveryIds: string[] } | null
}

export const closedBreaker: Breaker = { pause: null, unanswered: null }

/** What the channel's state means for the delivery that was attempted. */
export type Ruling =
  /** Its failure is its own. */
  | { type: 'own' }
  /** The channel was found to be down while it was under way: it gets its attempt back. */
  | { type: 'spared' }
  /** It gets its attempt back, and comes after all the others when the pause ends. */
  | { type: 'behind'; until: number }

export interface JudgedAttempt {
  deliveryId: string
  outcome: Outcome
  /** The outcome's text, without secrets. */
  reason: string
  /** The pause whose end it was to find out, if any, when it began. */
  probeOf: ChannelPause | null
}

/**
 * A channel is paused when its credentials fail (60 s doubling to 10 min), and when nobody answers behind it (30 s
 * doubling to 10 min). While it is, no attempt is lost. Pure: what is not a tenth of jitter follows from the arguments.
 */
export function judgeAttempt(
  breaker: Breaker,
  attempt: JudgedAttempt,
  now: number,
  random: number,
): { breaker: Breaker; ruling: Ruling } {
  const { pause } = breaker
  // Only an attempt begun after the pause can tell that it is over, and nobody ends what a person began meanwhile.
  const isProbe = pause !== null && pause === attempt.probeOf
  const own = { type: 'own' } as const
  const alive: Breaker = { pause, unanswered: null }
  switch (readSign(attempt.outcome)) {
    case 'works':
      return { breaker: isProbe ? closedBreaker : alive, ruling: own }
    case 'answers':
      return { breaker: isProbe && kindOfPause(pause) === 'down' ? closedBreaker : alive, ruling: own }
    case 'asks_to_wait':
      return isProbe ? reopen(pause, attempt.reason, now, random) : { breaker, ruling: own }
    case 'no_answer':
      if (isProbe) return reopen(pause, attempt.reason, now, random)
      return pause === null ? countFailure(breaker, attempt, now, random) : { breaker, ruling: { type: 'spared' } }
    case 'locked':
      return lock(breaker, attempt.reason, now)
  }
}

/** A person's pause has no end of its own, and nothing is tried meanwhile. */
export function kindOfPause(pause: ChannelPause): 'person' | 'down' | 'locked' {
  if (pause.until === Number.MAX_SAFE_INTEGER) return 'person'
  return pause.reason.startsWith(downWords) ? 'down' : 'locked'
}

type Sign = 'works' | 'answers' | 'asks_to_wait' | 'no_answer' | 'locked'

/** Any answer of the vendor's application is a sign of life; what a proxy says in its place (5xx) is none. */
function readSign(outcome: Outcome): Sign {
  switch (outcome.kind) {
    case 'delivered':
    case 'accepted':
      return 'works'
    case 'permanent':
      return outcome.scope === 'channel' ? 'locked' : 'answers'
    case 'retarget':
    case 'degrade':
      return 'answers'
    case 'unknown':
      return 'no_answer'
    case 'transient':
      if (outcome.statusCode !== null && outcome.statusCode < 500) return 'answers'
      return outcome.waitMs === null ? 'no_answer' : 'asks_to_wait'
  }
}

function countFailure(
  breaker: Breaker,
  { deliveryId, reason }: JudgedAttempt,
  now: number,
  random: number,
): { breaker: Breaker; ruling: Ruling } {
  const before = breaker.unanswered ?? { since: now, failures: 0, deliveryIds: [] }
  const deliveryIds = [...new Set([...before.deliveryIds, deliveryId])].slice(0, deliveriesMin)
  const unanswered = { since: before.since, failures: before.failures + 1, deliveryIds }
  const isLong = unanswered.failures >= failuresMin && now - unanswered.since >= failuresSpanMs
  const isDown = deliveryIds.length >= deliveriesMin || (isLong && deliveryIds.length > 1)
  const pause = isDown ? pauseDown(reason, 0, now, random) : null
  return { breaker: { pause, unanswered }, ruling: { type: 'own' } }
}

/** The probe found nobody: a longer pause, after which another delivery is the probe. */
function reopen(
  pause: ChannelPause,
  reason: string,
  now: number,
  random: number,
): { breaker: Breaker; ruling: Ruling } {
  const next = pauseDown(reason, pause.failures, now, random)
  return { breaker: { pause: next, unanswered: null }, ruling: { type: 'behind', until: next.until } }
}

/**
 * The first delivery to find out becomes a dead letter with the vendor's words, so that a person sees it; the others
 * wait.
 */
function lock({ pause }: Breaker, reason: string, now: number): { breaker: Breaker; ruling: Ruling } {
  const kind = pause && kindOfPause(pause)
  if (pause !== null && kind === 'person') return { breaker: { pause, unanswered: null }, ruling: { type: 'own' } }
  if (pause !== null && kind === 'locked' && pause.until > now) {
    return { breaker: { pause, unanswered: null }, ruling: { type: 'behind', until: pause.until } }
  }
  const failures = pause !== null && kind === 'locked' ? pause.failures : 0
  const until = now + Math.min(pauseMsMax, lockedMsMin * 2 ** failures)
  const next = { until, reason, failures: failures + 1 }
  const ruling: Ruling = failures === 0 ? { type: 'own' } : { type: 'behind', until }
  return { breaker: { pause: next, unanswered: null }, ruling }
}

function pauseDown(reason: string, failures: number, now: number, random: number): ChannelPause {
  const pauseMs = Math.min(pauseMsMax, downMsMin * 2 ** failures) * (0.9 + 0.2 * random)
  return { until: now + Math.round(pauseMs), reason: `${downWords}${reason}`, failures: failures + 1 }
}
