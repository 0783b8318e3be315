import { RecentKeys } from './recent-keys.js'

/** How many mails of a sender were stored on a day; `key` as in `LimitedSender`. */
export interface DailyCount {
  key: string
  count: number
}

interface Counted {
  stored: number
  /** Begun, and not yet stored or refused. */
  pending: number
  isTold: boolean
}

const keysMax = 20_000

/**
 * Mails of each sender in a day of UTC. Invariant: what is stored and what is begun is never more than the quota, over all
 * connections. The store keeps the counts; here is a copy that can be asked without waiting.
 */
export class DailyCounts {
  #day = ''
  readonly #senders = new RecentKeys<Counted>(keysMax)
  readonly #onSpent: (key: string, max: number) => Promise<void>

  /**
   * @param known what the store has of the day of `now`
   * @param onSpent hears of each sender once a day, when its quota is spent; once more after a restart, and when it rejects
   */
  constructor(known: DailyCount[], now: number, onSpent: (key: string, max: number) => Promise<void>) {
    this.#onSpent = onSpent
    this.#turnTo(dayOf(now))
    for (const { key, count } of known) this.#senders.set(key, { stored: count, pending: 0, isTold: false })
  }

  /** Sets one mail of the quota aside; false when it is spent. What is set aside has to be given back by `release`. */
  reserve(key: string, max: number | null, now: number): boolean {
    this.#turnTo(dayOf(now))
    const sender = this.#senders.get(key) ?? { stored: 0, pending: 0, isTold: false }
    if (max !== null && sender.stored + sender.pending >= max) {
      if (sender.stored >= max) this.#tell(key, sender, max)
      return false
    }
    sender.pending++
    this.#senders.set(key, sender)
    return true
  }

  /** After the transaction, however it ended. */
  release(key: string): void {
    const sender = this.#senders.get(key)
    if (!sender) return
    sender.pending = Math.max(0, sender.pending - 1)
    if (sender.pending === 0 && sender.stored === 0) this.#senders.delete(key)
  }

  /** @param max the quota that held when the mail began */
  stored(key: string, max: number | null, receivedAt: number): void {
    if (dayOf(receivedAt) !== this.#day) return
    const sender = this.#senders.get(key) ?? { stored: 0, pending: 0, isTold: false }
    sender.stored++
    this.#senders.set(key, sender)
    if (max !== null && sender.stored >= max) this.#tell(key, sender, max)
  }

  #tell(key: string, sender: Counted, max: number): void {
    if (sender.isTold) return
    sender.isTold = true
    this.#onSpent(key, max).catch(() => {
      sender.isTold = false
    })
  }

  #turnTo(day: string): void {
    if (day === this.#day) return
    this.#day = day
    for (const [key, sender] of [...this.#senders.entries()]) {
      if (sender.pending === 0) this.#senders.delete(key)
      else Object.assign(sender, { stored: 0, isTold: false })
    }
  }
}

/** `2026-01-31`, in UTC. */
export function dayOf(at: number): string {
  return new Date(at).toISOString().slice(0, 10)
}
