import type { Outcome } from '../domain/channel.js'
import { redactText } from './redact-text.js'

/** A text that has become a message. `chat` is the chat's number, also where the address was a name. */
export interface SentText {
  chat: string
  id: number
}

/** What later messages need to find these again; `readSent` reads it. */
export function describeSent(sent: SentText[]): Record<string, string> {
  return {
    chat_id: sent[0]?.chat ?? '',
    message_id: String(sent[0]?.id),
    ...(sent.length > 1 ? { message_ids: sent.map(({ id }) => id).join(',') } : {}),
  }
}

interface SentBefore {
  chat: string
  first: number
  last: number
  /** Of how many messages it consists. */
  count: number
}

export function readSent(sent: Record<string, string> | null): SentBefore | null {
  if (sent === null || sent.chat_id === undefined) return null
  const ids = (sent.message_ids ?? sent.message_id ?? '').split(',').map(Number)
  const [first, last] = [ids[0], ids.at(-1)]
  if (first === undefined || last === undefined || !ids.every((id) => Number.isSafeInteger(id) && id > 0)) return null
  return { chat: sent.chat_id, first, last, count: ids.length }
}

/**
 * The first parts have arrived, and with them the title and the start of the text. Sending all again would repeat them
 * in the chat, so the delivery counts as accepted and says what is missing.
 */
export function reportPartial(outcome: Outcome, sent: SentText[], total: number): Outcome {
  const ids = sent.map(({ id }) => id).join(', ')
  return {
    kind: 'accepted',
    remote: { ...describeSent(sent), parts_sent: `${sent.length}/${total}` },
    statusCode: 'statusCode' in outcome ? outcome.statusCode : null,
    text: redactText(`${sent.length} of ${total} parts sent (message ${ids}), the rest failed: ${outcome.text}`, []),
  }
}
