import { z } from 'zod'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'

const nameMax = 64

/** Who did something (Bot API, User). */
export const telegramReader = z.object({
  id: z.number(),
  first_name: z.string().optional(),
  username: z.string().optional(),
})

/** Where it was: what we read of a Message (Bot API). */
export const telegramPlace = z.object({
  chat: z.object({ id: z.number().int() }),
  message_thread_id: z.number().int().optional(),
  is_topic_message: z.boolean().optional(),
})

/** As addresses are written: `chat`, or `chat:topic` where the chat has topics. */
export function describePlace(place: z.infer<typeof telegramPlace>): string {
  const { chat, message_thread_id: thread, is_topic_message: isInTopic } = place
  // Replies in groups without topics have a thread id, too, but they do not live in a topic.
  return isInTopic === true && thread !== undefined ? `${chat.id}:${thread}` : String(chat.id)
}

/** For people: the first name, else the user name, else the number. */
export function nameReader(reader: z.infer<typeof telegramReader>): string {
  const name = cutText(cleanLine(reader.first_name ?? ''), nameMax, 'code_points')
  if (name !== '') return name
  const { id, username } = reader
  return username === undefined ? String(id) : `@${cutText(cleanLine(username), nameMax, 'code_points')}`
}
