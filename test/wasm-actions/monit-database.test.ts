import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type Database from 'better-sqlite3'
import { expect, it } from 'vitest'
import { openSqlite } from '#src/store/sqlite/binding.js'

const at = (name: string) => fileURLToPath(new URL(`../../wasm-actions/${name}`, import.meta.url))

function dump(database: Database.Database) {
  const tables = database.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'table'").all()
  return { tables, responsible: database.prepare('SELECT * FROM responsible ORDER BY host, service').all() }
}

it('ships the database that its SQL file makes', () => {
  const made = openSqlite(':memory:')
  made.exec(readFileSync(at('monit-watch.sql'), 'utf8'))
  const shipped = openSqlite(at('monit-watch.sqlite3'), { readonly: true })
  expect(dump(shipped)).toEqual(dump(made))
  expect(shipped.pragma('integrity_check', { simple: true })).toBe('ok')
  made.close()
  shipped.close()
})
