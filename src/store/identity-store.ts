import type { ApiToken, ConsoleSession, ConsoleUser, SessionHolder, SignInCode } from '../domain/credentials.js'
import type { Role } from '../domain/identity.js'

/** Who may use the API and the console, and how they prove it. */
export interface IdentityStore {
  /** False when another token that still counts has the name. */
  saveToken: (token: ApiToken) => Promise<boolean>
  /** Newest first, those that are revoked or over as well, until retention takes them. */
  listTokens: () => Promise<ApiToken[]>
  readToken: (digest: string) => Promise<ApiToken | null>
  /** Ends its sessions, too. False when there is none of this id, or it was revoked before. */
  revokeToken: (tokenId: string, now: number) => Promise<boolean>
  saveTokenUse: (tokenId: string, now: number) => Promise<void>

  /** False when the name is taken; with `onlyIfFirst` also when there is any user. */
  createUser: (user: ConsoleUser, options?: { onlyIfFirst?: boolean }) => Promise<boolean>
  /** By name. */
  listUsers: () => Promise<ConsoleUser[]>
  readUser: (name: string) => Promise<ConsoleUser | null>
  countUsers: () => Promise<number>
  /** The user's sessions end, but the one of this id. False when there is no such user. */
  saveUserPassword: (change: {
    name: string
    passwordHash: string
    keepSession: string | null
    now: number
  }) => Promise<boolean>
  /** `last_admin` when nobody else is one; nothing is changed then. */
  saveUserRole: (name: string, role: Role, now: number) => Promise<'saved' | 'missing' | 'last_admin'>
  /** Ends the user's sessions, too. `last_admin` when nobody else is one; nothing is changed then. */
  deleteUser: (name: string) => Promise<'deleted' | 'missing' | 'last_admin'>

  /** Of more sessions than `countMax`, those that were longest not seen end. */
  saveSession: (session: ConsoleSession, countMax: number) => Promise<void>
  /** With the role and the name of who holds it; null when it is over, or its holder does not count any more. */
  readSession: (digest: string, now: number) => Promise<HeldSession | null>
  saveSessionUse: (sessionId: string, now: number) => Promise<void>
  /** Newest first, at most `limit`; of one holder, or of all. */
  listSessions: (holder: SessionHolder | null, now: number, limit: number) => Promise<HeldSession[]>
  endSession: (sessionId: string) => Promise<boolean>
  /** How many there were. */
  endSessionsOf: (holder: SessionHolder, keepSession: string | null) => Promise<number>

  /** Of more codes than `countMax`, the oldest are forgotten. */
  saveSignInCode: (code: SignInCode, countMax: number) => Promise<void>
  /** Uses the code up. False when there is none, it is over, or was used. */
  useSignInCode: (digest: string, now: number) => Promise<boolean>
  isSignInCode: (digest: string, now: number) => Promise<boolean>

  /** Forgets what no longer counts, of each kind at most `limit`; how many rows went. */
  forgetIdentities: (rule: IdentityExpiry) => Promise<number>
}

/** A session with what its holder may do now. */
export interface HeldSession extends ConsoleSession {
  /** The name of the user or of the token; null for the owner. */
  name: string | null
  role: Role
}

export interface IdentityExpiry {
  now: number
  /** Sessions not seen since go. */
  seenBefore: number
  /** Tokens that were revoked or over before this go. */
  tokensBefore: number
  limit: number
}
