import { ApiError } from '../domain/errors.js'

/** One trial at a time, a few waiting. Invariant: never more than one runs, and never more than `waitingMax` wait. */
export class TrialQueue {
  readonly #waitingMax: number
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax
  }

  /** Rejects with `ApiError` 429 when too many wait already, else settles like the work. */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    // What runs counts, too: it is the one in front.
    if (this.#waiting > this.#waitingMax) {
      throw new ApiError(429, 'busy', `${this.#waitingMax} trials wait already`, 'try again in half a minute')
    }
    this.#waiting++
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return result.finally(() => this.#waiting--)
  }
}
