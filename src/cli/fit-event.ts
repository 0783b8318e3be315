import type { EngineEvent } from '../domain/events.js'
import { type MailQuery, MailQueryError, type MailTerm, parseMailQuery, type WordsTerm } from '../domain/mail-query.js'
import { splitWords } from '../domain/search-words.js'
import { CliExit, exitCodes } from './cli.js'

/** What an event does not say, and `mails list` knows. */
const unsaid = new Set(['attachment', 'before', 'after', 'larger', 'smaller'])

/** Reads what is looked for among events as they happen. Throws `CliExit` for what no event could tell. */
export function readEventQuery(text: string): MailQuery {
  const query = parse(text)
  for (const term of query.terms) {
    if (unsaid.has(term.kind) || (term.kind === 'words' && (term.field === 'body' || term.field === 'to'))) {
      const key = term.kind === 'words' ? `${term.field}:` : term.kind
      throw new CliExit(exitCodes.usage, `an event does not tell ${key}`, 'mailtrigger mails list --search knows it')
    }
  }
  return query
}

function parse(text: string): MailQuery {
  try {
    return parseMailQuery(text, Date.now())
  } catch (error) {
    if (error instanceof MailQueryError) throw new CliExit(exitCodes.usage, error.message, error.hint)
    throw error
  }
}

/** Whether all of it holds for what this one event says. */
export function fitsQuery(event: EngineEvent, { terms }: MailQuery): boolean {
  return terms.every((term) => holds(event, term) !== term.negated)
}

function holds(event: EngineEvent, term: MailTerm): boolean {
  switch (term.kind) {
    case 'words':
      return textsOf(event, term.field).some((text) => hasWords(splitWords(text), term))
    case 'route':
      return 'routes' in event && event.routes.includes(term.value)
    case 'channel':
      return 'channel' in event && event.channel === term.value
    case 'state':
      return 'status' in event && event.status === term.value
    case 'id':
      return 'mail_id' in event && event.mail_id === term.value
    default:
      return false
  }
}

function textsOf(event: EngineEvent, field: WordsTerm['field']): string[] {
  if (field === 'subject') return 'subject' in event ? [event.subject] : []
  if (field === 'from') return 'from' in event ? [event.from] : []
  if (field === 'rcpt') return 'to' in event ? event.to : []
  return Object.values(event)
    .flat()
    .filter((value) => typeof value === 'string')
}

function hasWords(given: string[], { words, isPrefix }: WordsTerm): boolean {
  return given.some((_, start) =>
    words.every((word, index) => {
      const other = given[start + index]
      return isPrefix && index === words.length - 1 ? other?.startsWith(word) === true : other === word
    }),
  )
}
