import type Database from 'better-sqlite3'
import type { QueryResult } from '../../domain/job.js'
import { isSqliteError, openSqlite } from './binding.js'
import { dropOutbox, resultBytesMax } from './guarded-database.js'
import { checkQuestion } from './guest-sql.js'

/**
 * Checks a database that came from outside, and makes it fit for a job: whole, within the cap, and without what only
 * the gateway writes. Run it in a process that may be killed: a malformed file can keep SQLite busy for long.
 * Throws an `Error` that says what is wrong.
 */
export function checkDatabaseFile(file: string, bytesMax: number): void {
  let database: Database.Database | undefined
  try {
    database = openSqlite(file, { fileMustExist: true, timeout: 2_000 })
    database.pragma('trusted_schema = OFF')
    database.pragma('cell_size_check = ON')
    const pages = Number(database.pragma('page_count', { simple: true }))
    const sizeBytes = pages * Number(database.pragma('page_size', { simple: true }))
    if (sizeBytes > bytesMax) {
      throw new Error(`the database has ${sizeBytes} bytes, at most ${bytesMax} are allowed`)
    }
    const problem = database.pragma('quick_check(1)', { simple: true })
    if (problem !== 'ok') throw new Error(`the database is corrupt: ${String(problem).slice(0, 200)}`)
    dropOutbox(database)
  } catch (error) {
    throw explainFile(error)
  } finally {
    database?.close()
  }
}

/** Writes a consistent copy to a file that must not exist yet, also while somebody else writes. */
export function copyDatabaseFile(file: string, target: string): void {
  const database = openSqlite(file, { fileMustExist: true, timeout: 5_000 })
  try {
    database.prepare('VACUUM INTO ?').run(target)
  } finally {
    database.close()
  }
}

/**
 * Answers one question, reading only. It may run for ever, so the process that asks must be killed when it is late.
 * Throws an `Error` whose words are for the person who asked.
 */
export function queryDatabaseFile(file: string, sql: string, rowsMax: number): QueryResult {
  const text = checkQuestion(sql)
  const database = openSqlite(file, { readonly: true, fileMustExist: true, timeout: 1_000 })
  try {
    database.pragma('query_only = ON')
    database.pragma('trusted_schema = OFF')
    database.pragma('temp_store = MEMORY')
    const statement = database.prepare<[], unknown[]>(text)
    if (!statement.reader) throw new Error('the statement returns no rows')
    const columns = statement.columns().map((column) => column.name)
    const rows: unknown[][] = []
    let sizeBytes = 0
    for (const row of statement.raw().iterate()) {
      const shown = row.map((value) =>
        value instanceof Uint8Array ? `x'${Buffer.from(value).toString('hex')}'` : value,
      )
      sizeBytes += Buffer.byteLength(JSON.stringify(shown))
      if (rows.length >= rowsMax || sizeBytes > resultBytesMax) return { columns, rows, truncated: true }
      rows.push(shown)
    }
    return { columns, rows, truncated: false }
  } finally {
    database.close()
  }
}

/** SQLite's own words for a file that is none are hard to tell from others. */
export function explainFile(error: unknown): unknown {
  if (!isSqliteError(error)) return error
  if (error.code === 'SQLITE_NOTADB') return new Error('the file is no SQLite database')
  if (error.code.startsWith('SQLITE_CORRUPT')) return new Error(`the database is corrupt: ${error.message}`)
  if (error.code === 'SQLITE_CANTOPEN') return new Error('the database cannot be opened')
  return error
}
