import { GrammyError, HttpError } from 'grammy'
import { z } from 'zod'
import type { LinkOffer, ListenContext } from '../domain/channel.js'
import { StoreError } from '../domain/errors.js'
import { cleanText } from './clean-text.js'
import { cutText } from './cut-text.js'
import { openTelegram } from './telegram-api.js'
import { describePlace, nameReader, telegramPlace, telegramReader } from './telegram-reader.js'
import type { TelegramSettings } from './telegram-settings.js'
import { explainTrouble, strangeWords } from './telegram-trouble.js'

const wordsMax = 1_000
const timeoutSeconds = 10

/** What we read of a message to the bot (Bot API, Message). */
export const startMessage = telegramPlace.extend({
  chat: z.object({ id: z.number().int(), type: z.string() }),
  from: telegramReader.optional(),
  text: z.string(),
})
export type StartMessage = z.infer<typeof startMessage>

const botName = z.object({ username: z.string().regex(/^\w{1,64}$/) })

/**
 * The link that opens the bot's chat and has its reader send us `/start <code>` (Bot features, "Deep linking": up to 64
 * of A-Z, a-z, 0-9, `_` and `-`).
 */
export async function offerStartLink(
  settings: TelegramSettings,
  code: string,
  context: Pick<ListenContext, 'fetch' | 'signal'>,
): Promise<LinkOffer> {
  if (settings.updates === 'off') {
    const problem = 'with `updates: off` the bot does not hear who opens a link: set `updates: polling` or `webhook`'
    return { ok: false, problem, isClear: true }
  }
  const { api, signal, seen } = openTelegram(settings, { ...context, timeoutSeconds })
  try {
    const bot = botName.safeParse(await api.getMe(signal))
    if (!bot.success) return { ok: false, problem: strangeWords, isClear: false }
    return { ok: true, url: `https://t.me/${bot.data.username}?start=${code}` }
  } catch (error) {
    const { words, isClear } = explainTrouble(error, seen, settings)
    return { ok: false, problem: words, isClear }
  }
}

/** The code of `/start <code>`, null without one; undefined when the message is something else. */
export function readStart(text: string): string | null | undefined {
  const [whole, code] = /^\/start(?:@\w{1,64})?(?:[ \t]+(\S{1,256}))?\s*$/.exec(text.slice(0, 512)) ?? []
  return whole === undefined ? undefined : (code ?? null)
}

/**
 * Hands a `/start` on, and then says in its chat what became of it; any other message is passed over. The promise in
 * `answered` never rejects but for programmer errors, as a chat nobody can answer holds up nobody else.
 */
export async function takeStart(
  message: StartMessage,
  settings: TelegramSettings,
  context: ListenContext,
): Promise<{ answered: Promise<void> }> {
  const code = readStart(message.text)
  if (code === undefined) return { answered: Promise.resolve() }
  const words = await findWords(message, code, context)
  return { answered: words === null ? Promise.resolve() : answerStart(message, words, settings, context) }
}

async function findWords(message: StartMessage, code: string | null, context: ListenContext): Promise<string | null> {
  const isShared = message.chat.type !== 'private'
  const by = `telegram:${message.from === undefined ? message.chat.id : nameReader(message.from)}`
  try {
    return await context.onLink({ code, address: describePlace(message), isShared, by })
  } catch (error) {
    if (error instanceof StoreError) return 'This could not be kept just now. Please open the link again in a minute.'
    throw error
  }
}

async function answerStart(
  message: StartMessage,
  words: string,
  settings: TelegramSettings,
  context: ListenContext,
): Promise<void> {
  const { api, signal } = openTelegram(settings, { ...context, timeoutSeconds })
  const { chat, message_thread_id: thread, is_topic_message: isInTopic } = message
  const options = {
    link_preview_options: { is_disabled: true },
    ...(isInTopic === true && thread !== undefined ? { message_thread_id: thread } : {}),
  }
  try {
    await api.sendMessage(chat.id, cutText(cleanText(words), wordsMax, 'utf16'), options, signal)
  } catch (error) {
    // The link itself is kept, and whoever blocked the bot meanwhile cannot be told.
    if (!(error instanceof GrammyError || error instanceof HttpError)) throw error
  }
}
