import type { Rate } from '../domain/channel.js'
import { RecentKeys } from './recent-keys.js'

/** What happened between two moments, counted together. */
interface Stretch {
  first: number
  last: number
  count: number
}

/** A window is kept as this many stretches at most, and one more at each end. */
const stretchesPerWindow = 64

/**
 * Counts what each key did in a time that slides on. Never more than `count` are let through in any `perMs`: what is
 * counted together leaves together, by its last. A rate of up to 64 is exact; of a greater one the last counted may wait
 * for a 64th of the time longer. Memory: at most 65 stretches a key, and `keysMax` keys.
 */
export class SlidingWindows {
  readonly #keys: RecentKeys<Stretch[]>

  constructor(keysMax: number) {
    this.#keys = new RecentKeys(keysMax)
  }

  get size(): number {
    return this.#keys.size
  }

  /** Milliseconds until one more is within the rate; 0 when it is. */
  waitFor(key: string, rate: Rate, now: number): number {
    const stretches = this.#read(key, rate, now)
    let excess = stretches.reduce((sum, { count }) => sum + count, 0) - rate.count
    if (excess < 0) return 0
    for (const { last, count } of stretches) {
      excess -= count
      if (excess < 0) return last + rate.perMs - now
    }
    return 0
  }

  add(key: string, rate: Rate, now: number): void {
    const stretches = this.#read(key, rate, now)
    const newest = stretches.at(-1)
    if (newest && now - newest.first < rate.perMs / stretchesPerWindow) {
      newest.last = now
      newest.count++
    } else stretches.push({ first: now, last: now, count: 1 })
    this.#keys.set(key, stretches)
  }

  /** Adds one when it is within the rate. Answers as `waitFor` does. */
  take(key: string, rate: Rate, now: number): number {
    const waitMs = this.waitFor(key, rate, now)
    if (waitMs === 0) this.add(key, rate, now)
    return waitMs
  }

  forget(key: string): void {
    this.#keys.delete(key)
  }

  /** Without what has left the window, and without what a clock that was set back has put into the future. */
  #read(key: string, { perMs }: Rate, now: number): Stretch[] {
    return (this.#keys.get(key) ?? []).filter(({ last }) => last <= now && last + perMs > now)
  }
}
