import { join } from 'node:path'
import type Database from 'better-sqlite3'
import { openSqlite } from '#src/store/sqlite/binding.js'
import type { Store } from '#src/store/store.js'
import { makeFolder, openStore } from './store-fixture.js'

/**
 * The statements that a store prepares when it is opened, or used, and `pattern` finds, with the steps of their plans that would
 * cost more the more rows there are: reading through a table, and sorting.
 */
export async function planStatements(
  pattern: RegExp,
  use: (store: Store) => Promise<void> = async () => undefined,
): Promise<{ text: string; costly: string[] }[]> {
  const folder = makeFolder()
  const texts = await rememberStatements(async () => {
    const store = openStore(folder)
    await use(store)
    await store.close()
  })
  const database = openSqlite(join(folder, 'mailtrigger.sqlite3'), { readonly: true })
  try {
    return texts.filter((text) => pattern.test(text)).map((text) => ({ text, costly: costlySteps(database, text) }))
  } finally {
    database.close()
  }
}

async function rememberStatements(work: () => Promise<void>): Promise<string[]> {
  const texts = new Set<string>()
  const opened = openSqlite(':memory:')
  const prototype: Database.Database = Object.getPrototypeOf(opened)
  opened.close()
  const { prepare } = prototype
  prototype.prepare = function remember(this: Database.Database, text: string) {
    texts.add(text)
    return prepare.call(this, text)
  } as typeof prepare
  try {
    await work()
  } finally {
    prototype.prepare = prepare
  }
  return [...texts]
}

function costlySteps(database: Database.Database, text: string): string[] {
  const named = [...text.matchAll(/@(\w+)/g)].map(([, name]) => [name, 0])
  const unnamed = [...text.matchAll(/\?/g)].map(() => 0)
  const parameters = named.length > 0 ? [...unnamed, Object.fromEntries(named)] : unnamed
  const plan = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${text}`).all(...parameters)
  // A recursive query steps through its own rows.
  return plan.map((step) => step.detail).filter((step) => /TEMP B-TREE|SCAN (?!waiting|CONSTANT)/.test(step))
}
