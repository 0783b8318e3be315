import { chmodSync, statfsSync } from 'node:fs'
import { dirname } from 'node:path'
import type Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'
import { isSqliteError, openSqlite } from './binding.js'
import { blankNumbers } from './dead-letter-groups.js'
import { migrations } from './migrations.js'

const openBytesMin = 200_000

/**
 * Opens the one database file, creates or migrates it, and makes it power-safe.
 *
 * `better-sqlite3` is built so that WAL mode runs with `synchronous=NORMAL`, which loses acknowledged mail on a power
 * cut; FULL has to be set on every connection after the journal mode.
 */
export function openDatabase(file: string): Database.Database {
  const database = openFile(file)
  try {
    // Before the first page is written: SQLite gives the files it makes beside this one the same mode.
    chmodSync(file, 0o600)
    database.pragma('journal_mode = WAL')
    database.pragma('synchronous = FULL')
    database.pragma('foreign_keys = OFF')
    database.pragma('temp_store = MEMORY')
    database.pragma('cache_size = -16000')
    database.pragma('wal_autocheckpoint = 2000')
    database.pragma('trusted_schema = OFF')
    // SQLite's own lower() knows ASCII only.
    database.function('fold', { deterministic: true }, (text) => String(text).toLowerCase())
    database.function('blank_numbers', { deterministic: true }, (error) =>
      blankNumbers(error === null ? null : String(error)),
    )
    migrate(database)
  } catch (error) {
    database.close()
    throw explain(error, file)
  }
  return database
}

function openFile(file: string): Database.Database {
  try {
    return openSqlite(file, { timeout: 2_000 })
  } catch (error) {
    throw explain(error, file)
  }
}

function migrate(database: Database.Database): void {
  const version = Number(database.pragma('user_version', { simple: true }))
  if (version > migrations.length) {
    throw new StoreError(
      `the database was written by a newer version (schema ${version}, this program knows ${migrations.length})`,
    )
  }
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue
    database
      .transaction(() => {
        database.exec(step)
        database.pragma(`user_version = ${index + 1}`)
      })
      .immediate()
  }
}

function explain(error: unknown, file: string): StoreError {
  if (error instanceof StoreError) return error
  const said = error instanceof Error ? error.message : String(error)
  const message =
    isSqliteError(error) && isDiskFull(file) ? `the disk is full; make room on it, then start again (${said})` : said
  return new StoreError(`cannot open ${file}: ${message}`, { cause: error })
}

/** SQLite needs some room to open a file, and says no more than "disk I/O error" when there is none. */
function isDiskFull(file: string): boolean {
  const { bavail, bsize } = statfsSync(dirname(file))
  return bavail * bsize < openBytesMin
}
