import type { ConfigIssue } from './errors.js'

/** One time the config was read, and what came of it. */
export interface ConfigLoad {
  at: number
  /** Who asked for it; `start` and `watch` are the gateway itself. */
  actor: string
  /** Of the config that was taken over; null for one that was refused. */
  hash: string | null
  /** How many routes it has; null for one that was refused. */
  routes: number | null
  /** What was wrong with it, and warnings; none holds a secret. */
  issues: ConfigIssue[]
}
