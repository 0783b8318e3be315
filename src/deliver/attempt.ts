import type { ChannelContext, Form, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'

/** How long one attempt may take, all its calls together. */
const attemptMsMax = 30_000
/** How much longer a channel that ignores its signal is waited for. */
const graceMs = 2_000
/** A degrade or a retarget is followed at once, but a vendor that turns in circles is left. */
const roundsMax = 4

export interface AttemptResult {
  outcome: Outcome
  /** The address the vendor moved the recipient to. */
  movedTo: string | null
  durationMs: number
}

/** A channel's `send`, `resolve` or `update`, with its settings. */
export type Send = (message: Message, address: string | null, context: ChannelContext) => Promise<Outcome>

export interface AttemptParts {
  context: Omit<ChannelContext, 'form' | 'signal'>
  measure: () => number
  signal: AbortSignal
}

/**
 * One attempt: a call of the channel, and what the vendor asks for at once: a simpler form, or another address.
 * Never rejects, and never takes longer than 32 seconds, even if the channel ignores its signal: a delivery's lease is
 * longer than that. A channel that throws or hangs has a bug or a broken network; both are worth another attempt.
 */
export async function attemptDelivery(
  send: Send,
  message: Message,
  address: string | null,
  parts: AttemptParts,
): Promise<AttemptResult> {
  const startedAt = parts.measure()
  const deadline = startDeadline()
  const signal = AbortSignal.any([parts.signal, deadline.signal])
  let form: Form = 'full'
  let target = address
  let outcome: Outcome = { kind: 'unknown', text: 'nothing was sent' }
  try {
    for (let round = 0; round < roundsMax; round++) {
      const context: ChannelContext = { ...parts.context, form, signal }
      outcome = await Promise.race([sendOnce(send, message, target, context), deadline.over])
      if (outcome.kind === 'degrade') form = outcome.to
      else if (outcome.kind === 'retarget') target = outcome.address
      else break
    }
  } finally {
    deadline.end()
  }
  return { outcome, movedTo: target === address ? null : target, durationMs: Math.round(parts.measure() - startedAt) }
}

/** The signal fires at the deadline; `over` resolves a little later, for a channel that did not listen. */
function startDeadline(): { signal: AbortSignal; over: Promise<Outcome>; end: () => void } {
  const abort = new AbortController()
  const text = `no answer within ${attemptMsMax / 1_000} s`
  const timer = setTimeout(() => abort.abort(new DOMException(text, 'TimeoutError')), attemptMsMax)
  let giveUp: NodeJS.Timeout | undefined
  const over = new Promise<Outcome>((resolve) => {
    giveUp = setTimeout(() => resolve({ kind: 'unknown', text }), attemptMsMax + graceMs)
  })
  const end = (): void => {
    clearTimeout(timer)
    clearTimeout(giveUp)
  }
  return { signal: abort.signal, over, end }
}

async function sendOnce(
  send: Send,
  message: Message,
  address: string | null,
  context: ChannelContext,
): Promise<Outcome> {
  try {
    return await send(message, address, context)
  } catch (error) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text: text.slice(0, 1_000) }
  }
}
