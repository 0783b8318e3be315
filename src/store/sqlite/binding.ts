import { createRequire } from 'node:module'
import type Database from 'better-sqlite3'
import { StoreError } from '../../domain/errors.js'

/**
 * The package that SQLite comes in: of better-sqlite3, no release runs on every Node we support.
 *
 * Up to 12, compiled for Node 24.19 or later, it aborts the process when a statement is garbage-collected while no
 * JavaScript runs: https://github.com/WiseLibs/better-sqlite3/issues/1515. From 13 on it needs Node-API 10, which Node
 * 20 never gets, and without it crashes in `new Database`: https://github.com/WiseLibs/better-sqlite3/issues/1514.
 */
export function nameBinding(): string {
  return Number(process.versions.napi) >= 10 ? 'better-sqlite3-13' : 'better-sqlite3'
}

/** Throws a `StoreError` when the binding itself cannot be loaded, else what better-sqlite3 throws. */
export function openSqlite(file: string, options?: Database.Options): Database.Database {
  try {
    const Binding = loadBinding()
    return new Binding(file, options)
  } catch (error) {
    if (!isLoadFailure(error)) throw error
    throw new StoreError('SQLite is not there for this Node version; run `npm ci`', { cause: error })
  }
}

/** True for what SQLite itself reports; its `code` is the extended result code, such as `SQLITE_BUSY_SNAPSHOT`. */
export function isSqliteError(error: unknown): error is InstanceType<Database.SqliteError> {
  return error instanceof Error && error.name === 'SqliteError'
}

function loadBinding(): typeof Database {
  return createRequire(import.meta.url)(nameBinding())
}

/** The package is missing, is not compiled or for another Node, or does not fit the system's C library. */
function isLoadFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = 'code' in error ? error.code : null
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_DLOPEN_FAILED' || error.message.includes('better_sqlite3.node')
}
