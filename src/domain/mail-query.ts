import { type MailStatus, mailStatuses } from './delivery.js'
import { isSingle, splitWords } from './search-words.js'
import { suggestionHint } from './suggest.js'
import { parseDuration, parseSize } from './units.js'

/** What a search for mails asks for: every term has to hold. No term at all means every mail. */
export interface MailQuery {
  terms: MailTerm[]
}

export type MailTerm = { negated: boolean } & (
  | WordsTerm
  | { kind: 'route' | 'channel' | 'id'; value: string }
  | { kind: 'state'; value: MailStatus }
  | { kind: 'attachment' }
  /** Milliseconds since the epoch: before it, or from it on. */
  | { kind: 'before' | 'after'; at: number }
  | { kind: 'larger' | 'smaller'; bytes: number }
)

export interface WordsTerm {
  kind: 'words'
  field: WordsField
  /** As `splitWords` gives them; they stand one behind the other. Never empty. */
  words: string[]
  /** The last word is the beginning of one. */
  isPrefix: boolean
}

export type WordsField = 'any' | 'subject' | 'from' | 'to' | 'rcpt' | 'body'

const queryLengthMax = 500
const termsMax = 20
/** The beginning of a word has to be this long: a shorter one would be that of half the archive. */
const prefixLengthMin = 3

/** Each key with what it takes, in the order in which help lists them. */
export const queryKeys = [
  'from',
  'to',
  'rcpt',
  'subject',
  'body',
  'route',
  'channel',
  'state',
  'has',
  'before',
  'after',
  'larger',
  'smaller',
  'id',
] as const
type QueryKey = (typeof queryKeys)[number]

/** A search that cannot be understood. `hint` says what to write instead. */
export class MailQueryError extends Error {
  override readonly name = 'MailQueryError'
  readonly hint: string | null
  constructor(message: string, hint: string | null) {
    super(message)
    this.hint = hint
  }
}

/**
 * Reads `disk "out of space" from:monit subject:"disk full" state:failed after:2h -test backup*`: terms that all have to
 * hold, and `-` or `!` before one that must not. Words are whole words, unless a `*` ends them. Throws `MailQueryError`.
 * @param now milliseconds since the epoch, for times that are counted back
 */
export function parseMailQuery(text: string, now: number): MailQuery {
  if (text.length > queryLengthMax) throw tooLong(`${queryLengthMax} characters`)
  const terms: MailTerm[] = []
  let unsaid = ''
  for (const piece of splitPieces(text)) {
    const term = readTerm(piece, now)
    if (term === null) unsaid = piece.value
    else terms.push(term)
    if (terms.length > termsMax) throw tooLong(`${termsMax} terms`)
  }
  // A sign between words says nothing, but a search for signs alone must not find everything.
  if (terms.length === 0 && unsaid !== '') throw nothingToFind(unsaid)
  return { terms }
}

/** The query as text that reads as the same query. Times are absolute. */
export function printMailQuery({ terms }: MailQuery): string {
  return terms.map((term) => `${term.negated ? '-' : ''}${printTerm(term)}`).join(' ')
}

/** A query for these words in any place, as they are: no character has a meaning. */
export function queryForWords(text: string): MailQuery {
  const terms = text
    .split(/\s+/)
    .map(splitWords)
    .filter((words) => words.length > 0)
    .slice(0, termsMax)
    .map((words) => ({ kind: 'words' as const, field: 'any' as const, words, isPrefix: false, negated: false }))
  return { terms }
}

interface Piece {
  negated: boolean
  key: string | null
  value: string
  quoted: boolean
}

/** `-key:"value"` or `-key:value` or without one or the other, at the start of what is left. */
const pieceShape = /\s*([-!]?)(?:([a-z][a-z_]*):(?!\/\/))?(?:"((?:[^"\\]|\\.)*)"(?=\s|$)|(\S*))/iy

function* splitPieces(text: string): Generator<Piece> {
  const end = text.trimEnd().length
  // A fresh copy: the caller may come back for the next piece after somebody else has used the shape.
  const shape = new RegExp(pieceShape)
  while (shape.lastIndex < end) {
    const match = shape.exec(text)
    if (match === null) return
    const [, sign = '', key = null, quoted, bare = ''] = match
    if (quoted === undefined && bare.startsWith('"')) {
      throw new MailQueryError(
        `the quotes of ${shorten(bare)} do not end, or something follows them`,
        'close them: "…"',
      )
    }
    const value = quoted === undefined ? bare : quoted.replace(/\\(.)/gs, '$1')
    yield { negated: sign !== '', key, value, quoted: quoted !== undefined }
  }
}

