import type { EngineCalls } from '../../engine/engine-calls.js'
import type { CallerEnv } from '../identity/require-identity.js'
import type { ServerStatus } from '../schema/server.js'

/** What the pages stand on: the same calls as the API, nothing else. */
export interface ConsoleParts {
  calls: EngineCalls
  status: () => Promise<ServerStatus>
  reload: (actor: string) => Promise<{ hash: string; routes: number }>
  now: () => number
}

/** Every page is asked for by somebody known: who is not is sent to sign in before it gets here. */
export type ConsoleEnv = CallerEnv
