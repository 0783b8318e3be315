import Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'

/**
 * Makes sure one process at a time works on a data folder: two would deliver everything twice.
 *
 * The lock is an exclusive SQLite transaction on a file of its own, because the kernel releases it however the process
 * ends; a file holding a process id would outlive kill -9.
 */
export function lockFolder(file: string): { release: () => void } {
  const database = new Database(file, { timeout: 500 })
  try {
    database.pragma('journal_mode = MEMORY')
    database.exec('BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    throw new StoreError('another mailtrigger is using this data folder; stop it, or name another one with --data', {
      cause: error,
    })
  }
  return { release: () => database.close() }
}
