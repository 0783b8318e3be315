import type Database from 'better-sqlite3'
import type { ConsoleUser } from '../../domain/credentials.js'
import type { Role } from '../../domain/identity.js'

const listMax = 5_000

/** Who signs in by name and password. Every function that writes runs inside the caller's transaction. */
export function prepareUsers(database: Database.Database) {
  const selectAll = database.prepare<[number], UserRow>('SELECT * FROM console_users ORDER BY name LIMIT ?')
  const selectOne = database.prepare<[string], UserRow>('SELECT * FROM console_users WHERE name = ?')
  const count = database.prepare<[], { users: number }>('SELECT count(*) AS users FROM console_users')
  const countOtherAdmins = database.prepare<[string], { admins: number }>(
    `SELECT count(*) AS admins FROM console_users WHERE role = 'admin' AND name <> ?`,
  )
  const insert = database.prepare(
    `INSERT OR IGNORE INTO console_users (name, role, password_hash, created_at, changed_at)
     VALUES (@name, @role, @passwordHash, @createdAt, @changedAt)`,
  )
  const savePassword = database.prepare<[string, number, string]>(
    'UPDATE console_users SET password_hash = ?, changed_at = ? WHERE name = ?',
  )
  const saveRole = database.prepare<[Role, number, string]>(
    'UPDATE console_users SET role = ?, changed_at = ? WHERE name = ?',
  )
  const remove = database.prepare<[string]>('DELETE FROM console_users WHERE name = ?')
  const endSessions = database.prepare<[string, string]>('DELETE FROM sessions WHERE user = ? AND id <> ?')

  const countUsers = (): number => count.get()?.users ?? 0
  const isLastAdmin = ({ name, role }: UserRow): boolean =>
    role === 'admin' && (countOtherAdmins.get(name)?.admins ?? 0) === 0

  return {
    list: (): ConsoleUser[] => selectAll.all(listMax).map(toUser),
    read(name: string): ConsoleUser | null {
      const row = selectOne.get(name)
      return row ? toUser(row) : null
    },
    count: countUsers,
    create(user: ConsoleUser, { onlyIfFirst = false }: { onlyIfFirst?: boolean } = {}): boolean {
      if (onlyIfFirst && countUsers() > 0) return false
      return insert.run(user).changes > 0
    },
    savePassword(change: { name: string; passwordHash: string; keepSession: string | null; now: number }): boolean {
      if (savePassword.run(change.passwordHash, change.now, change.name).changes === 0) return false
      endSessions.run(change.name, change.keepSession ?? '')
      return true
    },
    saveRole(name: string, role: Role, now: number): 'saved' | 'missing' | 'last_admin' {
      const row = selectOne.get(name)
      if (!row) return 'missing'
      if (role !== 'admin' && isLastAdmin(row)) return 'last_admin'
      saveRole.run(role, now, name)
      return 'saved'
    },
    remove(name: string): 'deleted' | 'missing' | 'last_admin' {
      const row = selectOne.get(name)
      if (!row) return 'missing'
      if (isLastAdmin(row)) return 'last_admin'
      remove.run(name)
      endSessions.run(name, '')
      return 'deleted'
    },
  }
}

interface UserRow {
  name: string
  role: Role
  password_hash: string
  created_at: number
  changed_at: number
}

function toUser(row: UserRow): ConsoleUser {
  return {
    name: row.name,
    role: row.role,
    passwordHash: row.password_hash,
    createdAt: row.created_at,
    changedAt: row.changed_at,
  }
}
