type SqlValue = string | number | bigint | null

/** What may be bound to a statement: a list for `?`, or one object for names. */
export type SqlParameters = readonly (SqlValue | Record<string, SqlValue>)[]

const allowedKeywords: ReadonlySet<string> = new Set([
  'SELECT',
  'WITH',
  'VALUES',
  'INSERT',
  'UPDATE',
  'DELETE',
  'REPLACE',
  'CREATE',
  'DROP',
  'ALTER',
  'REINDEX',
  'ANALYZE',
])
const readingKeywords: ReadonlySet<string> = new Set(['SELECT', 'WITH', 'VALUES'])
const statementLengthMax = 100_000
const parametersMax = 1_000

/**
 * Lets through what works inside the one database and the one transaction of a run. `ATTACH`, `DETACH`, `PRAGMA`,
 * `VACUUM` and the statements of transactions exist only as the first word of a statement, and `prepare` takes one
 * statement at a time, so the first word decides. Throws an `Error` whose words are for the guest's author.
 */
export function checkStatement(sql: unknown, parameters: unknown): { text: string; values: SqlParameters } {
  return { text: checkText(sql, allowedKeywords), values: readParameters(parameters) }
}

/** The same for a question from outside, which must change nothing. */
export function checkQuestion(sql: string): string {
  return checkText(sql, readingKeywords)
}

function checkText(sql: unknown, allowed: ReadonlySet<string>): string {
  if (typeof sql !== 'string') throw new Error('the statement is not a text')
  if (sql.length > statementLengthMax) throw new Error(`a statement has at most ${statementLengthMax} characters`)
  // SQLite would read up to the first of these and stop, so what we look at would not be what runs.
  if (sql.includes('\0')) throw new Error('a statement holds no NUL character')
  const keyword = decidingKeyword(sql)
  if (!allowed.has(keyword)) {
    const allowedWords = [...allowed].join(', ')
    throw new Error(`${keyword || 'an empty statement'} is not allowed here; a statement begins with ${allowedWords}`)
  }
  if (/_mailtrigger/i.test(sql)) throw new Error('names that begin with _mailtrigger are reserved')
  // A pragma in the guise of a table; the others only describe what is in the database.
  if (/pragma_database_list/i.test(sql)) throw new Error('pragma_database_list is not allowed here')
  return sql
}

/**
 * The first word, behind any EXPLAIN: a pragma that sets a flag does so while it is prepared, so that it takes effect
 * although it is only explained (sqlite.org/pragma.html, "run during the SQL compilation stage").
 */
function decidingKeyword(sql: string): string {
  const first = readKeyword(sql, 0)
  if (first.word !== 'EXPLAIN') return first.word
  const second = readKeyword(sql, first.end)
  const isPlan = second.word === 'QUERY'
  return isPlan ? readKeyword(sql, readKeyword(sql, second.end).end).word : second.word
}

/** The next word behind blanks, empty statements, comments and byte order marks, in capitals; linear in the text. */
function readKeyword(sql: string, from: number): { word: string; end: number } {
  let at = from
  for (;;) {
    const start = at
    while (at < sql.length && /[\s;\uFEFF]/.test(sql.charAt(at))) at++
    if (sql.startsWith('--', at)) at = endOf(sql, '\n', at + 2)
    else if (sql.startsWith('/*', at)) at = endOf(sql, '*/', at + 2)
    if (at === start) break
  }
  const word = /^[a-z]+/i.exec(sql.slice(at, at + 20))?.[0] ?? ''
  return { word: word.toUpperCase(), end: at + word.length }
}

function endOf(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from)
  return found === -1 ? sql.length : found + mark.length
}

function readParameters(given: unknown): SqlParameters {
  if (given === undefined || given === null) return []
  if (Array.isArray(given)) {
    if (given.length > parametersMax) throw new Error(`a statement has at most ${parametersMax} parameters`)
    return given.map(readParameter)
  }
  if (typeof given !== 'object') throw new Error('the parameters are a list, or an object of names')
  return [Object.fromEntries(Object.entries(given).map(([name, value]) => [name, readParameter(value)]))]
}

function readParameter(value: unknown): SqlValue {
  if (typeof value === 'boolean') return value ? 1n : 0n
  // A JavaScript number is bound as a REAL, and 1 would come back from a column without a type as 1.0.
  if (Number.isSafeInteger(value)) return BigInt(value as number)
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  throw new Error('a parameter is a text, a number, true, false or null')
}
