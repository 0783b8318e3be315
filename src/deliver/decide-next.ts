import type { Outcome } from '../domain/channel.js'
import { formatDuration } from '../domain/units.js'
import type { Ruling } from './breaker.js'

/** What the decision needs to know of the delivery. */
export interface DeliveryFacts {
  /** Attempts that count, this one included. */
  counted: number
  /** All attempts, this one included. */
  attempts: number
  retryMs: number[]
  retryWindowMs: number
  createdAt: number
  address: string | null
  /** What the channel's breaker says of this attempt. */
  ruling: Ruling
}

export interface NextStep {
  status: 'sent' | 'failed' | 'dead' | 'queued'
  dueAt: number | null
  /** Give the attempt back: being told to wait, or a broken channel, is not the delivery's failure. */
  refund: boolean
  error: string | null
  holdBack: { address: string | null; until: number } | null
  /** See `Settlement.goesOn`. */
  goesOn: boolean
}

/** A vendor's wait is respected between these bounds: nobody may stop us for a year, nor make us spin. */
const waitMsMin = 1_000
const waitMsMax = 6 * 3_600_000
/** Being told to wait costs no attempt, but not for ever. */
const refundsMax = 50
const refundWindowMs = 24 * 3_600_000
/** Without a ladder there is no rung to wait on for an attempt that is given back. */
const sparedMs = 60_000

/**
 * From what became of an attempt to what happens to the delivery. Pure: the same facts give the same answer but for
 * the jitter of ±10 %, which `random` (0..1) decides.
 */
export function decideNext(outcome: Outcome, delivery: DeliveryFacts, now: number, random: number): NextStep {
  return endWithWindow(decideByOutcome(outcome, delivery, now, random), delivery)
}

/** No attempt after the window: a person hears of it now, and not when the next rung would have come. */
function endWithWindow(next: NextStep, { createdAt, retryWindowMs }: DeliveryFacts): NextStep {
  if (next.dueAt === null || next.dueAt <= createdAt + retryWindowMs) return next
  const error = `${describeMissedWindow(retryWindowMs)}: ${next.error ?? 'no reason is known'}`
  return { ...next, status: 'dead', dueAt: null, refund: false, error, goesOn: true }
}

export function describeMissedWindow(retryWindowMs: number): string {
  return `not sent within ${formatDuration(retryWindowMs)}`
}

function decideByOutcome(outcome: Outcome, delivery: DeliveryFacts, now: number, random: number): NextStep {
  const { ruling } = delivery
  const still = { refund: false, holdBack: null, goesOn: false }
  switch (outcome.kind) {
    case 'delivered':
    case 'accepted':
      return { ...still, status: 'sent', dueAt: null, error: null }
    case 'permanent':
      if (ruling.type === 'behind') return waitBehind(outcome.text, ruling.until)
      // A person can mend credentials, and a repeat waits for that; what is wrong with a message stays wrong.
      return { ...still, status: 'dead', dueAt: null, error: outcome.text, goesOn: outcome.scope === 'channel' }
    case 'transient':
      if (ruling.type === 'behind') return waitBehind(outcome.text, ruling.until)
      if (outcome.waitMs !== null && mayRefund(delivery, now)) return waitAsTold(outcome, outcome.waitMs, delivery, now)
      return climb(outcome.text, delivery, now, random, outcome.waitMs === null ? 0 : boundWait(outcome.waitMs))
    case 'unknown': {
      const text = `${outcome.text} (it may have arrived all the same)`
      return ruling.type === 'behind' ? waitBehind(text, ruling.until) : climb(text, delivery, now, random, 0)
    }
    case 'retarget':
    case 'degrade':
      // The attempt already followed these as far as it goes; what is left is a vendor that turns in circles.
      return { ...still, status: 'dead', dueAt: null, error: outcome.text }
  }
}

function waitBehind(error: string, until: number): NextStep {
  return { status: 'queued', dueAt: until, refund: true, error, holdBack: null, goesOn: false }
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
  return { status: 'failed', dueAt: until, refund: true, error, holdBack, goesOn: false }
}

/** Whole milliseconds, whatever a vendor's header came to: the store takes no fractions, and NaN would be never. */
function boundWait(waitMs: number): number {
  return Number.isNaN(waitMs) ? waitMsMin : Math.ceil(Math.min(waitMsMax, Math.max(waitMsMin, waitMs)))
}

function climb(text: string, delivery: DeliveryFacts, now: number, random: number, waitMs: number): NextStep {
  const isSpared = delivery.ruling.type === 'spared'
  const spareRungMs = isSpared ? (delivery.retryMs.at(-1) ?? sparedMs) : undefined
  const rungMs = delivery.retryMs[delivery.counted - 1] ?? spareRungMs
  const still = { holdBack: null, goesOn: false }
  if (rungMs === undefined) {
    const attempts = delivery.counted === 1 ? 'one attempt' : `${delivery.counted} attempts`
    const error = `given up after ${attempts}: ${text}`
    return { ...still, status: 'dead', dueAt: null, refund: false, error, goesOn: true }
  }
  const jitteredMs = Math.round(rungMs * (0.9 + 0.2 * random))
  return { ...still, status: 'failed', dueAt: now + Math.max(jitteredMs, waitMs), refund: isSpared, error: text }
}
