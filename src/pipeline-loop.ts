import { setTimeout as sleep } from 'node:timers/promises'
import { StoreError } from './domain/errors.js'
import type { RoutedMail } from './pipeline.js'
import type { ClaimedMail, Store } from './store/store.js'

/** Longer than routing one mail may take, so that no mail is routed twice at a time. */
const leaseMs = 180_000
const routeMsMax = 150_000
const sweepMs = 5_000
const retryMs = 60_000
/** After so many ends of the process a mail is routed with no other suspect beside it. See `MailClaim`. */
const suspectAttempts = 3
/** More than a sandbox or an LLM that answers slowly can hold up at a time; what they take of memory is bounded below. */
const inFlightMax = 256
const inFlightBytesMax = 32_000_000
/** Past this much waiting work the 250 is held back, so that a flood meets pressure instead of filling the memory. */
const waitingMailsMax = 500
const waitingBytesMax = 32_000_000
/** A pipeline that hangs must not make senders time out: their mail is safe already. */
const holdBackMsMax = 5_000

export interface PipelineLoopParts {
  store: Pick<Store, 'claimMails' | 'releaseMail' | 'nextMailDueAt'>
  owner: string
  route: (claimed: ClaimedMail, signal: AbortSignal) => Promise<RoutedMail | false>
  onRouted: (routed: RoutedMail) => void
  now: () => number
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/** Claims stored mails and routes them, many at a time but within bounds; the store holds everything that waits. */
export class PipelineLoop {
  readonly #parts: PipelineLoopParts
  readonly #stop = new AbortController()
  readonly #inFlight = new Set<Promise<void>>()
  #bytesInFlight = 0
  #isSuspectInFlight = false
  #claiming: Promise<void> | null = null
  #again = false
  #timer: NodeJS.Timeout | undefined
  #waitingMails = 0
  #waitingBytes = 0
  readonly #holders = new Set<() => void>()

  constructor(parts: PipelineLoopParts) {
    this.#parts = parts
  }

  /** Looks for due mails now, and keeps looking until stopped. */
  wake(): void {
    if (this.#stop.signal.aborted) return
    if (this.#claiming) {
      this.#again = true
      return
    }
    this.#claiming = this.#claimWhileAsked().finally(() => {
      this.#claiming = null
      if (this.#again) this.wake()
    })
  }

  /** Counts mails that were just stored, and starts on them. */
  added(mails: number, bytes: number): void {
    this.#waitingMails += mails
    this.#waitingBytes += bytes
    this.wake()
  }

