import { z } from 'zod'
import type { ListenContext } from '../domain/channel.js'
import { isSame } from './is-same.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'
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
import { type Pause, pauseUntilAborted, untilAborted } from './wait.js'

/** How often we ask Telegram whether its calls reach us. */
const checkMs = 600_000
const timeoutSeconds = 30

/**
 * Tells Telegram where to call us, and asks from time to time whether that works, until the signal fires. The hook
 * stays set when we stop: Telegram repeats its calls until we are back.
 */
export async function setHook(
  settings: TelegramSettings,
  context: ListenContext,
  pause: Pause = pauseUntilAborted,
): Promise<void> {
  const { hookUrl, signal } = context
  if (hookUrl === null) {
    context.onProblem('`updates: webhook` needs `server.http.public_url`, which Telegram can call')
    return untilAborted(signal)
  }
  const tell = tellChanges(context.onProblem)
  let failures = 0
  // Set once at every start, even when the URL is the same, for the secret may have changed.
  let isSet = false
  while (!signal.aborted) {
    const state: HookState = await (isSet ? checkHook : callSetWebhook)(hookUrl, settings, context)
    if (signal.aborted) return
    if ('trouble' in state) {
      failures++
      if (isWorthTelling(failures, state.trouble)) tell(state.trouble.words)
      await pause(nextBackoffMs(failures, state.trouble), signal)
      continue
    }
    failures = 0
    isSet = state.isSet
    if (!isSet) continue
    tell(state.problem)
    await pause(checkMs, signal)
  }
}

type HookState = { trouble: Trouble } | { isSet: boolean; problem: string | null }

async function callSetWebhook(url: string, settings: TelegramSettings, context: ListenContext): Promise<HookState> {
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds })
  const options = { secret_token: context.hookSecret, allowed_updates: heardUpdates }
  try {
    await api.setWebhook(url, options, signal)
    return { isSet: true, problem: null }
  } catch (error) {
    return { trouble: explainTrouble(error, seen, settings) }
  }
}

const webhookInfo = z.object({
  url: z.string(),
  last_error_date: z.number().optional(),
  last_error_message: z.string().optional(),
})

async function checkHook(url: string, settings: TelegramSettings, context: ListenContext): Promise<HookState> {
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds })
  try {
    const info = webhookInfo.safeParse(await api.getWebhookInfo(signal))
    if (!info.success) return { trouble: { words: strangeWords, isClear: false, waitMs: null } }
    return { isSet: info.data.url === url, problem: describeError(info.data, url, context.now()) }
  } catch (error) {
    return { trouble: explainTrouble(error, seen, settings) }
  }
}

function describeError(info: z.infer<typeof webhookInfo>, url: string, now: number): string | null {
  if ((info.last_error_date ?? 0) * 1_000 <= now - checkMs) return null
  return redactText(`Telegram cannot call ${url}: ${info.last_error_message ?? 'it says no reason'}`, [])
}

/**
 * One call of Telegram to our hook. It knows us by the secret that was given to setWebhook (Bot API, setWebhook,
 * `secret_token`).
 */
export async function takeHookCall(
  call: { headers: Record<string, string>; body: string },
  settings: TelegramSettings,
  context: ListenContext,
): Promise<boolean> {
  if (settings.updates !== 'webhook') return false
  if (!isSame(call.headers['x-telegram-bot-api-secret-token'] ?? '', context.hookSecret)) return false
  await (await takeUpdate(parseJson(call.body), settings, context)).answered
  return true
}
