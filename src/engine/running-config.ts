import type { Config } from '../domain/config.js'
import type { ConfigIssue } from '../domain/errors.js'
import type { AssembledParts } from './assemble.js'
import type { MergedSetup } from './stored-config.js'

/** A config with everything that was made of it. */
export interface Current extends MergedSetup {
  /** What the files alone say. */
  files: Config
  parts: AssembledParts
  warnings: ConfigIssue[]
}

/** The config that runs. Invariant: it is replaced as a whole, by one that was checked and assembled. */
export interface RunningConfig {
  /** What is asked before the first config was taken over is a programmer's error. */
  current: () => Current
  take: (next: Current) => void
  /** Null before the first. */
  last: () => Current | null
}

export function createRunningConfig(): RunningConfig {
  let running: Current | null = null
  return {
    current() {
      if (running === null) throw new TypeError('no config runs yet')
      return running
    },
    last: () => running,
    take(next) {
      running = next
    },
  }
}
