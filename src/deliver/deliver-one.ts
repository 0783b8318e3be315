import type { Channel, ChannelContext, Outcome } from '../domain/channel.js'
import { hideSecrets } from '../domain/secrets.js'
import type { ChannelPause, ClaimedDelivery, Settlement, Store } from '../store/store.js'
import { attemptDelivery } from './attempt.js'
import { decideNext } from './decide-next.js'

const settleTriesMax = 5

export interface DeliverParts {
  store: Store
  context: (delivery: ClaimedDelivery) => Omit<ChannelContext, 'form' | 'signal'>
  secrets: () => readonly string[]
  now: () => number
  measure: () => number
  random: () => number
  /** Waits, unless the signal fires first. */
  sleep: (ms: number, signal: AbortSignal) => Promise<void>
  signal: AbortSignal
}

export interface Delivered {
  status: Settlement['status']
  outcome: Outcome['kind']
  /** The vendor's words, or why not. */
  detail: string
  /** Set when this attempt paused the channel. */
  pause: ChannelPause | null
  /** The lease had ended and somebody else has the delivery: what became of it, they will say. */
  superseded: boolean
}

/**
 * One claimed delivery, to its end: attempt, decide, settle. A claimed delivery MUST be settled, or its lease ends.
 *
 * The lane is read and written in the same moment as the decision is made, before anything is awaited: of several
 * attempts that fail together on a broken channel, one pauses it and the others only wait.
 */
export async function deliverOne(
  parts: DeliverParts,
  channel: Channel,
  delivery: ClaimedDelivery,
  lane: { pause: ChannelPause | null; waitUntil: number },
): Promise<Delivered> {
  const startedAt = parts.now()
  const { outcome, movedTo, durationMs } = await attemptDelivery(channel, delivery.message, delivery.address, {
    context: parts.context(delivery),
    measure: parts.measure,
    signal: parts.signal,
  })
  const secrets = parts.secrets()
  const failures = lane.pause?.failures ?? 0
  const facts = {
    ...delivery,
    address: movedTo ?? delivery.address,
    channelFailures: failures,
    pausedUntil: lane.pause?.until ?? null,
  }
  const next =
    parts.signal.aborted && outcome.kind !== 'delivered' && outcome.kind !== 'accepted'
      ? interrupted(startedAt)
      : decideNext(outcome, facts, parts.now(), parts.random())
  const pause = next.pauseChannel && {
    until: next.pauseChannel.until,
    reason: hideSecrets(next.pauseChannel.reason, secrets),
    failures: failures + 1,
  }
  if (pause) lane.pause = pause
  // A wait of the whole channel is the lane's: moving a long queue row by row for each answer would stall the store.
  const isLaneWait = next.holdBack?.address === null
  if (isLaneWait) lane.waitUntil = Math.max(lane.waitUntil, next.holdBack?.until ?? 0)
  const settled = await settle(parts, {
    deliveryId: delivery.id,
    owner: delivery.owner,
    epoch: delivery.epoch,
    now: parts.now(),
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
    holdBack: isLaneWait ? null : next.holdBack,
  })
  const detail = hideSecrets(next.error ?? outcome.text, secrets)
  return { status: next.status, outcome: outcome.kind, detail, pause, superseded: !settled }
}

/** The program is stopping in the middle of the attempt: due again at the next start, at no cost. */
function interrupted(now: number): ReturnType<typeof decideNext> {
  const error = 'interrupted by a restart (it may have arrived all the same)'
  return { status: 'queued', dueAt: now, refund: true, error, holdBack: null, pauseChannel: null }
}

/** A settle that fails (a full disk) is tried a few times: giving up means the message goes out twice. */
async function settle(parts: DeliverParts, settlement: Settlement): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    try {
      return await parts.store.settleDelivery(settlement)
    } catch (error) {
      if (tries >= settleTriesMax) throw error
      await parts.sleep(500 * tries, parts.signal)
    }
  }
}
