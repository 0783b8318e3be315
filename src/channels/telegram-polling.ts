import { z } from 'zod'
import type { ListenContext } from '../domain/channel.js'
import { openTelegram } from './telegram-api.js'
import type { TelegramSettings } from './telegram-settings.js'
import {
  explainTrouble,
  isWorthTelling,
  nextBackoffMs,
  strangeWords,
  type Trouble,
  tellChanges,
} from './telegram-trouble.js'
import { heardUpdates, takeUpdate } from './telegram-update.js'
import { type Pause, pauseUntilAborted } from './wait.js'

/** How long Telegram holds a poll open until something happens. */
const pollSeconds = 25
/** What the network may take on top of it. */
const graceSeconds = 15
const updatesMax = 100
/** No poll follows one that came back empty sooner than this: something in between does not hold polls open. */
const pollMsMin = 1_000

/**
 * Hears presses and links by long polling until the signal fires. Telegram keeps what was not confirmed for 24 hours,
 * and the next poll confirms: what came while we were away is heard afterwards, and what was taken right before we
 * stopped is heard twice, which the second time changes nothing.
 */
export async function pollUpdates(
  settings: TelegramSettings,
  context: ListenContext,
  pause: Pause = pauseUntilAborted,
): Promise<void> {
  const { signal } = context
  let offset = 0
  const tell = tellChanges(context.onProblem)
  let failures = 0
  // The first poll returns at once, so that it is known soon whether polling works at all.
  let holdSeconds = 0
  while (!signal.aborted) {
    const startedAt = context.now()
    const polled = await pollOnce(settings, context, { offset, holdSeconds })
    if (signal.aborted) return
    if (!polled.ok) {
      failures++
      if (isWorthTelling(failures, polled.trouble)) tell(polled.trouble.words)
      holdSeconds = 0
      await pause(nextBackoffMs(failures, polled.trouble), signal)
      continue
    }
    tell(null)
    failures = 0
    offset = polled.nextOffset ?? offset
    await takeUpdates(polled.updates, settings, context)
    const isIdle = polled.nextOffset === null && holdSeconds > 0 && context.now() - startedAt < pollMsMin
    if (isIdle) await pause(pollMsMin, signal)
    holdSeconds = pollSeconds
  }
}

type Polled = { ok: true; updates: unknown[]; nextOffset: number | null } | { ok: false; trouble: Trouble }

async function pollOnce(
  settings: TelegramSettings,
  context: ListenContext,
  poll: { offset: number; holdSeconds: number },
): Promise<Polled> {
  const timeoutSeconds = poll.holdSeconds + graceSeconds
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds })
  const wanted = { offset: poll.offset, timeout: poll.holdSeconds, limit: updatesMax }
  try {
    const updates: unknown = await api.getUpdates({ ...wanted, allowed_updates: heardUpdates }, signal)
    return readUpdates(updates)
  } catch (error) {
    return { ok: false, trouble: explainTrouble(error, seen, settings) }
  }
}

const updateList = z.array(z.looseObject({ update_id: z.number().int() })).max(updatesMax)

/** Updates we do not know are confirmed like those we do, or they would come for ever. */
function readUpdates(answer: unknown): Polled {
  const updates = updateList.safeParse(answer)
  if (!updates.success) {
    return { ok: false, trouble: { isClear: false, words: strangeWords, waitMs: null } }
  }
  const last = updates.data.reduce((highest, { update_id }) => Math.max(highest, update_id), -1)
  return { ok: true, updates: updates.data, nextOffset: last < 0 ? null : last + 1 }
}

/** One after the other, in the order they were made; only the answers go out together. */
async function takeUpdates(updates: unknown[], settings: TelegramSettings, context: ListenContext): Promise<void> {
  const answers: Promise<void>[] = []
  for (const update of updates) {
    if (context.signal.aborted) break
    answers.push((await takeUpdate(update, settings, context)).answered)
  }
  await Promise.all(answers)
}