/** Null for a sign that stands alone. */
function readTerm(piece: Piece, now: number): MailTerm | null {
  const { negated, value, quoted } = piece
  if (piece.key === null) {
    const words = splitWords(value)
    if (words.length > 0) return { ...readWords('any', value, quoted), negated }
    if (quoted) throw nothingToFind(value)
    return null
  }
  const key = piece.key.toLowerCase()
  if (!isQueryKey(key)) {
    const hint = suggestionHint(key, queryKeys, 'the keys are')
    throw new MailQueryError(
      `there is no key "${shorten(piece.key)}:"`,
      `${hint}; to find the text itself, put it in quotes`,
    )
  }
  if (value.trim() === '') throw new MailQueryError(`${key}: has no value`, exampleOf[key])
  return { ...readKeyed(key, value, quoted, now), negated }
}

function readKeyed(key: QueryKey, value: string, quoted: boolean, now: number): WithoutSign<MailTerm> {
  switch (key) {
    case 'subject':
    case 'from':
    case 'to':
    case 'rcpt':
    case 'body':
      return readWords(key, value, quoted)
    case 'route':
    case 'channel':
    case 'id':
      return { kind: key, value }
    case 'state': {
      const status = mailStatuses.find((one) => one === value.toLowerCase())
      if (status) return { kind: 'state', value: status }
      throw new MailQueryError(`no mail is ever "${shorten(value)}"`, suggestionHint(value, mailStatuses, 'states are'))
    }
    case 'has':
      if (/^attachments?$/i.test(value)) return { kind: 'attachment' }
      throw new MailQueryError(`"has:${shorten(value)}" is not known`, exampleOf.has)
    case 'before':
    case 'after':
      return { kind: key, at: readMoment(key, value, now) }
    case 'larger':
    case 'smaller': {
      const bytes = parseSize(value)
      if (bytes !== null && Number.isSafeInteger(bytes)) return { kind: key, bytes }
      throw new MailQueryError(`"${shorten(value)}" is no size`, exampleOf[key])
    }
  }
}

type WithoutSign<Term> = Term extends unknown ? Omit<Term, 'negated'> : never

function readWords(field: WordsField, value: string, quoted: boolean): WordsTerm {
  const words = splitWords(value)
  const last = words.at(-1)
  if (last === undefined) throw nothingToFind(value)
  const isPrefix = !quoted && value.endsWith('*') && !isSingle(last)
  if (isPrefix && last.length < prefixLengthMin) {
    const hint = `write at least ${prefixLengthMin} letters before the *`
    throw new MailQueryError(`"${shorten(value)}" is the beginning of too many words`, hint)
  }
  return { kind: 'words', field, words, isPrefix }
}

/** `2026-11-20`, an ISO time, or `2h` and `3d ago`, which count back from now. A date alone is its midnight in UTC. */
function readMoment(key: 'before' | 'after', value: string, now: number): number {
  const agoMs = parseDuration(value.replace(/\s*ago$/i, ''))
  if (agoMs !== null && agoMs <= now) return now - agoMs
  const at = /^\d{4}-\d{2}-\d{2}/.test(value) ? Date.parse(value) : Number.NaN
  if (!Number.isNaN(at)) return at
  throw new MailQueryError(`"${shorten(value)}" is no time`, exampleOf[key])
}

const exampleOf: Record<QueryKey, string> = {
  from: 'from:monit@example.com',
  to: 'to:ops@example.com',
  rcpt: 'rcpt:devops',
  subject: 'subject:"disk full"',
  body: 'body:timeout',
  route: 'route:"Disk alerts"',
  channel: 'channel:telegram',
  state: `state: takes ${mailStatuses.join(', ')}`,
  has: 'has:attachment',
  before: 'before:2026-11-20, or before:3d for three days ago',
  after: 'after:2026-11-20T08:00Z, or after:2h for two hours ago',
  larger: 'larger:5MB',
  smaller: 'smaller:20KB',
  id: 'id: takes the id of a mail',
}

function isQueryKey(key: string): key is QueryKey {
  return (queryKeys as readonly string[]).includes(key)
}

function printTerm(term: MailTerm): string {
  switch (term.kind) {
    case 'words':
      return `${term.field === 'any' ? '' : `${term.field}:`}${printWords(term)}`
    case 'route':
    case 'channel':
    case 'id':
      return `${term.kind}:${quote(term.value)}`
    case 'state':
      return `state:${term.value}`
    case 'attachment':
      return 'has:attachment'
    case 'before':
    case 'after':
      return `${term.kind}:${new Date(term.at).toISOString()}`
    case 'larger':
    case 'smaller':
      return `${term.kind}:${term.bytes}`
  }
}

/** Words hold no sign that means anything, so a beginning need not be quoted; its words are held together by dots. */
function printWords({ words, isPrefix }: WordsTerm): string {
  return isPrefix ? `${words.join('.')}*` : quote(words.join(' '))
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`
}

function tooLong(limit: string): MailQueryError {
  return new MailQueryError(`the search is longer than ${limit}`, 'ask for less at a time')
}

function nothingToFind(value: string): MailQueryError {
  return new MailQueryError(
    `"${shorten(value)}" has no letter, digit or symbol to look for`,
    'write a word of the mail',
  )
}

function shorten(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value
}
