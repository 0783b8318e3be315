import type Database from 'better-sqlite3'
import { SandboxError } from '../../domain/errors.js'
import { isSqliteError, openSqlite } from './binding.js'
import { checkStatement, type SqlParameters } from './guest-sql.js'

/** A job's own database during one run, opened in the child process. Foreign code writes the statements. */
export interface GuardedDatabase {
  /** What an earlier run committed and nobody has taken over yet, or null. */
  readReport: () => { runId: string; report: string } | null
  clearReport: (runId: string) => void
  begin: () => void
  query: (sql: unknown, parameters: unknown) => Record<string, unknown>[]
  exec: (sql: unknown, parameters: unknown) => { changes: number; last_insert_rowid: number }
  /** Rows inserted, updated and deleted since `begin`. */
  rowsChanged: () => number
  /** Commits what the run wrote, and with it the report: either both are there afterwards, or neither is. */
  commit: (runId: string, report: string) => void
  /** Rolls back what is open, and closes. */
  close: () => void
}

export const rowsMax = 1_000
export const resultBytesMax = 1024 * 1024
/** Guests cannot name it: statements with this name in them are refused. */
const outbox = '_mailtrigger_outbox'
/** Larger than any job's database: a run's pages stay in memory until the commit, so the log cannot outgrow the cap. */
const cacheKiB = 128 * 1024

/**
 * Opens a job's database for a run. There is no authorizer in better-sqlite3, so the guard is the statement itself: see
 * `checkStatement`. What a statement can do beyond that is bounded here: the file by its pages, a result by rows and
 * bytes, and memory and time by the process, which is killed.
 */
export function openGuardedDatabase(file: string, bytesMax: number): GuardedDatabase {
  const database = openSqlite(file, { timeout: 5_000 })
  try {
    secure(database, bytesMax)
  } catch (error) {
    database.close()
    throw error
  }
  let changesBefore = 0
  const totalChanges = () => Number(database.prepare('SELECT total_changes()').pluck().get())

  /** `OR ROLLBACK` in any place ends the transaction, and all that came after would be committed at once. */
  const checkTransaction = () => {
    if (!database.inTransaction) {
      throw new SandboxError('trap', "a statement rolled back the run's transaction; a run is one transaction")
    }
  }
  const inTransaction = <Result>(work: () => Result): Result => {
    checkTransaction()
    try {
      const result = work()
      checkTransaction()
      return result
    } catch (error) {
      if (isFull(error)) throw new SandboxError('trap', fullWords(bytesMax))
      checkTransaction()
      throw error
    }
  }

  return {
    readReport: () => readOutbox(database),
    clearReport: (runId) => {
      if (!hasOutbox(database)) return
      database.prepare(`DELETE FROM ${outbox} WHERE run_id = ?`).run(runId)
      if (readOutbox(database) === null) database.exec(`DROP TABLE ${outbox}`)
    },
    begin: () => {
      database.exec('BEGIN IMMEDIATE')
      changesBefore = totalChanges()
    },
    query: (sql, parameters) =>
      inTransaction(() => {
        const { text, values } = checkStatement(sql, parameters)
        const statement = database.prepare<unknown[], Record<string, unknown>>(text)
        if (!statement.reader) throw new Error('db_query takes a statement that returns rows; use db_exec')
        return collectRows(statement.iterate(...values))
      }),
    exec: (sql, parameters) =>
      inTransaction(() => {
        const { text, values } = checkStatement(sql, parameters)
        return execute(database, text, values)
      }),
    rowsChanged: () => totalChanges() - changesBefore,
    commit: (runId, report) => {
      checkTransaction()
      // Made anew, so that no trigger stands on it.
      database.exec(`DROP TABLE IF EXISTS ${outbox}; CREATE TABLE ${outbox} (run_id TEXT PRIMARY KEY, report TEXT)`)
      database.prepare(`INSERT INTO ${outbox} VALUES (?, ?)`).run(runId, report)
      database.exec('COMMIT')
    },
    close: () => {
      if (database.inTransaction) database.exec('ROLLBACK')
      database.close()
    },
  }
}

/** Forgets what a database from elsewhere brought along: its reports are not ours to deliver. */
export function dropOutbox(database: Database.Database): void {
  database.exec(`DROP TABLE IF EXISTS ${outbox}`)
}

function secure(database: Database.Database, bytesMax: number): void {
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  database.pragma('trusted_schema = OFF')
  database.pragma('temp_store = MEMORY')
  database.pragma('cell_size_check = ON')
  database.pragma(`cache_size = -${cacheKiB}`)
  database.pragma('cache_spill = OFF')
  const pageSize = Number(database.pragma('page_size', { simple: true }))
  database.pragma(`max_page_count = ${Math.floor(bytesMax / pageSize)}`)
}

function hasOutbox(database: Database.Database): boolean {
  return database.prepare(`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '${outbox}'`).get() !== undefined
}

function readOutbox(database: Database.Database): { runId: string; report: string } | null {
  if (!hasOutbox(database)) return null
  const row = database.prepare<[], { run_id: string; report: string }>(`SELECT run_id, report FROM ${outbox}`).get()
  return row ? { runId: row.run_id, report: row.report } : null
}

function collectRows(found: Iterable<Record<string, unknown>>): Record<string, unknown>[] {
  const rows: Record<string, unknown>[] = []
  let sizeBytes = 0
  for (const row of found) {
    for (const [column, value] of Object.entries(row)) {
      if (value instanceof Uint8Array) throw new Error(`column ${column} is a blob; select hex(${column}) instead`)
    }
    sizeBytes += Buffer.byteLength(JSON.stringify(row))
    if (rows.length >= rowsMax || sizeBytes > resultBytesMax) {
      throw new Error(`the result has more than ${rowsMax} rows or ${resultBytesMax} bytes; use LIMIT`)
    }
    rows.push(row)
  }
  return rows
}

function execute(database: Database.Database, text: string, values: SqlParameters) {
  const statement = database.prepare(text)
  if (!statement.reader) {
    const { changes, lastInsertRowid } = statement.run(...values)
    return { changes, last_insert_rowid: Number(lastInsertRowid) }
  }
  // RETURNING: the rows are stepped through, because only then everything is done.
  const changes = collectRows(statement.iterate(...values) as Iterable<Record<string, unknown>>).length
  return { changes, last_insert_rowid: Number(database.prepare('SELECT last_insert_rowid()').pluck().get()) }
}

function isFull(error: unknown): boolean {
  return isSqliteError(error) && error.code === 'SQLITE_FULL'
}

function fullWords(bytesMax: number): string {
  return `the database is full: it may have ${bytesMax} bytes (or the disk has no room left)`
}
