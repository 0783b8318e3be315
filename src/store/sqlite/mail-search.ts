import type Database from 'better-sqlite3'
import { encodeTime } from 'ulid'
import { type MailQuery, type MailTerm, queryForWords } from '../../domain/mail-query.js'
import type { MailFilter } from '../store.js'
import type { MailRow } from './mail-lists.js'
import { composeExpression } from './search-expression.js'
import { firstNumberOf, numbersPerMs } from './search-numbers.js'

/** An id is made when a mail begins to arrive, and the time of receipt is noted at about the same time. */
const idSlackMs = 3_600_000
const timeMax = 2 ** 48 - 1
/** A source with fewer mails than this is read whole and each of them is checked. */
const fewMax = 500

/** A statement with its parameters. */
interface Sql {
  text: string
  parameters: unknown[]
}

/** Something that lists mails in the order of their ids, and holds all that are asked for. */
interface Source {
  from: string
  /** The id by which it is sorted, and limited. */
  id: string
  condition: Sql
  /** The term it stands for need not be checked again. */
  term: MailTerm | null
}

interface Range {
  /** Ids from this one on, and before that one. */
  from: string | null
  before: string | null
  /** Not this one either: the last of the page before. */
  after: string | null
}

/** All of a filter as terms of one query. */
export function termsOf(filter: MailFilter): MailTerm[] {
  const { status, route, channel, since, until, text, query } = filter
  const terms: MailQuery['terms'] = [...(query?.terms ?? []), ...(text ? queryForWords(text).terms : [])]
  if (status) terms.push({ kind: 'state', value: status, negated: false })
  if (route) terms.push({ kind: 'route', value: route, negated: false })
  if (channel) terms.push({ kind: 'channel', value: channel, negated: false })
  if (since !== undefined) terms.push({ kind: 'after', at: since, negated: false })
  if (until !== undefined) terms.push({ kind: 'before', at: until, negated: false })
  return terms
}

/** At most `limit` mails that meet all terms, in the order of their ids, behind the cursor. */
export function findMails(
  database: Database.Database,
  terms: MailTerm[],
  { cursor, oldestFirst = false, limit }: Pick<MailFilter, 'cursor' | 'oldestFirst' | 'limit'>,
): MailRow[] {
  const range = rangeOf(terms, cursor ?? null, oldestFirst)
  const expression = composeExpression(terms)
  const sources = listSources(terms)
  const few =
    sources.length > 0 && (expression !== null || sources.length > 1) ? findFew(database, sources, range) : null
  if (few === null && expression !== null && !terms.some(isById)) {
    return readByWords(database, terms, expression, range, oldestFirst, limit)
  }
  const source = few ?? sources[0] ?? allMails
  return readFrom(database, source, terms, expression, range, oldestFirst, limit)
}

const allMails: Source = { from: 'mails', id: 'mails.id', condition: { text: 'true', parameters: [] }, term: null }

/** By an index each. */
function listSources(terms: MailTerm[]): Source[] {
  const sources: Source[] = []
  for (const term of terms) {
    if (term.negated) continue
    if (term.kind === 'id') sources.unshift({ ...allMails, condition: conditionOf(term), term })
    if (term.kind === 'state') sources.push({ ...allMails, condition: conditionOf(term), term })
    if (term.kind === 'route' || term.kind === 'channel') {
      const table = term.kind === 'route' ? 'notifications' : 'deliveries'
      const condition = { text: `${table}.mail_id IS NOT NULL AND ${table}.${term.kind} = ?`, parameters: [term.value] }
      const from = `${table} CROSS JOIN mails ON mails.id = ${table}.mail_id`
      sources.push({ from, id: `${table}.mail_id`, condition, term })
    }
  }
  return sources
}

/** The smallest of the sources, when it is small. */
function findFew(database: Database.Database, sources: Source[], range: Range): Source | null {
  let best: Source | null = null
  let bestCount = fewMax
  for (const source of [...sources, ...(range.from === null ? [] : [allMails])]) {
    const { text, parameters } = joinConditions([source.condition, ...limitIds(source.id, range)])
    // Of the joined mails nothing is asked here, so they are not read.
    const table = source.from.split(' ')[0]
    const { count } = database
      .prepare<unknown[], { count: number }>(
        `SELECT count(*) AS count FROM (SELECT 1 FROM ${table} WHERE ${text} LIMIT ${bestCount})`,
      )
      .get(...parameters) ?? { count: 0 }
    if (count < bestCount) {
      best = source
      bestCount = count
    }
    if (bestCount === 0) break
  }
  return best
}

function readFrom(
  database: Database.Database,
  source: Source,
  terms: MailTerm[],
  expression: string | null,
  range: Range,
  oldestFirst: boolean,
  limit: number,
): MailRow[] {
  const checks = terms.filter((term) => term !== source.term).map(conditionOf)
  const conditions = [source.condition, ...limitIds(source.id, range), ...checks]
  if (expression !== null) conditions.push(holdsWords(expression))
  const { text, parameters } = joinConditions(conditions)
  const rows = database
    .prepare<unknown[], MailRow>(
      `SELECT mails.* FROM ${source.from} WHERE ${text} ORDER BY ${source.id} ${oldestFirst ? 'ASC' : 'DESC'}`,
    )
    .iterate(...parameters)
  const found: MailRow[] = []
  for (const row of rows) {
    // A mail with several notifications of a route, or deliveries on a channel, comes several times in a row.
    if (row.id !== found.at(-1)?.id) found.push(row)
    if (found.length >= limit) break
  }
  return found
}

