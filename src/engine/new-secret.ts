import { createHash, randomBytes } from 'node:crypto'

const secretBytes = 32

/** 256 random bits: nobody guesses them, so a plain digest of them is safe to keep. */
export function createSecret(): string {
  return randomBytes(secretBytes).toString('base64url')
}

/** What is kept of a secret: SHA-256 in hex. */
export function digestSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex')
}
