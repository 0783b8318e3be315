import type { Channel } from '../domain/channel.js'
import type { ChannelPause, ClaimedDelivery } from '../store/store.js'
import { closedBreaker } from './breaker.js'
import { type Delivered, type DeliverParts, deliverOne } from './deliver-one.js'
import { countClaimed, countRoom, type Lane, laneReadyAt, openLane } from './lane.js'
import { settleUnsent } from './settle.js'

/** Longer than the longest attempt with its settling, so that no delivery is claimed twice while it is being sent. */
const leaseMs = 120_000
/** Looks at the clock again at least this often: leases end, and clocks are set. */
const sweepMs = 5_000
const sweepMsMin = 10
/** Over all lanes. A lane with nothing under way may always start one, so that hanging channels cannot stop the others. */
const inFlightMax = 64

export interface LoopParts extends DeliverParts {
  owner: string
  channels: () => Record<string, Channel>
  onSettled: (delivery: ClaimedDelivery, settled: Delivered) => void
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

/**
 * Sends what is due. Each channel has a lane of its own with a bound, so a dead channel never delays another.
 * The loop holds no delivery in memory that the store does not have under lease: a crash loses nothing.
 */
export class DeliveryLoop {
  readonly #parts: LoopParts
  readonly #lanes = new Map<string, Lane>()
  #timer: NodeJS.Timeout | undefined
  /** When the timer fires, by `now`; infinite while none is set. */
  #timerAt = Number.POSITIVE_INFINITY
  #sweeping: Promise<void> | null = null
  #sweepAgain = false
  #stopped = false
  #inFlight = 0

  constructor(parts: LoopParts) {
    this.#parts = parts
  }

