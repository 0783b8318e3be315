/** Kills in a row, of one owner's calls, after which it rests. */
const strikesMax = 3
const restMs = { first: 5_000, max: 60_000 }
const suspectMs = 60_000
const ownersMax = 1_000

interface Conduct {
  strikes: number
  restsUntil: number
  suspectUntil: number
}

/**
 * Remembers whose calls had to be killed. A kill costs a child process and as long as a call may take, so a guest that
 * hangs with every mail is not asked again at once: after three kills in a row it rests for five seconds, after every
 * further one for twice as long as before, up to a minute. A call that ends by itself clears the row. Suspect it stays
 * for a minute after each kill.
 */
export class Strikes {
  readonly #now: () => number
  readonly #conducts = new Map<string, Conduct>()

  constructor(now: () => number) {
    this.#now = now
  }

  /** How long the owner rests from now on, in ms; 0 when it does not. */
  remainingRestMs(owner: string): number {
    return Math.max(0, (this.#conducts.get(owner)?.restsUntil ?? 0) - this.#now())
  }

  isSuspect(owner: string): boolean {
    return (this.#conducts.get(owner)?.suspectUntil ?? 0) > this.#now()
  }

  noteKill(owner: string): void {
    const now = this.#now()
    const strikes = (this.#conducts.get(owner)?.strikes ?? 0) + 1
    const further = strikes - strikesMax
    const pauseMs = further < 0 ? 0 : Math.min(restMs.first * 2 ** further, restMs.max)
    this.#conducts.delete(owner)
    const oldest = this.#conducts.keys().next()
    if (this.#conducts.size >= ownersMax && !oldest.done) this.#conducts.delete(oldest.value)
    this.#conducts.set(owner, { strikes, restsUntil: now + pauseMs, suspectUntil: now + suspectMs })
  }

  noteEnd(owner: string): void {
    const conduct = this.#conducts.get(owner)
    if (conduct) conduct.strikes = 0
  }
}
