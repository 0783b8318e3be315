export interface TelegramRefusal {
  error_code: number
  description: string
  parameters?: { retry_after?: number; migrate_to_chat_id?: number }
}

/** A channel's @name stands for a number, as everywhere in answers. */
export function chatIdOf(chat: string): number {
  return Number(chat) || -1_001_000_000_000 - [...chat].reduce((sum, letter) => sum + letter.charCodeAt(0), 0)
}

export function badRequest(words: string): TelegramRefusal {
  return { error_code: 400, description: `Bad Request: ${words}` }
}
