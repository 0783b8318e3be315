import { z } from 'zod'
import type { ListenContext } from '../domain/channel.js'
import { readHeardChat } from './telegram-chats.js'
import { callbackQuery, takePress } from './telegram-press.js'
import type { TelegramSettings } from './telegram-settings.js'
import { startMessage, takeStart } from './telegram-start.js'

/** Of all that Telegram could tell us. Of messages but `/start` only the chat is taken, never what they say. */
export const heardUpdates = ['callback_query', 'message'] as const

const telegramUpdate = z.object({ callback_query: z.unknown(), message: z.unknown() }).partial()

/**
 * Takes one update: a press of a button, or a link that was opened. What is neither is passed over, for what is refused
 * Telegram would send again and again. Answers go out when the promise in `answered` ends.
 */
export async function takeUpdate(
  given: unknown,
  settings: TelegramSettings,
  context: ListenContext,
): Promise<{ answered: Promise<void> }> {
  const update = telegramUpdate.safeParse(given).data
  const press = callbackQuery.safeParse(update?.callback_query)
  if (press.success) return takePress(press.data, settings, context)
  const chat = readHeardChat(update?.message)
  if (chat !== null) context.onChat(chat)
  const message = startMessage.safeParse(update?.message)
  if (message.success) return takeStart(message.data, settings, context)
  return { answered: Promise.resolve() }
}
