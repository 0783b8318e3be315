import type Database from 'better-sqlite3'
import type { ConsoleSession, SessionHolder, SignInCode } from '../../domain/credentials.js'
import type { Role } from '../../domain/identity.js'
import type { HeldSession } from '../identity-store.js'

const listMax = 1_000

/** Sessions with what their holders may do now: whoever is demoted is so in the next request. `@now` ends the rest. */
const held = `SELECT sessions.*, coalesce(console_users.name, api_tokens.name) AS name,
    CASE WHEN owner_digest IS NOT NULL THEN 'admin' ELSE coalesce(console_users.role, api_tokens.role) END AS role
  FROM sessions
    LEFT JOIN console_users ON console_users.name = sessions.user
    LEFT JOIN api_tokens ON api_tokens.id = sessions.token_id
      AND api_tokens.revoked_at IS NULL AND coalesce(api_tokens.expires_at > @now, 1)
  WHERE sessions.expires_at > @now
    AND (owner_digest IS NOT NULL OR console_users.name IS NOT NULL OR api_tokens.id IS NOT NULL)`
const isHeldBy = 'user IS @user AND token_id IS @tokenId AND owner_digest IS @ownerDigest'

/** The console's sessions, and the codes that begin one. Every function that writes runs inside the caller's transaction. */
export function prepareSessions(database: Database.Database) {
  const selectOne = database.prepare<[{ digest: string; now: number }], SessionRow>(
    `${held} AND sessions.digest = @digest`,
  )
  const selectAll = database.prepare<[{ now: number; limit: number }], SessionRow>(
    `${held} ORDER BY sessions.id DESC LIMIT @limit`,
  )
  const selectHeld = database.prepare<[HolderColumns & { now: number; limit: number }], SessionRow>(
    `${held} AND ${isHeldBy} ORDER BY sessions.id DESC LIMIT @limit`,
  )
  const insert = database.prepare(
    `INSERT INTO sessions (id, digest, user, token_id, owner_digest, created_at, last_seen_at, expires_at, client, user_agent)
     VALUES (@id, @digest, @user, @tokenId, @ownerDigest, @createdAt, @lastSeenAt, @expiresAt, @client, @userAgent)`,
  )
  const endOldest = database.prepare<[number]>(
    `DELETE FROM sessions WHERE id IN (
       SELECT id FROM sessions ORDER BY last_seen_at, id LIMIT max(0, (SELECT count(*) FROM sessions) - ?))`,
  )
  const saveUse = database.prepare<[number, string]>('UPDATE sessions SET last_seen_at = ? WHERE id = ?')
  const end = database.prepare<[string]>('DELETE FROM sessions WHERE id = ?')
  const endHeld = database.prepare<[HolderColumns & { keep: string }]>(
    `DELETE FROM sessions WHERE ${isHeldBy} AND id <> @keep`,
  )
  const forget = database.prepare<[number, number, number]>(
    'DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE last_seen_at < ? OR expires_at <= ? LIMIT ?)',
  )

  return {
    save(session: ConsoleSession, countMax: number): void {
      const { holder, ...plain } = session
      insert.run({ ...plain, ...columnsOf(holder) })
      endOldest.run(countMax)
    },
    read(digest: string, now: number): HeldSession | null {
      const row = selectOne.get({ digest, now })
      return row ? toSession(row) : null
    },
    saveUse: (sessionId: string, now: number): void => void saveUse.run(now, sessionId),
    list(holder: SessionHolder | null, now: number, limit: number): HeldSession[] {
      const page = { now, limit: Math.min(Math.max(1, limit), listMax) }
      const rows = holder === null ? selectAll.all(page) : selectHeld.all({ ...page, ...columnsOf(holder) })
      return rows.map(toSession)
    },
    end: (sessionId: string): boolean => end.run(sessionId).changes > 0,
    endOf: (holder: SessionHolder, keepSession: string | null): number =>
      endHeld.run({ ...columnsOf(holder), keep: keepSession ?? '' }).changes,
    forget: (seenBefore: number, now: number, limit: number): number => forget.run(seenBefore, now, limit).changes,
  }
}

export function prepareSignInCodes(database: Database.Database) {
  const insert = database.prepare(
    'INSERT INTO sign_in_codes (digest, created_by, expires_at) VALUES (@digest, @createdBy, @expiresAt)',
  )
  const forgetOldest = database.prepare<[number]>(
    `DELETE FROM sign_in_codes WHERE digest IN (SELECT digest FROM sign_in_codes
       ORDER BY expires_at LIMIT max(0, (SELECT count(*) FROM sign_in_codes) - ?))`,
  )
  const select = database.prepare<[string, number], { digest: string }>(
    'SELECT digest FROM sign_in_codes WHERE digest = ? AND expires_at > ?',
  )
  const remove = database.prepare<[string, number]>('DELETE FROM sign_in_codes WHERE digest = ? AND expires_at > ?')
  const forget = database.prepare<[number, number]>(
    'DELETE FROM sign_in_codes WHERE digest IN (SELECT digest FROM sign_in_codes WHERE expires_at <= ? LIMIT ?)',
  )

  return {
    save(code: SignInCode, countMax: number): void {
      insert.run(code)
      forgetOldest.run(countMax)
    },
    isThere: (digest: string, now: number): boolean => select.get(digest, now) !== undefined,
    use: (digest: string, now: number): boolean => remove.run(digest, now).changes > 0,
    forget: (now: number, limit: number): number => forget.run(now, limit).changes,
  }
}

interface HolderColumns {
  user: string | null
  tokenId: string | null
  ownerDigest: string | null
}

interface SessionRow {
  id: string
  digest: string
  user: string | null
  token_id: string | null
  owner_digest: string | null
  created_at: number
  last_seen_at: number
  expires_at: number
  client: string
  user_agent: string
  name: string | null
  role: Role
}

function columnsOf(holder: SessionHolder): HolderColumns {
  return {
    user: holder.type === 'user' ? holder.user : null,
    tokenId: holder.type === 'token' ? holder.tokenId : null,
    ownerDigest: holder.type === 'owner' ? holder.ownerDigest : null,
  }
}

function holderOf(row: SessionRow): SessionHolder {
  if (row.user !== null) return { type: 'user', user: row.user }
  if (row.token_id !== null) return { type: 'token', tokenId: row.token_id }
  return { type: 'owner', ownerDigest: row.owner_digest ?? '' }
}

function toSession(row: SessionRow): HeldSession {
  return {
    id: row.id,
    digest: row.digest,
    holder: holderOf(row),
    createdAt: row.created_at,
    lastSeenAt: row.last_seen_at,
    expiresAt: row.expires_at,
    client: row.client,
    userAgent: row.user_agent,
    name: row.name,
    role: row.role,
  }
}
