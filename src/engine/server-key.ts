import { randomBytes, scryptSync } from 'node:crypto'
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../domain/errors.js'

export const secretKeyVariable = 'MAILTRIGGER_SECRET_KEY'
const keyBytes = 32
const secretLengthMin = 32

/**
 * What links and buttons are signed with: made of MAILTRIGGER_SECRET_KEY where that is set, so that it can come from
 * outside the data folder, else kept in `mailtrigger.key`, which is made at the first start and readable by the owner
 * alone. Another key makes the links in messages that were sent worthless, and nothing else.
 * Throws `ConfigError` when the variable or the file cannot be a key.
 */
export function openServerKey(dataFolder: string, env: Record<string, string | undefined>): Uint8Array {
  const secret = env[secretKeyVariable]
  if (secret !== undefined && secret !== '') return keyOfSecret(secret)
  const file = join(dataFolder, 'mailtrigger.key')
  return existsSync(file) ? readKey(file) : createKey(file)
}

/** Made slow by scrypt, since a person may have thought the secret up. */
function keyOfSecret(secret: string): Uint8Array {
  if (secret.length < secretLengthMin) {
    const message = `${secretKeyVariable} has ${secret.length} characters, at least ${secretLengthMin} are needed`
    throw keyError(message, 'openssl rand -base64 32 makes a good one')
  }
  return scryptSync(secret, 'mailtrigger', keyBytes)
}

function readKey(file: string): Uint8Array {
  const text = readFileSync(file, 'utf8').trim()
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, 'hex')
  const hint = 'restore it from a backup, or delete it: a new one is made, and links in sent messages no longer work'
  throw keyError(`the key file ${file} is damaged`, hint)
}

function createKey(file: string): Uint8Array {
  const key = randomBytes(keyBytes)
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, `${key.toString('hex')}\n`, { mode: 0o600, flush: true })
  chmodSync(draft, 0o600)
  renameSync(draft, file)
  return key
}

function keyError(message: string, hint: string): ConfigError {
  return new ConfigError([{ message, code: 'bad-key', severity: 'error', position: null, hint, frame: null }])
}
