import type { SessionHolder } from '../domain/credentials.js'
import type { Role } from '../domain/identity.js'
import type { HeldSession } from '../store/identity-store.js'
import { ownerName } from './check-name.js'
import type { Engine } from './engine.js'
import { createSecret, digestSecret } from './new-secret.js'

/** A session, as whoever holds it sees it. */
export interface SessionLine {
  id: string
  name: string
  role: Role
  created_at: string
  /** Exact to a minute. */
  last_seen_at: string
  /** When it ends, unless it is used before. */
  ends_at: string
  client: string
  user_agent: string
}

/** What a request that carries a session may rely on. */
export interface SessionFacts {
  id: string
  holder: SessionHolder
  name: string
  role: Role
}

/** A session that has just begun. `secret` is the cookie; only its digest is kept. */
export interface StartedSession extends SessionFacts {
  secret: string
  maxAgeMs: number
}

/** From where somebody signs in. */
export interface SignInPlace {
  client: string
  userAgent: string
}

const sessionsMax = 10_000
const listMax = 200
const userAgentLengthMax = 200
/** That a session was used is written at most this often: a page must not cost a commit. */
const useEveryMs = 60_000

export type StartSession = (
  as: { holder: SessionHolder; name: string; role: Role },
  place: SignInPlace,
  by: 'password' | 'token' | 'link',
) => Promise<StartedSession>

/** What may be asked about the sessions of the console. */
export function offerSessionCalls(engine: Engine) {
  const { store, audit, newId, now, log } = engine
  const limits = () => engine.current().config.server.http.session

  const startSession: StartSession = async ({ holder, name, role }, place, by) => {
    const at = now()
    const secret = createSecret()
    const { maxMs } = limits()
    const session = {
      id: newId(),
      digest: digestSecret(secret),
      holder,
      createdAt: at,
      lastSeenAt: at,
      expiresAt: at + maxMs,
      client: place.client,
      userAgent: place.userAgent.slice(0, userAgentLengthMax),
    }
    await store.saveSession(session, sessionsMax)
    await audit(actorOf(holder, name), 'session.start', [session.id], { by, role, client: place.client })
    return { id: session.id, holder, name, role, secret, maxAgeMs: maxMs }
  }

  return {
    startSession,
    /** Null when it is over. `ownerDigest` is the digest of the local token as it is now. */
    async readSession(digest: string, ownerDigest: string): Promise<SessionFacts | null> {
      const at = now()
      const session = await store.readSession(digest, at)
      if (!session || at - session.lastSeenAt >= limits().idleMs) return null
      const { holder } = session
      if (holder.type === 'owner' && holder.ownerDigest !== ownerDigest) return null
      if (at - session.lastSeenAt >= useEveryMs) {
        // A full disk must not lock out whoever comes to look at it.
        const noted = store.saveSessionUse(session.id, at)
        noted.catch((error: unknown) => log('warn', 'the use of a session was not noted', { error: String(error) }))
      }
      return { id: session.id, holder, name: session.name ?? ownerName, role: session.role }
    },
    /** Newest first. */
    async listSessions(holder: SessionHolder): Promise<SessionLine[]> {
      const at = now()
      const { idleMs } = limits()
      const sessions = await store.listSessions(holder, at, listMax)
      return sessions.filter(({ lastSeenAt }) => at - lastSeenAt < idleMs).map((one) => describeSession(one, idleMs))
    },
    /** Of this holder only; false when there is none of this id. */
    async endSession(sessionId: string, holder: SessionHolder, actor: string): Promise<boolean> {
      const own = await store.listSessions(holder, now(), sessionsMax)
      if (!own.some(({ id }) => id === sessionId) || !(await store.endSession(sessionId))) return false
      await audit(actor, 'session.end', [sessionId], {})
      return true
    },
    /** How many there were. */
    async endSessionsOf(holder: SessionHolder, keepSession: string | null, actor: string): Promise<number> {
      const ended = await store.endSessionsOf(holder, keepSession)
      if (ended > 0) await audit(actor, 'session.end', [], { ended })
      return ended
    },
  }
}

/** Who is recorded: `user:Tim`, `token:ci`, `user:owner`. */
export function actorOf(holder: SessionHolder, name: string): string {
  return `${holder.type === 'token' ? 'token' : 'user'}:${name}`
}

function describeSession(session: HeldSession, idleMs: number): SessionLine {
  return {
    id: session.id,
    name: session.name ?? ownerName,
    role: session.role,
    created_at: new Date(session.createdAt).toISOString(),
    last_seen_at: new Date(session.lastSeenAt).toISOString(),
    ends_at: new Date(Math.min(session.lastSeenAt + idleMs, session.expiresAt)).toISOString(),
    client: session.client,
    user_agent: session.userAgent,
  }
}
