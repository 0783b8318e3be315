import { createHash, hkdfSync, randomBytes, scryptSync } from 'node:crypto'
import { chmodSync, closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ConfigError } from '../domain/errors.js'

export const secretKeyVariable = 'MAILTRIGGER_SECRET_KEY'
export const previousKeyVariable = `${secretKeyVariable}_PREVIOUS`
const keyBytes = 32
const secretLengthMin = 32
/** The current one and those before it: links in messages are good for a week, and keys are not changed that often. */
const keysMax = 3

/** One key of the server; each purpose has a key of its own, so that what is good for one thing is good for no other. */
export interface ServerKey {
  /** For links, buttons and hooks. */
  signing: Uint8Array
  sealing: SealingKey
}

/** For secrets in the store. */
export interface SealingKey {
  /** The first 8 hex digits of its SHA-256: which key it is, and nothing of the key. */
  id: string
  bytes: Uint8Array
}

/** New things are signed and sealed with the current key; what a former one signed or sealed is still good. */
export interface KeyRing {
  current: ServerKey
  former: ServerKey[]
  /** Where the keys come from: a variable's are changed by who sets it, a file's by `rotate`. */
  origin: 'file' | 'variable'
}

/** The keys in force. Invariant: what is in force is in the file, or in the variable, and can be read after a kill. */
export interface ServerKeys {
  ring: () => KeyRing
  /** For whatever is verified, the current one first. */
  signing: () => Uint8Array[]
  /** Makes a new current key, on disk first. Throws a `TypeError` when the keys come from variables. */
  rotate: () => KeyRing
}

/**
 * Opens the keys: made of MAILTRIGGER_SECRET_KEY (and MAILTRIGGER_SECRET_KEY_PREVIOUS) where that is set, so that they
 * can come from outside the data folder, else kept in `mailtrigger.key`, which is made at the first start and readable
 * by the owner alone; beside variables, that file's keys are former ones. With other keys the links in messages that were sent are worthless, and secrets in the store
 * cannot be opened. Throws `ConfigError` when the variables or the file cannot be keys.
 */
export function openServerKeys(dataFolder: string, env: Record<string, string | undefined>): ServerKeys {
  const file = join(dataFolder, 'mailtrigger.key')
  const given = readVariables(env)
  const kept = existsSync(file) ? readKeys(file) : given === null ? [createKey(file, [])] : []
  // Whoever moves from the file to a variable goes on with what the file's keys signed and sealed.
  let ring = ringOf([...(given ?? []), ...kept], given === null ? 'file' : 'variable')
  return {
    ring: () => ring,
    signing: () => [ring.current, ...ring.former].map(({ signing }) => signing),
    rotate() {
      if (ring.origin === 'variable') throw new TypeError('keys of variables are not ours to change')
      const before = readKeys(file).slice(0, keysMax - 1)
      ring = ringOf([createKey(file, before), ...before], 'file')
      return ring
    },
  }
}

/** Null when there is no key in the variables. */
function readVariables(env: Record<string, string | undefined>): Uint8Array[] | null {
  const secret = env[secretKeyVariable]
  const previous = env[previousKeyVariable]
  if (!secret) {
    if (!previous) return null
    throw keyError(`${previousKeyVariable} is set, and ${secretKeyVariable} is not`, 'the new key goes into the latter')
  }
  const keys = [keyOfSecret(secretKeyVariable, secret)]
  if (previous) keys.push(keyOfSecret(previousKeyVariable, previous))
  return keys
}

/** Made slow by scrypt, since a person may have thought the secret up. */
function keyOfSecret(variable: string, secret: string): Uint8Array {
  if (secret.length < secretLengthMin) {
    const message = `${variable} has ${secret.length} characters, at least ${secretLengthMin} are needed`
    throw keyError(message, 'openssl rand -base64 32 makes a good one')
  }
  return scryptSync(secret, 'mailtrigger', keyBytes)
}

function readKeys(file: string): Uint8Array[] {
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  if (lines.length <= keysMax && lines.every((line) => /^[0-9a-f]{64}$/.test(line))) {
    return lines.map((line) => Buffer.from(line, 'hex'))
  }
  const hint =
    'restore it from a backup, or delete it: a new one is made, links in sent messages no longer work, and the secrets of channels in the store have to be entered again'
  throw keyError(`the key file ${file} is damaged`, hint)
}

/** The folder is synced, too: what is sealed with the new key must not outlive it. */
function createKey(file: string, former: Uint8Array[]): Uint8Array {
  const key = randomBytes(keyBytes)
  const lines = [key, ...former].map((one) => `${Buffer.from(one).toString('hex')}\n`)
  const draft = `${file}.${process.pid}.new`
  writeFileSync(draft, lines.join(''), { mode: 0o600, flush: true })
  chmodSync(draft, 0o600)
  renameSync(draft, file)
  const folder = openSync(join(file, '..'), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
  return key
}

function ringOf(roots: Uint8Array[], origin: KeyRing['origin']): KeyRing {
  const [current, ...former] = roots.map(deriveKey)
  if (!current) throw new TypeError('a ring has a key')
  return { current, former, origin }
}

/** Signing has the key itself: each of its signatures names a purpose, and links of earlier versions stay good. */
function deriveKey(root: Uint8Array): ServerKey {
  const bytes = new Uint8Array(hkdfSync('sha256', root, '', 'mailtrigger: secrets of channels', keyBytes))
  const id = createHash('sha256').update(bytes).digest('hex').slice(0, 8)
  return { signing: root, sealing: { id, bytes } }
}

function keyError(message: string, hint: string): ConfigError {
  return new ConfigError([{ message, code: 'bad-key', severity: 'error', position: null, hint, frame: null }])
}
