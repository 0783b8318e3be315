import type { LlmSettings } from '../domain/config.js'
import { LlmError } from '../domain/errors.js'
import type { JudgeByLlm, LlmQuestion, LlmVerdict } from '../domain/judge.js'
import { createSingleFlight } from '../domain/single-flight.js'
import type { Model } from './model.js'
import { cacheKeyOf, normaliseContent, writeMessages } from './question.js'
import { createSlots } from './slots.js'
import { readVerdict, type Verdict } from './verdict.js'

/** What the judge keeps between calls and restarts. */
export interface LlmCache {
  /** Keys are 64 hex digits. */
  read: (key: string) => Promise<Verdict | null>
  save: (key: string, verdict: Verdict) => Promise<void>
  /** Counts one call on a UTC day (`2025-06-30`); false, and nothing counted, when `callsMax` were made already. */
  countCall: (dayUtc: string, callsMax: number) => Promise<boolean>
}

export interface JudgeOptions {
  settings: LlmSettings
  /** Limits the bytes of an answer and obeys the network policy. */
  fetch: typeof fetch
  /** Unix milliseconds. */
  now: () => number
  cache: LlmCache
}

const callsAtOnceMax = 4
const callsWaitingMax = 64

/**
 * Makes the judge that answers yes-or-no questions about mails. A verdict is cached for good, because retries and
 * replays must not ask, or decide, again; equal questions at the same time are one call.
 *
 * The verdict may be the mail's author's: no prompt is a boundary. That is why a model only ever says match or not.
 */
export function createJudge({ settings, fetch, now, cache }: JudgeOptions): JudgeByLlm {
  let model: Promise<Model> | null = null
  const share = createSingleFlight<LlmVerdict>()
  const withSlot = createSlots(callsAtOnceMax, callsWaitingMax)

  async function ask(prompt: string, content: string, signal: AbortSignal): Promise<Verdict> {
    const dayUtc = new Date(now()).toISOString().slice(0, 10)
    if (!(await cache.countCall(dayUtc, settings.callsPerDayMax))) {
      throw new LlmError('budget', `all ${settings.callsPerDayMax} calls of the day are used`)
    }
    // The vendor's library is a tenth of what a start loads, and most gateways never ask a model.
    model ??= import('./model.js').then(({ createModel }) => createModel(settings, fetch))
    return readVerdict(await (await model).complete(writeMessages(prompt, content), signal))
  }

  async function judge(
    { prompt }: LlmQuestion,
    content: string,
    key: string,
    signal: AbortSignal,
  ): Promise<LlmVerdict> {
    const startedAt = now()
    const known = await cache.read(key)
    const verdict = known ?? (await withSlot(signal, () => ask(prompt, content, signal)))
    if (known === null) await cache.save(key, verdict)
    return { ...verdict, cached: known !== null, model: settings.model, durationMs: now() - startedAt }
  }

  return (question, signal) => {
    const content = normaliseContent(question.content)
    const key = cacheKeyOf(settings, question.prompt, content)
    return share(key, signal, (shared) => judge(question, content, key, shared))
  }
}
