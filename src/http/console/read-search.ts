import { type MailQuery, MailQueryError, parseMailQuery } from '../../domain/mail-query.js'

/** A search as it was written, and what it asks for; a problem says what to write instead. */
export interface Searched {
  text: string
  query: MailQuery
  problem: { message: string; hint: string | null } | null
}

/** @param now milliseconds since the epoch, for times that are counted back */
export function readSearch(text: string, now: number): Searched {
  try {
    return { text: text.trim(), query: parseMailQuery(text, now), problem: null }
  } catch (error) {
    if (!(error instanceof MailQueryError)) throw error
    return { text: text.trim(), query: { terms: [] }, problem: { message: error.message, hint: error.hint } }
  }
}
