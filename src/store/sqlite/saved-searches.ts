import type Database from 'better-sqlite3'
import type { SavedSearch, SavedSearchStore } from '../saved-search-store.js'
import type { CommitQueue } from './commit-queue.js'

const listMax = 1_000

export const savedSearchSchema = `
  CREATE TABLE saved_searches (
    owner  TEXT NOT NULL,
    name   TEXT NOT NULL,
    search TEXT NOT NULL,
    PRIMARY KEY (owner, name)
  ) STRICT, WITHOUT ROWID;
`

/** Searches that people keep. */
export function prepareSavedSearches(database: Database.Database, queue: CommitQueue): SavedSearchStore {
  const select = database.prepare<[string, number], SavedSearch>(
    'SELECT name, search FROM saved_searches WHERE owner = ? ORDER BY name LIMIT ?',
  )
  const countOthers = database.prepare<[string, string], { count: number }>(
    'SELECT count(*) AS count FROM saved_searches WHERE owner = ? AND name <> ?',
  )
  const save = database.prepare<[string, string, string]>(
    `INSERT INTO saved_searches (owner, name, search) VALUES (?, ?, ?)
     ON CONFLICT (owner, name) DO UPDATE SET search = excluded.search`,
  )
  const remove = database.prepare<[string, string]>('DELETE FROM saved_searches WHERE owner = ? AND name = ?')
  return {
    listSavedSearches: async (owner) => select.all(owner, listMax),
    saveSearch: (owner, { name, search }, countMax) =>
      queue.write(() => {
        if ((countOthers.get(owner, name)?.count ?? 0) >= countMax) return false
        save.run(owner, name, search)
        return true
      }),
    deleteSavedSearch: (owner, name) => queue.write(() => remove.run(owner, name).changes > 0),
  }
}
