import type { Role } from './identity.js'

/*
 * What people and programs prove with that they are who they say. Every secret is kept as a digest or a slow hash:
 * whoever reads the store can sign in with nothing of it. Digests are SHA-256 in hex, of secrets of 256 random bits.
 */

/** A bearer token for the API. */
export interface ApiToken {
  id: string
  name: string
  role: Role
  digest: string
  createdBy: string
  createdAt: number
  /** Null: it counts until it is revoked. */
  expiresAt: number | null
  /** Exact to a minute. */
  lastUsedAt: number | null
  revokedAt: number | null
}

/** Somebody who signs in to the console by name and password. */
export interface ConsoleUser {
  name: string
  role: Role
  /** `scrypt$N$r$p$salt$hash`. */
  passwordHash: string
  createdAt: number
  changedAt: number
}

/**
 * By what a session came about. It ends when that ends: the user, the token, or the local token in the data folder, by
 * whose digest the owner's sessions are told from those of the time before another one was made.
 */
export type SessionHolder =
  | { type: 'user'; user: string }
  | { type: 'token'; tokenId: string }
  | { type: 'owner'; ownerDigest: string }

export interface ConsoleSession {
  id: string
  digest: string
  holder: SessionHolder
  createdAt: number
  /** Exact to a minute. */
  lastSeenAt: number
  /** The end that no use puts off. */
  expiresAt: number
  /** The network address it was begun from. */
  client: string
  /** The start of what the browser said of itself. */
  userAgent: string
}

/** Signs the owner in without a password, once. */
export interface SignInCode {
  digest: string
  createdBy: string
  expiresAt: number
}
