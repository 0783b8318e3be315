import { z } from '@hono/zod-openapi'
import { ApiError } from '../../domain/errors.js'
import { type MailQuery, MailQueryError, parseMailQuery } from '../../domain/mail-query.js'

/** What a person is looking for among the mails, in words and keys. */
export const searchQuery = z
  .string()
  .max(500)
  .describe(
    'Terms that must all hold: `disk`, `"disk full"`, `back*`, `-test`, and `from:`, `to:`, `rcpt:`, `subject:`, `body:`, ' +
      '`route:`, `channel:`, `state:`, `has:attachment`, `before:`, `after:`, `larger:`, `smaller:`, `id:`.',
  )

/** Throws a 400 that says what to write instead. */
export function readSearch(text: string | undefined): MailQuery | undefined {
  if (text === undefined) return undefined
  try {
    return parseMailQuery(text, Date.now())
  } catch (error) {
    if (error instanceof MailQueryError) throw new ApiError(400, 'bad_search', error.message, error.hint)
    throw error
  }
}
