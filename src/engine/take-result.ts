import { setTimeout as sleep } from 'node:timers/promises'
import { decideNext, type NextStep } from '../deliver/decide-next.js'
import type { Channel } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import type { LateResult } from '../domain/late-result.js'
import { hideSecrets } from '../domain/secrets.js'
import type { SentDelivery } from '../store/late-result-store.js'
import type { Engine } from './engine.js'
import { earOf } from './listeners.js'

/** A vendor may call back before its answer to the send has been kept: so long, its result waits for that. */
const settleTriesMax = 20
const settlePauseMs = 250
const excerptMax = 1_000

type ResultEngine = Pick<Engine, 'store' | 'current' | 'deliveries' | 'emit' | 'now' | 'log'>

/**
 * Takes what a vendor says later of a message that it took. Only the last attempt of a delivery that stands as sent
 * counts: that it did not arrive makes it a dead letter or has it tried again, by the same rules as if the send had
 * failed; that it arrived is noted. Whatever else is said is ignored, and so harmless when it is said again.
 * Rejects with `ApiError` (503) while the send is still under way.
 */
export async function takeResult(
  engine: ResultEngine,
  heardBy: Channel,
  result: LateResult,
  signal: AbortSignal,
): Promise<void> {
  const sent = await awaitSettled(engine, result.deliveryId, signal)
  if (sent === null || sent.status !== 'sent' || !isAbout(result, sent)) return
  const channel = engine.current().config.channels[sent.channel]
  if (!channel || earOf(channel) !== earOf(heardBy)) return
  if (result.outcome.kind === 'delivered') await noteArrival(engine, sent, result.outcome.text)
  else await takeBack(engine, sent, result.outcome)
}

async function awaitSettled(
  { store }: ResultEngine,
  deliveryId: string,
  signal: AbortSignal,
): Promise<SentDelivery | null> {
  for (let tries = 1; ; tries++) {
    const sent = await store.readSent(deliveryId)
    if (sent?.status !== 'processing') return sent
    if (tries >= settleTriesMax || signal.aborted) {
      throw new ApiError(503, 'not_ready', 'its delivery is still under way', 'say it again in a minute')
    }
    await sleep(settlePauseMs, undefined, { signal }).catch(() => undefined)
  }
}

/** A text of several parts has an id for each, with commas. */
function isAbout({ remote }: LateResult, sent: SentDelivery): boolean {
  return (sent.remote[remote.name] ?? '').split(',').includes(remote.id)
}

/** What was read has been delivered, too: vendors say both, in any order. */
async function noteArrival({ store, now }: ResultEngine, sent: SentDelivery, word: string): Promise<void> {
  if (sent.remote.reported === 'read' || sent.remote.reported === word) return
  const at = now()
  const remote = { reported: word.slice(0, excerptMax), reported_at: new Date(at).toISOString() }
  const { id: deliveryId, epoch } = sent
  await store.settleLate({
    deliveryId,
    epoch,
    now: at,
    status: 'sent',
    dueAt: null,
    lastError: null,
    remote,
    attempt: null,
  })
}

async function takeBack(
  { store, current, deliveries, emit, now, log }: ResultEngine,
  sent: SentDelivery,
  outcome: Extract<LateResult['outcome'], { kind: 'permanent' | 'transient' }>,
): Promise<void> {
  const text = hideSecrets(outcome.text, current().config.secrets).slice(0, excerptMax)
  const at = now()
  const next = decideNext({ ...outcome, text }, { ...sent, ruling: { type: 'own' } }, at, Math.random())
  const status = await store.settleLate({
    deliveryId: sent.id,
    epoch: sent.epoch,
    now: at,
    status: next.status === 'failed' ? 'failed' : 'dead',
    dueAt: next.dueAt,
    lastError: describe(next, text),
    remote: { reported: null, reported_at: null },
    attempt: { outcome: outcome.kind, excerpt: `reported later: ${text}`.slice(0, excerptMax) },
  })
  if (status === null) return
  const { id, mailId, channel, recipient } = sent
  log('warn', 'a message that was sent did not arrive', { delivery: id, channel, status, reason: text })
  emit({ type: 'delivery.settled', delivery_id: id, mail_id: mailId, channel, recipient, status, detail: text })
  if (status === 'failed') deliveries.wake([channel])
}

function describe({ error }: NextStep, text: string): string {
  return `sent, but did not arrive: ${error ?? text}`
}
