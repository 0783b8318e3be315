import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../domain/errors.js'

/**
 * Hashes and checks passwords, slowly on purpose. It runs on Node's thread pool, beside the thread that commits; at most
 * two at a time, because each takes 34 MB, and with more than a few waiting the next is refused (503).
 */
export interface Passwords {
  hash: (password: string) => Promise<string>
  /** Against null, which nothing is equal to, it takes as long: an unknown name does not show in the time. */
  matches: (password: string, hash: string | null) => Promise<boolean>
}

interface Cost {
  N: number
  r: number
  p: number
}

/** About 100 ms and 34 MB. It stands in each hash, so that another one can be chosen for those to come. */
const usualCost: Cost = { N: 2 ** 15, r: 8, p: 1 }
/** What a hash may ask for: a store that somebody wrote into must not stop the gateway. */
const costMax: Cost = { N: 2 ** 18, r: 16, p: 4 }
const saltBytes = 16
const keyBytes = 32
const runningMax = 2
const waitingMax = 16

export function createPasswords(cost = usualCost): Passwords {
  let running = 0
  const waiting: (() => void)[] = []

  async function inTurn<Value>(run: () => Promise<Value>): Promise<Value> {
    if (running < runningMax) running++
    else await takePlace(waiting)
    try {
      return await run()
    } finally {
      // The place goes straight to who waits longest, so `running` stays as it is.
      const next = waiting.shift()
      if (next) next()
      else running--
    }
  }

  return {
    hash: (password) =>
      inTurn(async () => {
        const salt = randomBytes(saltBytes)
        const key = await derive(password, salt, cost)
        return ['scrypt', cost.N, cost.r, cost.p, salt.toString('base64url'), key.toString('base64url')].join('$')
      }),
    matches: (password, hash) =>
      inTurn(async () => {
        const known = hash === null ? null : readHash(hash)
        const { salt, key, ...costs } = known ?? { ...cost, salt: Buffer.alloc(saltBytes), key: Buffer.alloc(keyBytes) }
        const derived = await derive(password, salt, costs)
        return timingSafeEqual(derived, key) && known !== null
      }),
  }
}

function takePlace(waiting: (() => void)[]): Promise<void> {
  if (waiting.length >= waitingMax) {
    throw new ApiError(503, 'busy', 'too many passwords are being checked', 'try again in a few seconds')
  }
  return new Promise((resolve) => {
    waiting.push(resolve)
  })
}

/** The same letters may be typed in several ways; NFKC makes them the same (RFC 8265, section 4.2.2; NIST SP 800-63B). */
function derive(password: string, salt: Uint8Array, { N, r, p }: Cost): Promise<Buffer> {
  const options: ScryptOptions = { N, r, p, maxmem: 128 * N * r * 2 }
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFKC'), salt, keyBytes, options, (error, key) => (error ? reject(error) : resolve(key)))
  })
}

function readHash(hash: string): (Cost & { salt: Buffer; key: Buffer }) | null {
  const [kind, N, r, p, salt = '', key = ''] = hash.split('$')
  const costs = { N: Number(N), r: Number(r), p: Number(p) }
  const isSane = (['N', 'r', 'p'] as const).every((name) => costs[name] >= 1 && costs[name] <= costMax[name])
  const read = { ...costs, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') }
  return kind === 'scrypt' && isSane && read.key.byteLength === keyBytes ? read : null
}
