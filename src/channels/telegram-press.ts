import type { Api } from 'grammy'
import { GrammyError, HttpError } from 'grammy'
import { z } from 'zod'
import type { ListenContext } from '../domain/channel.js'
import { StoreError } from '../domain/errors.js'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'
import { openTelegram } from './telegram-api.js'
import { describePlace, nameReader, telegramPlace, telegramReader } from './telegram-reader.js'
import type { TelegramSettings } from './telegram-settings.js'

/** A callback query may be answered with at most 200 characters (Bot API, answerCallbackQuery). */
const wordsMax = 200
const answerTimeoutSeconds = 10

/** Somebody pressed a button: what we read of a `callback_query` (Bot API, CallbackQuery). */
export const callbackQuery = z.object({
  id: z.string().min(1),
  data: z.string().optional(),
  from: telegramReader,
  message: telegramPlace.optional(),
})
export type CallbackQuery = z.infer<typeof callbackQuery>

/**
 * Hands a press on, and only then tells who pressed what became of it: until it is answered, the button shows that it
 * is at work. The promise in `answered` never rejects, so that a reader whom nobody can answer holds up nobody else.
 */
export async function takePress(
  query: CallbackQuery,
  settings: TelegramSettings,
  context: ListenContext,
): Promise<{ answered: Promise<void> }> {
  const words = await findWords(query, context)
  return { answered: answerPress(query.id, words, settings, context) }
}

async function findWords(query: CallbackQuery, context: ListenContext): Promise<string> {
  const { data, message, from } = query
  // Telegram forgets which message it was after a while, and other programs of the bot may have buttons of their own.
  if (data === undefined || message === undefined) return 'This button does nothing any more.'
  try {
    return await context.onPress({ data, address: describePlace(message), by: `telegram:${nameReader(from)}` })
  } catch (error) {
    if (error instanceof StoreError) return 'This could not be kept just now. Please press again in a minute.'
    throw error
  }
}

async function answerPress(
  id: string,
  words: string,
  settings: TelegramSettings,
  context: ListenContext,
): Promise<void> {
  const { api, signal } = openTelegram(settings, { ...context, timeoutSeconds: answerTimeoutSeconds })
  const options: Parameters<Api['answerCallbackQuery']>[1] = {
    text: cutText(cleanLine(words), wordsMax, 'utf16'),
    show_alert: false,
  }
  try {
    await api.answerCallbackQuery(id, options, signal)
  } catch (error) {
    // The press itself is kept. Telegram refuses answers that come late, and the message will show it anyway.
    if (!(error instanceof GrammyError || error instanceof HttpError)) throw error
  }
}
