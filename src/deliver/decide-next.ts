import type { Outcome } from '../domain/channel.js'
import { formatDuration } from '../domain/units.js'

/** What the decision needs to know of the delivery. */
export interface DeliveryFacts {
  /** Attempts that count, this one included. */
  counted: number
  /** All attempts, this one included. */
  attempts: number
  retryMs: number[]
  createdAt: number
  address: string | null
  /** How often in a row the channel was paused; 0 while it works. */
  channelFailures: number
  /** When the channel's pause ends, if it was paused while this attempt was under way. */
  pausedUntil: number | null
}

export interface NextStep {
  status: 'sent' | 'failed' | 'dead' | 'queued'
  dueAt: number | null
  /** Give the attempt back: being told to wait, or a broken channel, is not the delivery's failure. */
  refund: boolean
  error: string | null
  holdBack: { address: string | null; until: number } | null
  pauseChannel: { until: number; reason: string } | null
}

/** A vendor's wait is respected between these bounds: nobody may stop us for a year, nor make us spin. */
const waitMsMin = 1_000
const waitMsMax = 6 * 3_600_000
/** Being told to wait costs no attempt, but not for ever. */
const refundsMax = 50
const refundWindowMs = 24 * 3_600_000
const pauseMsMin = 60_000
const pauseMsMax = 600_000

/**
 * From what became of an attempt to what happens to the delivery. Pure: the same facts give the same answer but for
 * the jitter of ±10 %, which `random` (0..1) decides.
 */
export function decideNext(outcome: Outcome, delivery: DeliveryFacts, now: number, random: number): NextStep {
  const still = { refund: false, holdBack: null, pauseChannel: null }
  switch (outcome.kind) {
    case 'delivered':
    case 'accepted':
      return { ...still, status: 'sent', dueAt: null, error: null }
    case 'permanent':
      if (outcome.scope === 'channel') return breakChannel(outcome.text, delivery, now)
      return { ...still, status: 'dead', dueAt: null, error: outcome.text }
    case 'transient':
      if (outcome.waitMs !== null && mayRefund(delivery, now)) return waitAsTold(outcome, outcome.waitMs, delivery, now)
      return climb(outcome.text, delivery, now, random, outcome.waitMs === null ? 0 : boundWait(outcome.waitMs))
    case 'unknown':
      return climb(`${outcome.text} (it may have arrived all the same)`, delivery, now, random, 0)
    case 'retarget':
    case 'degrade':
      // The attempt already followed these as far as it goes; what is left is a vendor that turns in circles.
      return { ...still, status: 'dead', dueAt: null, error: outcome.text }
  }
}

/**
 * Credentials fail: the first delivery to find out becomes a dead letter with the vendor's words, so that a person sees
 * it; the channel is paused, and what waits behind it keeps its attempts.
 */
function breakChannel(reason: string, delivery: DeliveryFacts, now: number): NextStep {
  const waiting = { status: 'queued' as const, refund: true, error: reason, holdBack: null }
  if (delivery.pausedUntil !== null && delivery.pausedUntil > now) {
    return { ...waiting, dueAt: delivery.pausedUntil, pauseChannel: null }
  }
  const until = now + Math.min(pauseMsMax, pauseMsMin * 2 ** delivery.channelFailures)
  const pauseChannel = { until, reason }
  if (delivery.channelFailures === 0) {
    return { status: 'dead', dueAt: null, refund: false, error: reason, holdBack: null, pauseChannel }
  }
  return { ...waiting, dueAt: until, pauseChannel }
}

function mayRefund(delivery: DeliveryFacts, now: number): boolean {
  return delivery.attempts < refundsMax && now - delivery.createdAt < refundWindowMs
}

/** The wait moves everything behind the same limit, not only this delivery: the others would only be refused too. */
function waitAsTold(
  outcome: Extract<Outcome, { kind: 'transient' }>,
  waitMs: number,
  delivery: DeliveryFacts,
  now: number,
): NextStep {
  const until = now + boundWait(waitMs)
  const address = outcome.waitScope === 'address' ? delivery.address : null
  const holdBack = outcome.waitScope === 'delivery' ? null : { address, until }
  const error = `${outcome.text}; told to wait ${formatDuration(until - now)}`
  return { status: 'failed', dueAt: until, refund: true, error, holdBack, pauseChannel: null }
}

/** Whole milliseconds, whatever a vendor's header came to: the store takes no fractions, and NaN would be never. */
function boundWait(waitMs: number): number {
  return Number.isNaN(waitMs) ? waitMsMin : Math.ceil(Math.min(waitMsMax, Math.max(waitMsMin, waitMs)))
}

function climb(text: string, delivery: DeliveryFacts, now: number, random: number, waitMs: number): NextStep {
  const rungMs = delivery.retryMs[delivery.counted - 1]
  const still = { refund: false, holdBack: null, pauseChannel: null }
  if (rungMs === undefined) {
    const attempts = delivery.counted === 1 ? 'one attempt' : `${delivery.counted} attempts`
    return { ...still, status: 'dead', dueAt: null, error: `given up after ${attempts}: ${text}` }
  }
  const jitteredMs = Math.round(rungMs * (0.9 + 0.2 * random))
  return { ...still, status: 'failed', dueAt: now + Math.max(jitteredMs, waitMs), error: text }
}
