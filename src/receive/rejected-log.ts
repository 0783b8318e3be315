import type { CountedRejection, Rejection } from '../domain/rejection.js'
import { clientKeyOf } from './client-ranges.js'

const intervalDefaultMs = 1_000
/** So many intervals pass before a store that failed is asked again. */
const retryIntervals = 10
/** Of different clients and reasons in one interval; refusals of further ones are counted under their reason alone. */
const keysMax = 1_000
const otherClients = 'others'

/**
 * The way from the sessions to the rejected log. Refusals cost a client nothing, so a flood of them must not become a
 * flood of commits: those of one client (IPv6: one /64) for one reason are counted together, and all are written at most
 * once in an interval. Invariant: every refusal is counted once, whatever the store does.
 */
export class RejectedLog {
  #waiting = new Map<string, CountedRejection>()
  #timer: NodeJS.Timeout | null = null
  #nextAt = 0
  #isClosed = false
  #saving: Promise<void> = Promise.resolve()
  readonly #save: (batch: CountedRejection[]) => Promise<void>
  readonly #onProblem: (error: unknown) => void
  readonly #intervalMs: number

  /** @param onProblem hears of a store that fails; what it did not take is offered again */
  constructor(
    save: (batch: CountedRejection[]) => Promise<void>,
    onProblem: (error: unknown) => void,
    intervalMs = intervalDefaultMs,
  ) {
    this.#save = save
    this.#onProblem = onProblem
    this.#intervalMs = intervalMs
  }

  add(rejection: Rejection): void {
    if (this.#isClosed) return
    this.#count({ rejection, count: 1 })
    this.#schedule()
  }

  /** Writes what still waits. What is added afterwards is lost, as there is no store any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#saving
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = null
    const batch = [...this.#waiting.values()]
    this.#waiting.clear()
    if (batch.length > 0) await this.#save(batch).catch(this.#onProblem)
  }

  #count({ rejection, count }: CountedRejection): void {
    const key = `${rejection.reason} ${clientKeyOf(rejection.client)}`
    const isKnown = this.#waiting.has(key) || this.#waiting.size < keysMax
    const place = isKnown ? key : `${rejection.reason} ${otherClients}`
    const known = this.#waiting.get(place)?.count ?? 0
    const told = isKnown ? rejection : { ...rejection, client: otherClients, from: null, rcpt: null, user: null }
    this.#waiting.set(place, { rejection: told, count: known + count })
  }

  #schedule(): void {
    if (this.#timer) return
    this.#timer = setTimeout(() => this.#flush(), Math.max(0, this.#nextAt - performance.now()))
  }

  #flush(): void {
    const batch = [...this.#waiting.values()]
    this.#waiting = new Map()
    this.#saving = this.#save(batch)
      .then(
        () => 1,
        (error: unknown) => {
          this.#onProblem(error)
          for (const counted of batch) this.#count(counted)
          return retryIntervals
        },
      )
      .then((intervals) => {
        this.#nextAt = performance.now() + intervals * this.#intervalMs
        this.#timer = null
        if (this.#waiting.size > 0 && !this.#isClosed) this.#schedule()
      })
  }
}
