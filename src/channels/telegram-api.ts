import { Api, GrammyError, HttpError } from 'grammy'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { type OutcomeFacts, outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'
import { clampWait } from './read-wait.js'
import { redactText } from './redact-text.js'
import type { TelegramSettings } from './telegram-settings.js'

/** grammY asks for the shape of another AbortSignal package; it only listens for "abort", as on ours. */
type TelegramSignal = Parameters<Api['sendMessage']>[3]

/** What grammY does not tell when an answer is not the Bot API's JSON. */
export interface SeenAnswer {
  status: number | null
  retryAfter: string
}

/** The Bot API of one bot, over the program's own HTTP client, and what the last answer was before grammY read it. */
export function openTelegram(
  settings: TelegramSettings,
  connection: { fetch: typeof fetch; signal: AbortSignal; timeoutSeconds: number },
): { api: Api; signal: TelegramSignal; seen: SeenAnswer } {
  const seen: SeenAnswer = { status: null, retryAfter: '' }
  const fetchNotingStatus: typeof fetch = async (input, init) => {
    const response = await connection.fetch(input, init)
    seen.status = response.status
    seen.retryAfter = response.headers.get('retry-after') ?? ''
    return response
  }
  const { bot_token, base_url } = settings
  const { timeoutSeconds } = connection
  const api = new Api(bot_token, { apiRoot: base_url, fetch: fetchNotingStatus, timeoutSeconds })
  return { api, signal: connection.signal as TelegramSignal, seen }
}

/** What a call gave, or what its failure means for the delivery. */
export type TelegramAnswer = { ok: true; result: unknown } | { ok: false; outcome: Outcome }

/** Makes one call for a delivery. The result is what the far end says it is, and has yet to be checked. */
export async function callTelegram(
  settings: TelegramSettings,
  context: ChannelContext,
  call: (api: Api, signal: TelegramSignal) => Promise<unknown>,
): Promise<TelegramAnswer> {
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds: 30 })
  try {
    return { ok: true, result: await call(api, signal) }
  } catch (error) {
    const facts: OutcomeFacts = {
      now: context.now(),
      idempotent: false,
      // The limit that is met first is the one of the chat: about one message a second.
      waitScope: settings.chat_id === undefined ? 'address' : 'channel',
      secrets: [settings.bot_token],
    }
    const form = settings.parse_mode === 'plain' && context.form === 'full' ? 'plain' : context.form
    if (error instanceof GrammyError) return { ok: false, outcome: outcomeFromRefusal(error, form, facts) }
    return { ok: false, outcome: outcomeFromLoss(error, seen, facts) }
  }
}

/** Refusals that are about the recipient. The words are those of the Bot API server. */
const addressWords =
  /chat not found|user not found|thread not found|topic_closed|topic_deleted|not enough rights|have no rights|need administrator|chat_write_forbidden|peer_id_invalid|bot was blocked|bot was kicked|deactivated|not a member|can't initiate conversation|chat_restricted/i

/** Refusals that a shorter message without a button does not meet. */
const formWords = /message is too long|message_too_long|button_|inline keyboard|reply_markup/i

/** Maps `{ ok: false }` answers of the Bot API. The wait stands in `parameters.retry_after`, in seconds. */
function outcomeFromRefusal(error: GrammyError, form: ChannelContext['form'], facts: OutcomeFacts): Outcome {
  const statusCode = error.error_code
  const text = redactText(error.description, facts.secrets)
  const { migrate_to_chat_id: movedTo, retry_after: retryAfter } = error.parameters
  if (movedTo !== undefined) {
    // Topics do not survive the move from group to supergroup, so the new address has none.
    return { kind: 'retarget', address: String(movedTo), text }
  }
  if (statusCode === 429) {
    const waitMs = retryAfter === undefined ? null : clampWait(retryAfter * 1_000)
    return { kind: 'transient', waitMs, waitScope: facts.waitScope, statusCode, text }
  }
  if (form === 'full' && /can't parse entities/i.test(text)) return { kind: 'degrade', to: 'plain', statusCode, text }
  if (form !== 'short' && formWords.test(text)) return { kind: 'degrade', to: 'short', statusCode, text }
  if (statusCode === 403 || addressWords.test(text)) return { kind: 'permanent', scope: 'address', statusCode, text }
  if (statusCode === 401 || statusCode === 404) return { kind: 'permanent', scope: 'channel', statusCode, text }
  if (statusCode === 400) return { kind: 'permanent', scope: 'message', statusCode, text }
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode, text }
}

/** No answer of the Bot API: the network failed, or something in between answered without its JSON. */
function outcomeFromLoss(error: unknown, seen: SeenAnswer, facts: OutcomeFacts): Outcome {
  if (!(error instanceof HttpError)) throw error
  const failure = findOutboundError(error.error)
  if (failure) return outcomeFromError(failure, facts)
  if (seen.status === null || seen.status < 300) return strangeAnswer
  const headers = { 'retry-after': seen.retryAfter }
  return outcomeFromAnswer({ status: seen.status, headers, text: '', truncated: false }, facts)
}

/** Something answered, and it was not the Bot API: the request may have reached it all the same. */
export const strangeAnswer: Outcome = { kind: 'unknown', text: 'the answer was not one of the Bot API' }

export function findOutboundError(error: unknown): OutboundError | null {
  if (error instanceof OutboundError) return error
  return error instanceof Error && error.cause instanceof OutboundError ? error.cause : null
}
