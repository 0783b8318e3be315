import { nextDigestAt } from '../domain/calendar.js'
import type { NewNotification } from '../domain/delivery.js'
import type { DueDigest } from '../domain/notification.js'
import type { Store } from '../store/store.js'
import { composeDigest } from './compose-digest.js'
import { type DigestPlan, previousDigestAt } from './digest-plan.js'

/** Looks at the clock again at least this often: clocks are set. */
const sweepMs = 5_000
/** In one transaction, so that mails that come in need not wait for many. */
const holdsPerCommit = 200
const digestsPerRead = 20
/** Of one turn; what is left is done in the next. */
const commitsMax = 1_000

export interface FollowParts {
  store: Pick<Store, 'nextFollowUpAt' | 'releaseHolds' | 'listDueDigests' | 'commitDigest'>
  /** What the config says of a route's digest. */
  digestPlan: (route: string) => DigestPlan | null
  /** Puts a notification in the words of its channels. */
  word: (notification: NewNotification) => Promise<NewNotification>
  /** There is new work on these channels. */
  wakeDeliveries: (channels: string[]) => void
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/**
 * Lets go what was held long enough, and sends digests at their time. Everything that waits is in the store: what cannot
 * be done now is done at the next look, and a restart forgets nothing.
 */
export class FollowLoop {
  readonly #parts: FollowParts
  #looking: Promise<void> | null = null
  #again = false
  #timer: NodeJS.Timeout | undefined
  #stopped = false

  constructor(parts: FollowParts) {
    this.#parts = parts
  }

  /** Looks for what is due now, and keeps looking until stopped. */
  wake(): void {
    if (this.#stopped) return
    if (this.#looking) {
      this.#again = true
      return
    }
    this.#looking = this.#lookWhileAsked().finally(() => {
      this.#looking = null
      if (this.#again) this.wake()
    })
  }

  /** Something waits until `at`: looks then, if that is before the next look. */
  expect(at: number): void {
    if (at - this.#parts.now() < sweepMs) this.wake()
  }

  /** Resolves when nothing is being let go or composed. */
  async idle(): Promise<void> {
    while (this.#looking) await this.#looking
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.idle()
    clearTimeout(this.#timer)
  }

  async #lookWhileAsked(): Promise<void> {
    let waitMs = sweepMs
    do {
      this.#again = false
      try {
        waitMs = await this.#look()
      } catch (error) {
        this.#complain('cannot let go what waits', error)
        waitMs = sweepMs
      }
    } while (this.#again && !this.#stopped)
    clearTimeout(this.#timer)
    if (!this.#stopped) this.#timer = setTimeout(() => this.wake(), waitMs)
  }

  /** How long nothing is due. */
  async #look(): Promise<number> {
    const { store, now } = this.#parts
    await this.#releaseHolds()
    const isAllSent = await this.#sendDigests()
    const dueAt = await store.nextFollowUpAt()
    if (dueAt === null || !isAllSent) return sweepMs
    return Math.min(sweepMs, Math.max(10, dueAt - now()))
  }

  async #releaseHolds(): Promise<void> {
    const { store, now, wakeDeliveries } = this.#parts
    for (let commits = 0; commits < commitsMax && !this.#stopped; commits++) {
      const { released, channels } = await store.releaseHolds(now(), holdsPerCommit)
      if (channels.length > 0) wakeDeliveries(channels)
      if (released < holdsPerCommit) return
    }
  }

  /** False when one could not be sent. It stays due, and does not keep the others from their time. */
  async #sendDigests(): Promise<boolean> {
    const failed = new Set<string>()
    for (let commits = 0; commits < commitsMax && !this.#stopped; ) {
      const due = await this.#parts.store.listDueDigests(this.#parts.now(), digestsPerRead + failed.size)
      const fresh = due.filter((digest) => !failed.has(nameOf(digest)))
      if (fresh.length === 0) break
      for (const digest of fresh) {
        commits++
        try {
          await this.#send(digest)
        } catch (error) {
          failed.add(nameOf(digest))
          this.#complain(`the digest of ${digest.route} could not be sent; it is tried again`, error)
        }
      }
    }
    return failed.size === 0
  }

  async #send(digest: DueDigest): Promise<void> {
    const { store, digestPlan, word, wakeDeliveries } = this.#parts
    const now = this.#parts.now()
    const { route, key, dueAt, items } = digest
    const plan = digestPlan(route)
    const isWanted = items.length > 0 || plan?.sendEmpty === true
    const since = plan ? previousDigestAt(plan.schedule, dueAt) : dueAt
    const composed = isWanted ? composeDigest(digest, since, now) : null
    const { channels } = await store.commitDigest({
      route,
      key,
      dueAt,
      itemIds: items.map(({ notificationId }) => notificationId),
      notification: composed && (await word(composed)),
      // What came since, and what did not fit, is the store's to give a time.
      nextDueAt: plan?.sendEmpty ? nextDigestAt(plan.schedule, now) : null,
      now,
    })
    wakeDeliveries(channels)
  }

  #complain(message: string, error: unknown): void {
    this.#parts.log('error', message, { error: error instanceof Error ? error.message : String(error) })
  }
}

function nameOf({ route, key }: DueDigest): string {
  return JSON.stringify([route, key])
}
