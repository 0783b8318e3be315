import type Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isSqliteError, openSqlite } from './binding.js'

/**
 * Makes sure one process at a time works on a data folder: two would deliver everything twice.
 *
 * The lock is an exclusive SQLite transaction on a file of its own, because the kernel releases it however the process
 * ends; a file holding a process id would outlive kill -9.
 */
export function lockFolder(file: string): { release: () => void } {
  let database: Database.Database | undefined
  try {
    database = openSqlite(file, { timeout: 500 })
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    throw explain(error, file)
  }
  const held = database
  return { release: () => held.close() }
}

function explain(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error
  if (isSqliteError(error) && error.code.startsWith('SQLITE_BUSY')) {
    const advice = 'another mailtrigger is using this data folder; stop it, or name another one with --data'
    return new StoreError(advice, { cause: error })
  }
  const message = error instanceof Error ? error.message : String(error)
  return new StoreError(`cannot lock ${file}: ${message}`, { cause: error })
}
