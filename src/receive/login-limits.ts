import { createHash } from 'node:crypto'
import type { Rate } from '../domain/channel.js'
import { clientKeyOf } from './client-ranges.js'
import { SlidingWindows } from './sliding-windows.js'

/** One device with an old password must not shut out the others of its address, so it is slowed by itself first. */
export const loginFailuresPerName: Rate = { count: 5, perMs: 600_000 }
export const loginFailuresPerClient: Rate = { count: 20, perMs: 600_000 }
const keysMax = 10_000

/**
 * Failed logins over all connections. What is slowed is always the client, or the name as this client gives it: a user
 * whose name is guessed at from elsewhere logs in as ever. Bounded memory, and nothing waits: who is slowed is told so at
 * once.
 */
export interface LoginLimits {
  /** Milliseconds for which this client may not try to log in (by this name, where one is given); 0 when it may. */
  waitFor: (client: string, name: string | null) => number
  failed: (client: string, name: string) => void
  /** Forgets the failures of the name; those of the client stay, since a guesser may own one name. */
  succeeded: (client: string, name: string) => void
}

export function createLoginLimits(now: () => number): LoginLimits {
  const names = new SlidingWindows(keysMax)
  const clients = new SlidingWindows(keysMax)
  return {
    waitFor: (client, name) => {
      const at = now()
      const ofName = name === null ? 0 : names.waitFor(nameKeyOf(client, name), loginFailuresPerName, at)
      return Math.max(ofName, clients.waitFor(clientKeyOf(client), loginFailuresPerClient, at))
    },
    failed: (client, name) => {
      const at = now()
      names.add(nameKeyOf(client, name), loginFailuresPerName, at)
      clients.add(clientKeyOf(client), loginFailuresPerClient, at)
    },
    succeeded: (client, name) => names.forget(nameKeyOf(client, name)),
  }
}

/** A digest: names are as long as a command line, and people type passwords in their place. */
function nameKeyOf(client: string, name: string): string {
  return createHash('sha256')
    .update(JSON.stringify([clientKeyOf(client), name]))
    .digest('base64')
}
