import type Database from 'better-sqlite3'
import type { IdentityStore } from '../identity-store.js'
import { prepareTokens } from './api-tokens.js'
import type { CommitQueue } from './commit-queue.js'
import { prepareSessions, prepareSignInCodes } from './console-sessions.js'
import { prepareUsers } from './console-users.js'

/** Tokens, users, sessions and sign-in codes, as the store offers them. */
export function prepareIdentities(database: Database.Database, queue: CommitQueue): IdentityStore {
  const tokens = prepareTokens(database)
  const users = prepareUsers(database)
  const sessions = prepareSessions(database)
  const codes = prepareSignInCodes(database)
  return {
    saveToken: (token) => queue.write(() => tokens.save(token)),
    listTokens: async () => tokens.list(),
    readToken: async (digest) => tokens.read(digest),
    revokeToken: (tokenId, now) => queue.write(() => tokens.revoke(tokenId, now)),
    saveTokenUse: (tokenId, now) => queue.write(() => tokens.saveUse(tokenId, now)),

    createUser: (user, options) => queue.write(() => users.create(user, options)),
    listUsers: async () => users.list(),
    readUser: async (name) => users.read(name),
    countUsers: async () => users.count(),
    saveUserPassword: (change) => queue.write(() => users.savePassword(change)),
    saveUserRole: (name, role, now) => queue.write(() => users.saveRole(name, role, now)),
    deleteUser: (name) => queue.write(() => users.remove(name)),

    saveSession: (session, countMax) => queue.write(() => sessions.save(session, countMax)),
    readSession: async (digest, now) => sessions.read(digest, now),
    saveSessionUse: (sessionId, now) => queue.write(() => sessions.saveUse(sessionId, now)),
    listSessions: async (holder, now, limit) => sessions.list(holder, now, limit),
    endSession: (sessionId) => queue.write(() => sessions.end(sessionId)),
    endSessionsOf: (holder, keepSession) => queue.write(() => sessions.endOf(holder, keepSession)),

    saveSignInCode: (code, countMax) => queue.write(() => codes.save(code, countMax)),
    isSignInCode: async (digest, now) => codes.isThere(digest, now),
    useSignInCode: (digest, now) => queue.write(() => codes.use(digest, now)),

    forgetIdentities: ({ now, seenBefore, tokensBefore, limit }) =>
      queue.write(
        () => tokens.forget(tokensBefore, limit) + sessions.forget(seenBefore, now, limit) + codes.forget(now, limit),
      ),
  }
}
