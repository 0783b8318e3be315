import type Database from 'better-sqlite3'
import type { ApiToken } from '../../domain/credentials.js'
import type { Role } from '../../domain/identity.js'

const listMax = 5_000

/** Bearer tokens for the API. Every function that writes runs inside the caller's transaction. */
export function prepareTokens(database: Database.Database) {
  const selectAll = database.prepare<[number], TokenRow>('SELECT * FROM api_tokens ORDER BY id DESC LIMIT ?')
  const selectOne = database.prepare<[string], TokenRow>('SELECT * FROM api_tokens WHERE digest = ?')
  const selectNamed = database.prepare<[string, number], { id: string }>(
    'SELECT id FROM api_tokens WHERE name = ? AND revoked_at IS NULL AND coalesce(expires_at > ?, 1)',
  )
  const insert = database.prepare(
    `INSERT INTO api_tokens (id, name, role, digest, created_by, created_at, expires_at, last_used_at, revoked_at)
     VALUES (@id, @name, @role, @digest, @createdBy, @createdAt, @expiresAt, @lastUsedAt, @revokedAt)`,
  )
  const revoke = database.prepare<[number, string]>(
    'UPDATE api_tokens SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL',
  )
  const endSessions = database.prepare<[string]>('DELETE FROM sessions WHERE token_id = ?')
  const saveUse = database.prepare<[number, string]>('UPDATE api_tokens SET last_used_at = ? WHERE id = ?')
  const forget = database.prepare<[number, number]>(
    `DELETE FROM api_tokens WHERE id IN (
       SELECT id FROM api_tokens WHERE min(coalesce(revoked_at, expires_at), coalesce(expires_at, revoked_at)) < ?
       LIMIT ?)`,
  )

  return {
    list: (): ApiToken[] => selectAll.all(listMax).map(toToken),
    read(digest: string): ApiToken | null {
      const row = selectOne.get(digest)
      return row ? toToken(row) : null
    },
    save(token: ApiToken): boolean {
      if (selectNamed.get(token.name, token.createdAt)) return false
      insert.run(token)
      return true
    },
    revoke(tokenId: string, now: number): boolean {
      if (revoke.run(now, tokenId).changes === 0) return false
      endSessions.run(tokenId)
      return true
    },
    saveUse: (tokenId: string, now: number): void => void saveUse.run(now, tokenId),
    forget: (before: number, limit: number): number => forget.run(before, limit).changes,
  }
}

interface TokenRow {
  id: string
  name: string
  role: Role
  digest: string
  created_by: string
  created_at: number
  expires_at: number | null
  last_used_at: number | null
  revoked_at: number | null
}

function toToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    digest: row.digest,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }
}
