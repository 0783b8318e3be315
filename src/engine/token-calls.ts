import type { ApiToken } from '../domain/credentials.js'
import { ApiError } from '../domain/errors.js'
import type { Role } from '../domain/identity.js'
import { checkName } from './check-name.js'
import type { Engine } from './engine.js'
import { createSecret, digestSecret } from './new-secret.js'

/** A token, as the API and the commands show it: never the token itself. */
export interface TokenLine {
  id: string
  name: string
  role: Role
  created_by: string
  created_at: string
  /** Null: it counts until it is revoked. */
  expires_at: string | null
  /** Exact to a minute. */
  last_used_at: string | null
  state: 'active' | 'expired' | 'revoked'
}

export interface NewToken {
  name: string
  role: Role
  expiresInMs: number | null
}

const tokensMax = 1_000
const lifeMsMax = 10 * 366 * 86_400_000
/** The use of a token is written at most this often: a read must not cost a commit. */
const useEveryMs = 60_000

/** What may be asked about bearer tokens. Rejects with `ApiError`. */
export function offerTokenCalls({ store, audit, newId, now, log }: Engine) {
  return {
    /** Newest first; those that are over or revoked stand there until retention takes them. */
    async listTokens(): Promise<TokenLine[]> {
      const at = now()
      return (await store.listTokens()).map((token) => describeToken(token, at))
    },
    /** The answer is the only place where the token stands: what is kept is its digest. */
    async createToken({ name, role, expiresInMs }: NewToken, actor: string): Promise<TokenLine & { token: string }> {
      const at = now()
      const given = checkName(name, 'a token')
      if (expiresInMs !== null && (expiresInMs <= 0 || expiresInMs > lifeMsMax)) {
        throw new ApiError(400, 'bad_request', 'a token expires after 1ms to 10 years, or not at all')
      }
      const active = (await store.listTokens()).filter((token) => stateOf(token, at) === 'active')
      if (active.length >= tokensMax) {
        throw new ApiError(
          409,
          'too_many',
          `there are ${tokensMax} tokens already`,
          'mailtrigger token revoke ends one',
        )
      }
      const token = `mt_${createSecret()}`
      const kept: ApiToken = {
        id: newId(),
        name: given,
        role,
        digest: digestSecret(token),
        createdBy: actor,
        createdAt: at,
        expiresAt: expiresInMs === null ? null : at + expiresInMs,
        lastUsedAt: null,
        revokedAt: null,
      }
      if (!(await store.saveToken(kept))) {
        throw new ApiError(
          409,
          'exists',
          `there is a token "${given}" already`,
          'revoke it first, or take another name',
        )
      }
      const line = describeToken(kept, at)
      await audit(actor, 'token.create', [kept.id, given], { name: given, role, expires_at: line.expires_at })
      return { ...line, token }
    },
    /** Whoever uses it, or signed in with it, is out at once. `which` is its id, or its name while it counts. */
    async revokeToken(which: string, actor: string): Promise<TokenLine> {
      const at = now()
      const tokens = await store.listTokens()
      const found = tokens.find(({ id }) => id === which) ?? tokens.find((one) => isActiveNamed(one, which, at))
      if (!found || !(await store.revokeToken(found.id, at))) {
        const hint = 'mailtrigger token list shows them'
        throw new ApiError(404, 'not_found', `there is no token "${which}", or it is revoked`, hint)
      }
      await audit(actor, 'token.revoke', [found.id, found.name], { name: found.name })
      return describeToken({ ...found, revokedAt: at }, at)
    },
    /** Whose token has this digest; null when there is none that counts. */
    async identifyToken(digest: string): Promise<{ id: string; name: string; role: Role } | null> {
      const at = now()
      const token = await store.readToken(digest)
      if (!token || stateOf(token, at) !== 'active') return null
      if (token.lastUsedAt === null || at - token.lastUsedAt >= useEveryMs) {
        // A full disk must not lock out whoever comes to look at it.
        const noted = store.saveTokenUse(token.id, at)
        noted.catch((error: unknown) => log('warn', 'the use of a token was not noted', { error: String(error) }))
      }
      return { id: token.id, name: token.name, role: token.role }
    },
  }
}

function isActiveNamed(token: ApiToken, name: string, now: number): boolean {
  return token.name === name && stateOf(token, now) === 'active'
}

function stateOf({ revokedAt, expiresAt }: ApiToken, now: number): TokenLine['state'] {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

function describeToken(token: ApiToken, now: number): TokenLine {
  const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
  return {
    id: token.id,
    name: token.name,
    role: token.role,
    created_by: token.createdBy,
    created_at: new Date(token.createdAt).toISOString(),
    expires_at: iso(token.expiresAt),
    last_used_at: iso(token.lastUsedAt),
    state: stateOf(token, now),
  }
}
