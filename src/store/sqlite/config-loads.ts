import type Database from 'better-sqlite3'
import type { ConfigLoad } from '../../domain/config-load.js'
import { createIdSource } from '../../domain/new-id.js'
import type { ConfigLoadLine, ConfigStore } from '../config-store.js'

const keptMax = 200
/** A file that is broken all over says enough by its first errors. */
const issuesMax = 50

export const configLoadSchema = `
  CREATE TABLE config_loads (
    id     TEXT PRIMARY KEY,
    at     INTEGER NOT NULL,
    actor  TEXT NOT NULL,
    hash   TEXT,
    routes INTEGER,
    issues TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
`

/** How the config was read. `save` runs inside the caller's transaction. */
export function prepareConfigLoads(database: Database.Database) {
  const newId = createIdSource()
  const insert = database.prepare(
    `INSERT INTO config_loads (id, at, actor, hash, routes, issues)
     VALUES (@id, @at, @actor, @hash, @routes, @issues)`,
  )
  const forget = database.prepare<[number]>(
    'DELETE FROM config_loads WHERE id <= (SELECT id FROM config_loads ORDER BY id DESC LIMIT 1 OFFSET ?)',
  )
  const select = database.prepare<[string | null, string | null, number], Row>(
    'SELECT * FROM config_loads WHERE ? IS NULL OR id < ? ORDER BY id DESC LIMIT ?',
  )

  return {
    save(load: ConfigLoad): void {
      insert.run({ ...load, id: newId(load.at), issues: JSON.stringify(load.issues.slice(0, issuesMax)) })
      forget.run(keptMax)
    },
    async list({ limit, cursor = undefined }: Parameters<ConfigStore['listConfigLoads']>[0]) {
      const rows = select.all(cursor ?? null, cursor ?? null, limit + 1)
      const items = rows.slice(0, limit).map(toLine)
      return { items, next_cursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
    },
  }
}

interface Row {
  id: string
  at: number
  actor: string
  hash: string | null
  routes: number | null
  issues: string
}

function toLine({ id, at, actor, hash, routes, issues }: Row): ConfigLoadLine {
  return {
    id,
    at: new Date(at).toISOString(),
    actor,
    hash,
    routes,
    issues: JSON.parse(issues) as ConfigLoadLine['issues'],
  }
}
