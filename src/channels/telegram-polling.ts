import { z } from 'zod'
import type { ListenContext } from '../domain/channel.js'
import { openTelegram } from './telegram-api.js'
import { type CallbackQuery, callbackQuery, takePress } from './telegram-press.js'
import type { TelegramSettings } from './telegram-settings.js'
import {
  explainTrouble,
  isWorthTelling,
  nextBackoffMs,
  strangeWords,
  type Trouble,
  tellChanges,
} from './telegram-trouble.js'
import { type Pause, pauseUntilAborted } from './wait.js'

/** How long Telegram holds a poll open until something happens. */
const pollSeconds = 25
/** What the network may take on top of it. */
const graceSeconds = 15
const updatesMax = 100
/** No poll follows one that came back empty sooner than this: something in between does not hold polls open. */
const pollMsMin = 1_000

/**
 * Hears presses by long polling until the signal fires. Telegram keeps what was not confirmed for 24 hours, and the next
 * poll confirms: presses made while we are away are heard afterwards, and one that was taken right before we stopped is
 * heard twice, which the second time changes nothing.
 */
export async function pollPresses(
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
    await takePresses(polled.presses, settings, context)
    const isIdle = polled.nextOffset === null && holdSeconds > 0 && context.now() - startedAt < pollMsMin
    if (isIdle) await pause(pollMsMin, signal)
    holdSeconds = pollSeconds
  }
}

type Polled = { ok: true; presses: CallbackQuery[]; nextOffset: number | null } | { ok: false; trouble: Trouble }

async function pollOnce(
  settings: TelegramSettings,
  context: ListenContext,
  poll: { offset: number; holdSeconds: number },
): Promise<Polled> {
  const timeoutSeconds = poll.holdSeconds + graceSeconds
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds })
  const wanted = { offset: poll.offset, timeout: poll.holdSeconds, limit: updatesMax }
  try {
    const updates: unknown = await api.getUpdates({ ...wanted, allowed_updates: ['callback_query'] }, signal)
    return readUpdates(updates)
  } catch (error) {
    return { ok: false, trouble: explainTrouble(error, seen, settings) }
  }
}

const updateList = z.array(z.looseObject({ update_id: z.number().int() })).max(updatesMax)

/** Other kinds of updates are passed over, and confirmed like presses, or they would come for ever. */
function readUpdates(answer: unknown): Polled {
  const updates = updateList.safeParse(answer)
  if (!updates.success) {
    return { ok: false, trouble: { isClear: false, words: strangeWords, waitMs: null } }
  }
  const presses = updates.data.flatMap((update) => {
    const press = callbackQuery.safeParse(update.callback_query)
    return press.success ? [press.data] : []
  })
  const last = updates.data.reduce((highest, { update_id }) => Math.max(highest, update_id), -1)
  return { ok: true, presses, nextOffset: last < 0 ? null : last + 1 }
}

/** One after the other, in the order they were made; only the answers go out together. */
async function takePresses(
  presses: CallbackQuery[],
  settings: TelegramSettings,
  context: ListenContext,
): Promise<void> {
  const answers: Promise<void>[] = []
  for (const press of presses) {
    if (context.signal.aborted) break
    answers.push((await takePress(press, settings, context)).answered)
  }
  await Promise.all(answers)
}