  /** Resolves at once while there is room, else when there is again, and after five seconds at the latest. */
  async waitForRoom(): Promise<void> {
    if (this.#hasRoom() || this.#stop.signal.aborted) return
    await new Promise<void>((resolve) => {
      const go = (): void => {
        clearTimeout(timer)
        this.#holders.delete(go)
        resolve()
      }
      const timer = setTimeout(go, holdBackMsMax)
      this.#holders.add(go)
    })
  }

  /** Resolves when no mail is claimed or routed: all that was due has been looked at. */
  async idle(): Promise<void> {
    while (this.#claiming || this.#inFlight.size > 0) await Promise.allSettled([this.#claiming, ...this.#inFlight])
  }

  /** Claims nothing more and waits for what is being routed; all of it is given back, as nothing was wrong with it. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stop.abort(new Error('the program is stopping'))
    this.#letHoldersGo()
    await this.#claiming
    await Promise.allSettled([...this.#inFlight])
  }

  async #claimWhileAsked(): Promise<void> {
    try {
      do {
        this.#again = false
        const claimed = await this.#claim()
        for (const mail of claimed) this.#start(mail)
        if (claimed.length === 0 && this.#inFlight.size === 0) this.#forgetWaiting()
        await this.#schedule()
      } while (this.#again && !this.#stop.signal.aborted)
    } catch (error) {
      this.#parts.log('error', 'cannot claim mails', { error: error instanceof Error ? error.message : String(error) })
      this.#wakeIn(sweepMs)
    }
  }

  async #claim(): Promise<ClaimedMail[]> {
    const limit = inFlightMax - this.#inFlight.size
    const bytesMax = inFlightBytesMax - this.#bytesInFlight
    if (this.#stop.signal.aborted || limit <= 0 || bytesMax <= 0) return []
    const { store, owner, now } = this.#parts
    const suspect = !this.#isSuspectInFlight
    const claim = { owner, now: now(), leaseMs, limit: Math.min(limit, 32), bytesMax, suspectAttempts, suspect }
    return store.claimMails(claim)
  }

  #start(claimed: ClaimedMail): void {
    const isSuspect = claimed.attempts > suspectAttempts
    if (isSuspect) this.#isSuspectInFlight = true
    this.#bytesInFlight += claimed.raw.byteLength
    const work = this.#route(claimed).finally(() => {
      this.#inFlight.delete(work)
      if (isSuspect) this.#isSuspectInFlight = false
      this.#bytesInFlight -= claimed.raw.byteLength
      this.#waitingMails = Math.max(0, this.#waitingMails - 1)
      this.#waitingBytes = Math.max(0, this.#waitingBytes - claimed.raw.byteLength)
      if (this.#hasRoom()) this.#letHoldersGo()
      if (!this.#stop.signal.aborted) this.wake()
    })
    this.#inFlight.add(work)
  }

  async #route(claimed: ClaimedMail): Promise<void> {
    const signal = AbortSignal.any([this.#stop.signal, AbortSignal.timeout(routeMsMax)])
    try {
      const routed = await orAborted(signal, () => this.#parts.route(claimed, signal))
      if (routed) this.#parts.onRouted(routed)
    } catch (error) {
      await this.#release(claimed, error)
    }
  }

  /**
   * The mail stays stored and is tried again; after six attempts the pipeline puts it before a person. A disk that is
   * full is no fault of the mail's: it goes on with the first sweep that finds room, and the attempt does not count.
   */
  async #release(claimed: ClaimedMail, error: unknown): Promise<void> {
    const { log, now } = this.#parts
    const stopping = this.#stop.signal.aborted
    const message = error instanceof Error ? error.message : String(error)
    if (!stopping) log('error', 'a mail could not be routed', { mail: claimed.id, error: message })
    const isDisk = error instanceof StoreError && error.isPassing
    const { id: mailId, owner, epoch } = claimed
    const release = { mailId, owner, epoch, reason: stopping || isDisk ? null : message }
    const waitMs = stopping ? 0 : isDisk ? sweepMs : retryMs
    const leaseEndsAt = now() + leaseMs
    for (;;) {
      const problem = await this.#parts.store.releaseMail({ ...release, dueAt: now() + waitMs }).then(
        () => null,
        (reason: unknown) => String(reason),
      )
      if (problem === null) return
      if (this.#stop.signal.aborted || now() + sweepMs > leaseEndsAt) {
        return log('error', 'a lease could not be given up; it will end', { mail: mailId, error: problem })
      }
      // It is aborted by the stop, after which the lease is given up once more.
      await sleep(sweepMs, undefined, { signal: this.#stop.signal }).catch(() => undefined)
    }
  }

  async #schedule(): Promise<void> {
    if (this.#inFlight.size >= inFlightMax || this.#bytesInFlight >= inFlightBytesMax) return this.#wakeIn(sweepMs)
    const dueAt = await this.#parts.store.nextMailDueAt()
    const waitMs = dueAt === null ? sweepMs : Math.max(10, dueAt - this.#parts.now())
    this.#wakeIn(Math.min(waitMs, sweepMs))
  }

  #wakeIn(ms: number): void {
    clearTimeout(this.#timer)
    if (!this.#stop.signal.aborted) this.#timer = setTimeout(() => this.wake(), ms)
  }

  /** Nothing is due and nothing under way, so nothing waits: mails that were deleted meanwhile must not count for ever. */
  #forgetWaiting(): void {
    this.#waitingMails = 0
    this.#waitingBytes = 0
    this.#letHoldersGo()
  }

  #hasRoom(): boolean {
    return this.#waitingMails < waitingMailsMax && this.#waitingBytes < waitingBytesMax
  }

  #letHoldersGo(): void {
    for (const go of [...this.#holders]) go()
  }
}

/**
 * Settles like the work, or rejects as soon as the signal fires: a step that hangs must not hold a place for ever, nor
 * keep the program from stopping. Should it end later all the same, its commit is refused, as the lease is given up.
 */
function orAborted<Value>(signal: AbortSignal, work: () => Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const leave = (): void => reject(signal.reason)
    signal.addEventListener('abort', leave, { once: true })
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', leave))
  })
}
