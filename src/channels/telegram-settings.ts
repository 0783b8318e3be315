import { z } from 'zod'
import { baseUrl, textOrNumber } from './settings.js'

/** `chat` or `chat:topic`; a chat is a number (groups are negative) or the @name of a channel. */
export const chatAddress = textOrNumber(
  z
    .string()
    .regex(
      /^(?:-?\d{1,19}|@[A-Za-z]\w{3,31})(?::\d{1,10})?$/,
      'must be a chat id like 111111, -100123:7 or @channelname',
    ),
)

export const telegramSettings = z.strictObject({
  bot_token: z
    .string()
    .regex(/^\d+:[\w-]+$/, 'must look like 123456:ABC…, as @BotFather gives it')
    .describe('The token of the bot, from @BotFather.'),
  base_url: baseUrl.default('https://api.telegram.org'),
  chat_id: chatAddress.optional().describe('Sends everything to this chat, chat:topic or @channelname, not to people.'),
  parse_mode: z.enum(['html', 'plain']).default('html').describe('How texts are written; `plain` has no bold title.'),
  disable_preview: z.boolean().default(true).describe('Shows no preview of the first link.'),
  disable_notification: z.boolean().default(false).describe('Sends without a sound.'),
  updates: z
    .enum(['polling', 'webhook', 'off'])
    .default('polling')
    .describe(
      'How presses of "Acknowledge" and of links for people reach us. With `off`, messages have a link instead of the button.',
    ),
})
export type TelegramSettings = z.infer<typeof telegramSettings>

export interface TelegramTarget {
  chat: string
  topic: number | null
}

export function readTarget(address: string | null): TelegramTarget | null {
  if (address === null || !chatAddress.safeParse(address).success) return null
  const [chat = '', topic] = address.split(':')
  return { chat, topic: topic === undefined ? null : Number(topic) }
}
