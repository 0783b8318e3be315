import { StoreError } from '../../domain/errors.js'

/** SQLite compiled for another Node: the one failure to load it that a person can mend by one command; else null. */
export function explainNativeModule(error: unknown): StoreError | null {
  const message = error instanceof Error ? error.message : String(error)
  if (!/NODE_MODULE_VERSION|better_sqlite3\.node/.test(message)) return null
  return new StoreError('SQLite was built for another Node version; run `npm rebuild better-sqlite3`', { cause: error })
}
