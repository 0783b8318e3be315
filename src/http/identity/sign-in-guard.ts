import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import { type BackOffRule, createBackOff } from './back-off.js'

/** A name that somebody else is trying is never shut for longer than its owner would wait. */
const nameRule: BackOffRule = { freeMax: 5, waitMs: 1_000, waitMsMax: 60_000, forgetMs: 3_600_000 }
/** Many people may sit behind one address. */
const clientRule: BackOffRule = { freeMax: 20, waitMs: 1_000, waitMsMax: 900_000, forgetMs: 3_600_000 }

/**
 * Makes a try at signing in, unless too many failed before, by this name or from this client: then it throws `ApiError`
 * 429 and says when to come again. `check` answers null when the try failed.
 */
export type GuardSignIn = <Outcome>(
  c: Context,
  by: { client: string; name: string | null },
  check: () => Promise<Outcome | null>,
) => Promise<Outcome | null>

export function createSignInGuard(now: () => number): GuardSignIn {
  const names = createBackOff(nameRule, now)
  const clients = createBackOff(clientRule, now)
  return async (c, { client, name }, check) => {
    const key = name === null ? null : foldName(name)
    requireNoWait(c, clients.take(client))
    const waitMs = key === null ? null : names.take(key)
    if (waitMs !== null) clients.giveBack(client)
    requireNoWait(c, waitMs)
    const giveBack = (): void => {
      clients.giveBack(client)
      if (key !== null) names.giveBack(key)
    }
    const outcome = await check().catch((error: unknown) => {
      giveBack()
      throw error
    })
    if (outcome === null) return null
    giveBack()
    if (key !== null) names.forget(key)
    return outcome
  }
}

/** Seconds to wait, as RFC 6585, section 4 has it. */
function requireNoWait(c: Context, waitMs: number | null): void {
  if (waitMs === null) return
  const seconds = Math.ceil(waitMs / 1_000)
  c.header('retry-after', String(seconds))
  throw new ApiError(429, 'too_many', `too many tries failed; try again in ${seconds} s`)
}

function foldName(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase().slice(0, 100)
}
