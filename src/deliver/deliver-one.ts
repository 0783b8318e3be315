import type { Channel, ChannelContext, Outcome } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import { hideSecrets } from '../domain/secrets.js'
import type { Silence } from '../domain/silence.js'
import type { ClaimedDelivery, Settlement, Store } from '../store/store.js'
import { ackDisplayOf } from './ack-display.js'
import { type AttemptResult, attemptDelivery, type Send } from './attempt.js'
import { judgeAttempt } from './breaker.js'
import { countAgainstCap } from './daily-cap.js'
import { decideNext, type NextStep } from './decide-next.js'
import { composeMessage } from './follow-up-message.js'
import { endGone, findObstacle, type Obstacle } from './gates.js'
import { awaitTurn, type Lane, uncountClaimed } from './lane.js'
import { settle, settleUnsent } from './settle.js'

export interface DeliverParts {
  store: Store
  /** What the channel is given; `ack` as it would be offered to somebody who has not acknowledged yet. */
  context: (delivery: ClaimedDelivery) => Omit<ChannelContext, 'form' | 'signal'>
  secrets: () => readonly string[]
  hours: () => Pick<Config, 'people' | 'calendars'>
  /** At least those that are in force. */
  silences: () => readonly Silence[]
  /** Told once a day and process; who raises a notification for it has to make sure that there is one. */
  onCapReached: (channel: string, max: number) => void
  now: () => number
  measure: () => number
  random: () => number
  /** Waits, unless the signal fires first. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

export interface Delivered {
  status: Settlement['status']
  /** Null when nothing was sent. */
  outcome: Outcome['kind'] | null
  /** The vendor's words, or why not. */
  detail: string
  /** The lease had ended and somebody else has the delivery: what became of it, they will say. */
  superseded: boolean
}

/**
 * One claimed delivery, to its end: what stands in its way, attempt, decide, settle. A claimed delivery MUST be
 * settled, or its lease ends. `keepPause` is called in the moment in which the channel's pause changes.
 */
export async function deliverOne(
  parts: DeliverParts,
  lane: Lane,
  channel: Channel | undefined,
  delivery: ClaimedDelivery,
  keepPause: () => void,
): Promise<Delivered> {
  if (!channel) return settleObstacle(parts, delivery, endGone(delivery))
  const probeOf = lane.breaker.pause
  const obstacle = await findAnyObstacle(parts, lane, channel, delivery)
  if (obstacle) {
    uncountClaimed(lane, channel)
    return settleObstacle(parts, delivery, obstacle)
  }
  const startedAt = parts.now()
  const attempt = await attemptDelivery(
    chooseSend(channel, delivery),
    composeMessage(delivery, startedAt),
    delivery.address,
    { context: chooseContext(parts, delivery), measure: parts.measure, signal: parts.signal },
  )
  const next = decide(parts, lane, delivery, { ...attempt, startedAt, probeOf }, keepPause)
  return settleAttempt(parts, channel, delivery, { ...attempt, startedAt }, next)
}

async function findAnyObstacle(
  parts: DeliverParts,
  lane: Lane,
  channel: Channel,
  delivery: ClaimedDelivery,
): Promise<Obstacle | null> {
  const surroundings = { hours: parts.hours(), silences: parts.silences(), isProbe: lane.breaker.pause !== null }
  return (
    findObstacle(delivery, channel, surroundings, parts.now()) ??
    awaitTurn(lane, channel, delivery, parts.now()) ??
    (await countAgainstCap(parts, channel, delivery, lane))
  )
}

/**
 * The lane is read and written in one moment, before anything is awaited: of several attempts that fail together on a
 * broken channel, one pauses it and the others only wait.
 */
function decide(
  parts: DeliverParts,
  lane: Lane,
  delivery: ClaimedDelivery,
  { outcome, movedTo, startedAt, probeOf }: AttemptResult & { startedAt: number; probeOf: Lane['breaker']['pause'] },
  keepPause: () => void,
): NextStep {
  const hasArrived = outcome.kind === 'delivered' || outcome.kind === 'accepted'
  if (parts.signal.aborted && !hasArrived) return interrupted(startedAt)
  const now = parts.now()
  const reason = hideSecrets(outcome.text, parts.secrets())
  const attempt = { deliveryId: delivery.id, outcome, reason, probeOf }
  const { breaker, ruling } = judgeAttempt(lane.breaker, attempt, now, parts.random())
  const isPauseNew = breaker.pause !== lane.breaker.pause
  lane.breaker = breaker
  if (isPauseNew) keepPause()
  const facts = { ...delivery, address: movedTo ?? delivery.address, ruling }
  const next = decideNext(outcome, facts, now, parts.random())
  // A wait of the whole channel is the lane's: moving a long queue row by row for each answer would stall the store.
  if (next.holdBack?.address !== null) return next
  lane.waitUntil = Math.max(lane.waitUntil, next.holdBack.until)
  return { ...next, holdBack: null }
}

async function settleAttempt(
  parts: DeliverParts,
  channel: Channel,
  delivery: ClaimedDelivery,
  { outcome, movedTo, durationMs, startedAt }: AttemptResult & { startedAt: number },
  next: NextStep,
): Promise<Delivered> {
  const secrets = parts.secrets()
  const isSettled = await settle(parts, delivery, {
    status: next.status,
    dueAt: next.dueAt,
    refund: next.refund,
    lastError: next.error === null ? null : hideSecrets(next.error, secrets),
    remote: 'remote' in outcome ? outcome.remote : {},
    address: movedTo,
    attempt: {
      deliveryId: delivery.id,
      startedAt,
      durationMs,
      outcome: outcome.kind,
      statusCode: 'statusCode' in outcome ? outcome.statusCode : null,
      excerpt: hideSecrets(outcome.text, secrets).slice(0, 1_000),
    },
    holdBack: next.holdBack,
    goesOn: next.goesOn,
    // What goes out after an acknowledgement asks for none.
    ackDisplay: delivery.notification.acknowledged === null ? ackDisplayOf(channel.kind) : null,
  })
  const detail = hideSecrets(next.error ?? outcome.text, secrets)
  return { status: next.status, outcome: outcome.kind, detail, superseded: !isSettled }
}

async function settleObstacle(parts: DeliverParts, delivery: ClaimedDelivery, obstacle: Obstacle): Promise<Delivered> {
  const isSettled = await settleUnsent(parts, delivery, obstacle)
  return { status: obstacle.status, outcome: null, detail: obstacle.reason, superseded: !isSettled }
}

/** A channel that cannot tell an end from a beginning sends a message that says so. */
function chooseSend({ kind, settings }: Channel, { purpose }: ClaimedDelivery): Send {
  const resolve = purpose === 'resolve' ? kind.resolve : undefined
  const update = purpose === 'update' ? kind.update : undefined
  const send = update ?? resolve ?? kind.send
  return (message, address, context) => send(message, address, settings, context)
}

/** Nobody is asked to acknowledge what is over, or what somebody acknowledged. */
function chooseContext(parts: DeliverParts, delivery: ClaimedDelivery): Omit<ChannelContext, 'form' | 'signal'> {
  const context = parts.context(delivery)
  const { purpose, notification } = delivery
  const isOpen = notification.acknowledged === null && notification.resolved === null
  return isOpen && purpose !== 'resolve' && purpose !== 'update' ? context : { ...context, ack: null }
}

/** The program is stopping in the middle of the attempt: due again at the next start, at no cost. */
function interrupted(now: number): NextStep {
  const error = 'interrupted by a restart (it may have arrived all the same)'
  return { status: 'queued', dueAt: now, refund: true, error, holdBack: null, goesOn: false }
}
