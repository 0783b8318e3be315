import { randomInt } from 'node:crypto'
import { monotonicFactory } from 'ulid'

/**
 * A source of ULIDs: they sort by time, and those of one source made in the same millisecond by the order in which they
 * were made. `now` is in milliseconds since the epoch.
 */
export function createIdSource(): (now: number) => string {
  // Left alone, ulid asks the system for each of its 16 random characters; Node keeps a supply for randomInt.
  return monotonicFactory(() => randomInt(2 ** 32) / 2 ** 32)
}
