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
  /** Set when the channel is paused from now on. */
  pause: ChannelPause | null
}

/** One claimed delivery, to its end: attempt, decide, settle. A claimed delivery MUST be settled, or its lease ends. */
export async function deliverOne(
  parts: DeliverParts,
  channel: Channel,
  delivery: ClaimedDelivery,
  channelFailures: number,
): Promise<Delivered> {
  const startedAt = parts.now()
  const { outcome, movedTo, durationMs } = await attemptDelivery(channel, delivery.message, delivery.address, {
    context: parts.context(delivery),
    measure: parts.measure,
    signal: parts.signal,
  })
  const secrets = parts.secrets()
  const next =
    parts.signal.aborted && outcome.kind !== 'delivered' && outcome.kind !== 'accepted'
      ? interrupted(startedAt)
      : decideNext(outcome, { ...delivery, channelFailures }, parts.now(), parts.random())
  const pause = next.pauseChannel && {
    until: next.pauseChannel.until,
    reason: hideSecrets(next.pauseChannel.reason, secrets),
    failures: channelFailures + 1,
  }
  await settle(parts, {
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
    holdBack: next.holdBack,
  })
  return { status: next.status, outcome: outcome.kind, detail: hideSecrets(next.error ?? outcome.text, secrets), pause }
}

/** The program is stopping in the middle of the attempt: due again at the next start, at no cost. */
function interrupted(now: number): ReturnType<typeof decideNext> {
  const error = 'interrupted by a restart (it may have arrived all the same)'
  return { status: 'queued', dueAt: now, refund: true, error, holdBack: null, pauseChannel: null }
}

/** A settle that fails (a full disk) is tried a few times: giving up means the message goes out twice. */
async function settle(parts: DeliverParts, settlement: Settlement): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      await parts.store.settleDelivery(settlement)
      return
    } catch (error) {
      if (tries >= settleTriesMax) throw error
      await parts.sleep(500 * tries, parts.signal)
    }
  }
}
