import { ownerName } from './check-name.js'
import type { Engine } from './engine.js'
import { createSecret, digestSecret } from './new-secret.js'
import type { Passwords } from './password.js'
import type { SignInPlace, StartedSession, StartSession } from './session-calls.js'

const codesMax = 100
const codeLifeMs = 3_600_000
const refusalsMax = 60
const refusalWindowMs = 3_600_000

/** How somebody gets a session. All of them answer null to what does not count, and say no more about it. */
export function offerSignInCalls(engine: Engine, passwords: Passwords, startSession: StartSession) {
  const { store, audit, now } = engine
  const noteRefusal = boundRefusals(engine)

  return {
    /** Takes as long for a name that is not there. */
    async signInByPassword(name: string, password: string, place: SignInPlace): Promise<StartedSession | null> {
      const given = name.normalize('NFC').trim()
      const user = await store.readUser(given)
      if (!(await passwords.matches(password, user?.passwordHash ?? null)) || !user) {
        // People type their password into the field of the name: only names that are known are recorded.
        await noteRefusal(user ? [user.name] : [], { by: 'password', known: user !== null, client: place.client })
        return null
      }
      const holder = { type: 'user' as const, user: user.name }
      return startSession({ holder, name: user.name, role: user.role }, place, 'password')
    },
    /** Whether the user has this password, for a change of it. */
    async checkPassword(name: string, password: string): Promise<boolean> {
      const user = await store.readUser(name)
      return passwords.matches(password, user?.passwordHash ?? null)
    },
    async signInByToken(digest: string, place: SignInPlace): Promise<StartedSession | null> {
      const at = now()
      const token = await store.readToken(digest)
      const counts = token && token.revokedAt === null && (token.expiresAt === null || token.expiresAt > at)
      if (!counts) {
        await noteRefusal(token ? [token.id, token.name] : [], {
          by: 'token',
          known: token !== null,
          client: place.client,
        })
        return null
      }
      const holder = { type: 'token' as const, tokenId: token.id }
      return startSession({ holder, name: token.name, role: token.role }, place, 'token')
    },
    /** For whoever showed the local token, which the caller has compared. */
    signInAsOwner: (ownerDigest: string, place: SignInPlace): Promise<StartedSession> =>
      startSession({ holder: { type: 'owner', ownerDigest }, name: ownerName, role: 'admin' }, place, 'token'),

    /** A code signs its bearer in as the owner, once, within an hour. Only its digest is kept. */
    async createSignInCode(actor: string): Promise<{ code: string; expires_at: string }> {
      const code = createSecret()
      const expiresAt = now() + codeLifeMs
      await store.saveSignInCode({ digest: digestSecret(code), createdBy: actor, expiresAt }, codesMax)
      await audit(actor, 'sign_in_link.create', [], {})
      return { code, expires_at: new Date(expiresAt).toISOString() }
    },
    /** Whether a code would count, without using it up. */
    isSignInCode: (code: string): Promise<boolean> => store.isSignInCode(digestSecret(code), now()),
    async signInByCode(code: string, ownerDigest: string, place: SignInPlace): Promise<StartedSession | null> {
      if (!(await store.useSignInCode(digestSecret(code), now()))) {
        await noteRefusal([], { by: 'link', client: place.client })
        return null
      }
      return startSession({ holder: { type: 'owner', ownerDigest }, name: ownerName, role: 'admin' }, place, 'link')
    },
  }
}

/** Records refusals, but not every one of a flood: the next that is recorded says how many were left out. */
function boundRefusals({ audit, now }: Engine) {
  let windowEndsAt = 0
  let recorded = 0
  let leftOut = 0
  return async (subjects: string[], detail: Record<string, unknown>): Promise<void> => {
    const at = now()
    if (at >= windowEndsAt || windowEndsAt - at > refusalWindowMs) {
      windowEndsAt = at + refusalWindowMs
      recorded = 0
    }
    if (recorded >= refusalsMax) {
      leftOut++
      return
    }
    recorded++
    const more = leftOut > 0 ? { left_out: leftOut } : {}
    leftOut = 0
    await audit('mailtrigger', 'session.refuse', subjects, { ...detail, ...more })
  }
}
