import type { EngineCalls } from '../../engine/engine-calls.js'
import type { CallerEnv } from '../identity/require-identity.js'
import type { ServerStatus } from '../schema/server.js'

/** What the pages stand on: the same calls as the API, nothing else. */
export interface ConsoleParts {
  calls: EngineCalls
  status: () => Promise<ServerStatus>
  reload: (actor: string) => Promise<{ hash: string; routes: number }>
  now: () => number
  /** Why what is on disk is not in force; null when it is. */
  configTrouble: () => ConfigTrouble | null
}

/** The last reload was refused, and the config before it stays in force. */
export interface ConfigTrouble {
  /** ISO time. */
  at: string
  /** The first thing that is wrong, with its place. */
  message: string
  issues: number
}

/** Every page is asked for by somebody known: who is not is sent to sign in before it gets here. */
export type ConsoleEnv = CallerEnv
