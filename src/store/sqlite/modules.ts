import type Database from 'better-sqlite3'
import type { ModuleVersion } from '../../domain/module-version.js'
import type { NewModule, StoredModule } from '../module-store.js'

const versionsMax = 20

/** Versions of uploaded modules. Every function that writes runs inside the caller's transaction. */
export function prepareModules(database: Database.Database) {
  const columns = 'name, sha256, filename, size_bytes, kinds, uploaded_at, active'
  const insert = database.prepare(
    `INSERT INTO module_versions (name, sha256, filename, size_bytes, kinds, uploaded_at, active, bytes)
     VALUES (@name, @sha256, @filename, @sizeBytes, @kinds, @uploadedAt, 1, @bytes)`,
  )
  const forgetSame = database.prepare<[string, string]>('DELETE FROM module_versions WHERE name = ? AND sha256 = ?')
  const forgetOld = database.prepare<[string, string, number]>(
    `DELETE FROM module_versions WHERE name = ? AND number <
       (SELECT number FROM module_versions WHERE name = ? ORDER BY number DESC LIMIT 1 OFFSET ?)`,
  )
  const forgetName = database.prepare<[string]>('DELETE FROM module_versions WHERE name = ?')
  const deactivate = database.prepare<[string]>('UPDATE module_versions SET active = 0 WHERE name = ? AND active = 1')
  const activate = database.prepare<[string, string]>(
    'UPDATE module_versions SET active = 1 WHERE name = ? AND sha256 = ?',
  )
  const read = database.prepare<[string, string], StoredModule>(
    'SELECT filename, bytes FROM module_versions WHERE name = ? AND sha256 = ?',
  )
  const exists = database.prepare<[string, string], { number: number }>(
    'SELECT number FROM module_versions WHERE name = ? AND sha256 = ?',
  )
  const list = database.prepare<[], VersionRow>(`SELECT ${columns} FROM module_versions ORDER BY name, number DESC`)
  const listOne = database.prepare<[string], VersionRow>(
    `SELECT ${columns} FROM module_versions WHERE name = ? ORDER BY number DESC`,
  )

  return {
    save({ kinds, bytes, ...module }: NewModule): void {
      forgetSame.run(module.name, module.sha256)
      deactivate.run(module.name)
      insert.run({ ...module, kinds: kinds.join(' '), sizeBytes: bytes.byteLength, bytes })
      forgetOld.run(module.name, module.name, versionsMax - 1)
    },
    list: (name?: string): ModuleVersion[] => (name === undefined ? list.all() : listOne.all(name)).map(toVersion),
    read: (name: string, sha256: string): StoredModule | null => read.get(name, sha256) ?? null,
    activate(name: string, sha256: string): boolean {
      if (!exists.get(name, sha256)) return false
      deactivate.run(name)
      activate.run(name, sha256)
      return true
    },
    delete: (name: string): number => forgetName.run(name).changes,
  }
}

interface VersionRow {
  name: string
  sha256: string
  filename: string
  size_bytes: number
  kinds: string
  uploaded_at: number
  active: number
}

function toVersion(row: VersionRow): ModuleVersion {
  return {
    ...row,
    kinds: row.kinds.split(' ') as ModuleVersion['kinds'],
    uploaded_at: new Date(row.uploaded_at).toISOString(),
    active: row.active === 1,
  }
}