  /** Looks for due deliveries now, on these channels or on all, and keeps looking until stopped. */
  wake(channels?: string[]): void {
    if (this.#stopped) return
    if (channels) for (const name of channels) this.#pump(name)
    else this.#sweep()
  }

  /** Resolves when nothing is looked for, claimed or sent: all that is due by `now` and may go has gone. */
  async idle(): Promise<void> {
    for (let work = this.#underWay(); work.length > 0; work = this.#underWay()) await Promise.allSettled(work)
  }

  /** When the next delivery may go, by its own time and its channel's; null when none waits. */
  async nextReadyAt(): Promise<number | null> {
    const moments = (await this.#parts.store.nextDeliveryDueAt()).map(({ channel, dueAt }) => {
      const lane = this.#lanes.get(channel)
      return lane ? Math.max(dueAt, laneReadyAt(lane, this.#parts.channels()[channel])) : dueAt
    })
    return moments.length === 0 ? null : Math.min(...moments)
  }

  /** Claims nothing more and waits for what is being sent. What was claimed but not begun is given back. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await this.idle()
  }

  /** A person's pause: nothing is begun on the channel until it is resumed, over restarts, too. */
  async pause(channel: string, reason: string): Promise<void> {
    const pause = { until: Number.MAX_SAFE_INTEGER, reason, failures: 0 }
    await this.#keepPause(this.#lane(channel), pause)
  }

  /** Forgets a channel's pause, whoever began it, so that what waits behind it is tried now. */
  async resume(channel: string): Promise<void> {
    const lane = this.#lane(channel)
    lane.waitUntil = 0
    await this.#keepPause(lane, null)
    this.wake([channel])
  }

  #underWay(): Promise<void>[] {
    const lanes = [...this.#lanes.values()]
    const work = lanes.flatMap(({ claiming, inFlight }) => (claiming ? [claiming, ...inFlight] : [...inFlight]))
    return this.#sweeping ? [...work, this.#sweeping] : work
  }

  #sweep(): void {
    this.#sweepAgain = this.#sweeping !== null
    if (this.#sweeping || this.#stopped) return
    this.#sweeping = this.#lookForDue()
      .catch((error) => this.#complain('cannot look for due deliveries', error))
      .finally(() => {
        this.#sweeping = null
        if (this.#sweepAgain) this.#sweep()
        else this.#sweepAt(this.#parts.now() + sweepMs)
      })
  }

  async #lookForDue(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#parts.now()
    for (const { channel, dueAt } of await this.#parts.store.nextDeliveryDueAt()) {
      const lane = this.#lanes.get(channel)
      const readyAt = lane ? laneReadyAt(lane, this.#parts.channels()[channel]) : dueAt
      if (Math.max(dueAt, readyAt) <= now) this.#pump(channel)
      else this.#sweepAt(Math.max(dueAt, readyAt))
    }
  }

  /** One timer for all lanes, set to the earliest moment anybody asked for. */
  #sweepAt(at: number): void {
    if (this.#stopped || at >= this.#timerAt) return
    clearTimeout(this.#timer)
    this.#timerAt = at
    const waitMs = Math.min(sweepMs, Math.max(sweepMsMin, at - this.#parts.now()))
    this.#timer = setTimeout(() => this.#sweep(), waitMs)
  }

  #pump(name: string): void {
    const lane = this.#lane(name)
    if (this.#stopped) return
    if (lane.claiming) {
      lane.again = true
      return
    }
    lane.claiming = this.#claimWhileAsked(lane)
      .catch((error) => this.#complain(`cannot claim deliveries of channel ${name}`, error))
      .finally(() => {
        lane.claiming = null
        if (lane.again) this.#pump(name)
      })
  }

  async #claimWhileAsked(lane: Lane): Promise<void> {
    if (!lane.isRead) {
      const pause = await this.#parts.store.readChannelPause(lane.name)
      // Whoever paused or resumed it meanwhile knew better.
      if (!lane.isRead) lane.breaker = { ...lane.breaker, pause }
      lane.isRead = true
    }
    do {
      lane.again = false
      for (const delivery of await this.#claim(lane)) {
        if (this.#stopped) await this.#giveBack(delivery)
        else this.#start(lane, delivery)
      }
    } while (lane.again && !this.#stopped)
  }

  async #claim(lane: Lane): Promise<ClaimedDelivery[]> {
    if (this.#stopped) return []
    const { store, owner } = this.#parts
    const now = this.#parts.now()
    const channel = this.#parts.channels()[lane.name]
    const readyAt = laneReadyAt(lane, channel)
    if (readyAt > now) this.#sweepAt(readyAt)
    const shared = Math.max(inFlightMax - this.#inFlight, lane.inFlight.size === 0 ? 1 : 0)
    const limit = Math.min(countRoom(lane, channel, now), shared)
    if (limit <= 0) return []
    const claimed = await store.claimDeliveries({ owner, channel: lane.name, now, leaseMs, limit })
    countClaimed(lane, channel, claimed.length, now)
    return claimed
  }

  #start(lane: Lane, delivery: ClaimedDelivery): void {
    this.#inFlight++
    const work = this.#deliver(lane, delivery)
      .catch((error) => this.#complain(`delivery ${delivery.id} could not be settled; its lease will end`, error))
      .finally(() => {
        this.#inFlight--
        lane.inFlight.delete(work)
        this.#pump(lane.name)
      })
    lane.inFlight.add(work)
  }

  async #deliver(lane: Lane, delivery: ClaimedDelivery): Promise<void> {
    const { log, onSettled } = this.#parts
    const channel = this.#parts.channels()[delivery.channel]
    const settled = await deliverOne(this.#parts, lane, channel, delivery, () => this.#notePause(lane))
    if (!settled.superseded) onSettled(delivery, settled)
    if (settled.status === 'dead') {
      const { id, mailId, channel: name } = delivery
      log('warn', 'delivery is a dead letter', { delivery: id, mail: mailId, channel: name })
    }
    if (settled.status === 'failed' || settled.status === 'queued') this.wake()
  }

  #giveBack(delivery: ClaimedDelivery): Promise<boolean> {
    const { lastError } = delivery
    const dueAt = this.#parts.now()
    return settleUnsent(this.#parts, delivery, { status: 'queued', dueAt, reason: lastError, goesOn: false })
  }

  /** The breaker paused the channel, or ended its pause. */
  #notePause(lane: Lane): void {
    const { pause } = lane.breaker
    const facts = { channel: lane.name, failures: pause?.failures ?? 0 }
    if (pause) this.#parts.log('warn', `channel ${lane.name} is paused: ${pause.reason}`, facts)
    else this.#parts.log('info', `channel ${lane.name} works again`, facts)
    const work = this.#keepPause(lane, pause)
      .catch((error) => this.#complain(`the pause of channel ${lane.name} could not be saved`, error))
      .finally(() => {
        lane.inFlight.delete(work)
        this.#pump(lane.name)
      })
    lane.inFlight.add(work)
  }

  /** What is changed here first is saved first: nothing is awaited in between. */
  async #keepPause(lane: Lane, pause: ChannelPause | null): Promise<void> {
    lane.breaker = pause === null ? closedBreaker : { ...lane.breaker, pause }
    lane.isRead = true
    await this.#parts.store.saveChannelPause(lane.name, pause)
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known) return known
    const lane = openLane(name)
    this.#lanes.set(name, lane)
    return lane
  }

  #complain(message: string, error: unknown): void {
    this.#parts.log('error', message, { error: error instanceof Error ? error.message : String(error) })
  }
}