/** Entries are sorted by the millisecond of their ids: within one, the order is made here. */
function readByWords(
  database: Database.Database,
  terms: MailTerm[],
  expression: string,
  range: Range,
  oldestFirst: boolean,
  limit: number,
): MailRow[] {
  const numbers = numbersOf(range)
  const { text, parameters } = joinConditions([
    { text: 'mail_words MATCH ?', parameters: [expression] },
    ...(numbers.from === null ? [] : [{ text: 'mail_words.rowid >= ?', parameters: [numbers.from] }]),
    ...(numbers.before === null ? [] : [{ text: 'mail_words.rowid < ?', parameters: [numbers.before] }]),
    ...limitIds('mails.id', range),
    ...terms.map(conditionOf),
  ])
  const rows = database
    .prepare<unknown[], MailRow>(
      `SELECT mails.* FROM mail_words CROSS JOIN search_entries ON search_entries.number = mail_words.rowid
       CROSS JOIN mails ON mails.id = search_entries.mail_id
       WHERE ${text} ORDER BY mail_words.rowid ${oldestFirst ? 'ASC' : 'DESC'}`,
    )
    .iterate(...parameters)
  const found: MailRow[] = []
  let last = -1
  for (const row of rows) {
    const number = firstNumberOf(row.id)
    if (found.length >= limit && number !== last) break
    last = number
    found.push(row)
  }
  const sign = oldestFirst ? 1 : -1
  return found.sort((one, other) => (one.id < other.id ? -sign : sign)).slice(0, limit)
}

function isById(term: MailTerm): boolean {
  return term.kind === 'id' && !term.negated
}

/** What a row of `mails` has to meet. Words are not in there. */
function conditionOf(term: MailTerm): Sql {
  const { text, parameters } = positiveOf(term)
  return { text: term.negated ? `NOT (${text})` : text, parameters }
}

function positiveOf(term: MailTerm): Sql {
  switch (term.kind) {
    case 'words':
    case 'attachment':
      return { text: term.negated ? 'false' : 'true', parameters: [] }
    case 'id':
      return { text: 'mails.id = ?', parameters: [term.value] }
    case 'state':
      return { text: 'mails.status = ?', parameters: [term.value] }
    case 'route':
      return existsIn('notifications', 'route', term.value)
    case 'channel':
      return existsIn('deliveries', 'channel', term.value)
    // The plus keeps SQLite from sorting all mails since then for one page of them.
    case 'before':
      return { text: '+mails.received_at < ?', parameters: [term.at] }
    case 'after':
      return { text: '+mails.received_at >= ?', parameters: [term.at] }
    case 'larger':
      return { text: 'mails.size_bytes > ?', parameters: [term.bytes] }
    case 'smaller':
      return { text: 'mails.size_bytes < ?', parameters: [term.bytes] }
  }
}

function existsIn(table: string, column: string, value: string): Sql {
  return {
    text: `EXISTS (SELECT 1 FROM ${table} AS made WHERE made.mail_id = mails.id AND made.${column} = ?)`,
    parameters: [value],
  }
}

function holdsWords(expression: string): Sql {
  const text = `EXISTS (SELECT 1 FROM search_entries CROSS JOIN mail_words ON mail_words.rowid = search_entries.number
    WHERE search_entries.mail_id = mails.id AND mail_words MATCH ?)`
  return { text, parameters: [expression] }
}

/** Ids sort by time, so what lies outside of the times that are asked for need not be read at all. */
function rangeOf(terms: MailTerm[], cursor: string | null, oldestFirst: boolean): Range {
  let from = oldestFirst ? cursor : null
  let before = oldestFirst ? null : cursor
  for (const term of terms) {
    if (term.kind !== 'before' && term.kind !== 'after') continue
    const isStart = (term.kind === 'after') !== term.negated
    if (isStart) {
      const first = idAt(term.at - idSlackMs)
      if (from === null || first > from) from = first
    } else {
      const end = idAt(term.at + idSlackMs)
      if (before === null || end < before) before = end
    }
  }
  return { from, before, after: oldestFirst ? cursor : null }
}

function idAt(timeMs: number): string {
  return encodeTime(Math.min(timeMax, Math.max(0, Math.floor(timeMs))), 10)
}

function limitIds(column: string, { from, before, after }: Range): Sql[] {
  const limits: Sql[] = []
  if (from !== null) limits.push({ text: `${column} >= ?`, parameters: [from] })
  if (before !== null) limits.push({ text: `${column} < ?`, parameters: [before] })
  if (after !== null) limits.push({ text: `${column} > ?`, parameters: [after] })
  return limits
}

/** Wide enough for the ids of the range: those of its first and last millisecond are compared one by one. */
function numbersOf({ from, before }: Range): { from: number | null; before: number | null } {
  return {
    from: from === null ? null : firstNumberOf(from),
    before: before === null ? null : firstNumberOf(before) + numbersPerMs,
  }
}

function joinConditions(conditions: Sql[]): Sql {
  return {
    text: conditions.map(({ text }) => text).join(' AND ') || 'true',
    parameters: conditions.flatMap(({ parameters }) => parameters),
  }
}
