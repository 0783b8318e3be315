import { GrammyError, HttpError } from 'grammy'
import { clampWait } from './read-wait.js'
import { redactText } from './redact-text.js'
import { findOutboundError, type SeenAnswer } from './telegram-api.js'
import type { TelegramSettings } from './telegram-settings.js'

/** Why presses are not heard at the moment. */
export interface Trouble {
  /** For people, without secrets. */
  words: string
  /** True when it will not pass by itself. */
  isClear: boolean
  /** As long as Telegram asks us to wait. */
  waitMs: number | null
}

export const strangeWords = 'the answer was not one of the Bot API'

const backoffMsMin = 1_000
const backoffMsMax = 60_000

/** A network that hiccups mends itself; a problem is told when it is clear, or goes on. */
export function isWorthTelling(failures: number, trouble: Trouble): boolean {
  return trouble.isClear || failures >= 3
}

/** 1 s, 2 s, 4 s … 60 s, or longer when Telegram says so. */
export function nextBackoffMs(failures: number, trouble: Trouble): number {
  const ms = Math.min(backoffMsMax, backoffMsMin * 2 ** Math.min(failures - 1, 10))
  return Math.max(ms, trouble.waitMs ?? 0)
}

/** Passes a problem on when it is another one than before: loops find the same again and again. */
export function tellChanges(onProblem: (problem: string | null) => void): (problem: string | null) => void {
  let told: string | null | undefined
  return (problem) => {
    if (problem !== told) onProblem(problem)
    told = problem
  }
}

/** Says what a failed call for updates means. Anything but grammY's errors is a fault of this program, thrown on. */
export function explainTrouble(error: unknown, seen: SeenAnswer, settings: TelegramSettings): Trouble {
  const redact = (text: string): string => redactText(text, [settings.bot_token])
  if (error instanceof GrammyError) {
    const { retry_after: retryAfter } = error.parameters
    const waitMs = retryAfter === undefined ? null : clampWait(retryAfter * 1_000)
    const isClear = error.error_code < 500 && error.error_code !== 429
    return { words: explainRefusal(error.error_code, redact(error.description)), isClear, waitMs }
  }
  if (!(error instanceof HttpError)) throw error
  const failure = findOutboundError(error.error)
  if (failure) {
    const isClear = failure.kind === 'policy' || failure.kind === 'invalid'
    return { words: `Telegram cannot be reached: ${redact(failure.message)}`, isClear, waitMs: null }
  }
  const words = seen.status === null ? 'Telegram does not answer in time' : `${strangeWords} (HTTP ${seen.status})`
  return { words, isClear: false, waitMs: null }
}

/** The status codes of getUpdates and setWebhook, in words that say what to do. */
function explainRefusal(code: number, text: string): string {
  if (code === 401 || code === 404) return `Telegram does not know this bot_token: ${text}`
  if (code === 409 && /webhook/i.test(text)) {
    return `a webhook is set for this bot, so it cannot be polled: delete it, or use \`updates: webhook\` (${text})`
  }
  if (code === 409) return `another program polls this bot, which only one may do: give it a bot of its own (${text})`
  return `Telegram says ${code}: ${text}`
}
