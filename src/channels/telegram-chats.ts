import { z } from 'zod'
import type { HeardChat } from '../domain/channel.js'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'
import { describePlace, telegramPlace } from './telegram-reader.js'

const titleMax = 100

/** What we read of the chat of a message (Bot API, Chat): groups have a title, people a name. */
const heardMessage = telegramPlace.extend({
  chat: z.object({
    id: z.number().int(),
    type: z.string(),
    title: z.string().optional(),
    first_name: z.string().optional(),
    username: z.string().optional(),
  }),
})

/** Where a message came from, as somebody looks for it; null for what is no message. */
export function readHeardChat(message: unknown): HeardChat | null {
  const heard = heardMessage.safeParse(message)
  if (!heard.success) return null
  const { title, first_name: firstName, username, type, id } = heard.data.chat
  const shown = cutText(cleanLine(title ?? firstName ?? username ?? ''), titleMax, 'code_points')
  return { address: describePlace(heard.data), title: shown || String(id), isShared: type !== 'private' }
}
