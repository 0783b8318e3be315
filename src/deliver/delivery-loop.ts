import type { Channel } from '../domain/channel.js'
import type { ChannelPause, ClaimedDelivery } from '../store/store.js'
import { type Delivered, type DeliverParts, deliverOne } from './deliver-one.js'

/** Longer than the longest attempt with its settling, so that no delivery is claimed twice while it is being sent. */
const leaseMs = 120_000
/** Looks at the clock again at least this often: leases end, and clocks are set. */
const sweepMs = 5_000
/** Over all lanes. A lane with nothing under way may always start one, so that hanging channels cannot stop the others. */
const inFlightMax = 64
/** Attempts that ended with the process, beyond the ladder, until the delivery waits for a person. */
const lostAttemptsMax = 3

export interface LoopParts extends DeliverParts {
  owner: string
  channels: () => Record<string, Channel>
  onSettled: (delivery: ClaimedDelivery, settled: Delivered) => void
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

interface Lane {
  name: string
  inFlight: Set<Promise<void>>
  /** The claim under way; a lane claims once at a time. */
  claiming: Promise<void> | null
  /** Somebody asked for work while a claim was under way, so another claim has to follow. */
  again: boolean
  /** False until the store was asked whether the channel is paused. */
  isRead: boolean
  pause: ChannelPause | null
  /** The vendor told the channel to wait; a restart asks again, which costs one answer. */
  waitUntil: number
}

/**
 * Sends what is due. Each channel has a lane of its own with a bound, so a dead channel never delays another.
 * The loop holds no delivery in memory that the store does not have under lease: a crash loses nothing.
 */
export class DeliveryLoop {
  readonly #parts: LoopParts
  readonly #lanes = new Map<string, Lane>()
  #timer: NodeJS.Timeout | undefined
  #stopped = false
  #inFlight = 0

  constructor(parts: LoopParts) {
    this.#parts = parts
  }

  /** Looks for due deliveries now, on these channels or on all, and keeps looking until stopped. */
  wake(channels?: string[]): void {
    if (this.#stopped) return
    if (channels) for (const name of channels) this.#pump(name)
    else void this.#sweep()
  }

  /** Claims nothing more and waits for what is being sent. What was claimed but not begun is given back. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    const lanes = [...this.#lanes.values()]
    await Promise.allSettled(lanes.map((lane) => lane.claiming))
    await Promise.allSettled(lanes.flatMap((lane) => [...lane.inFlight]))
  }

  /** Forgets a channel's pause, so that what waits behind it is tried now. */
  async resume(channel: string): Promise<void> {
    await this.#parts.store.saveChannelPause(channel, null)
    const lane = this.#lanes.get(channel)
    if (lane) Object.assign(lane, { pause: null, waitUntil: 0 })
    this.wake([channel])
  }

  async #sweep(): Promise<void> {
    clearTimeout(this.#timer)
    let waitMs = sweepMs
    try {
      const now = this.#parts.now()
      for (const { channel, dueAt } of await this.#parts.store.nextDeliveryDueAt()) {
        const readyAt = Math.max(dueAt, this.#lanes.get(channel)?.waitUntil ?? 0)
        if (readyAt <= now) this.#pump(channel)
        else waitMs = Math.min(waitMs, readyAt - now)
      }
    } catch (error) {
      this.#complain('cannot look for due deliveries', error)
    }
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#sweep(), Math.max(10, waitMs))
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
      lane.pause = await this.#parts.store.readChannelPause(lane.name)
      lane.isRead = true
    }
    do {
      lane.again = false
      for (const delivery of await this.#claim(lane)) {
        if (this.#stopped)
          await this.#settleUnsent(delivery, { status: 'queued', dueAt: this.#parts.now(), error: null })
        else this.#start(lane, delivery)
      }
    } while (lane.again && !this.#stopped)
  }

  async #claim(lane: Lane): Promise<ClaimedDelivery[]> {
    if (this.#stopped) return []
    const { store, owner, now } = this.#parts
    const shared = Math.max(inFlightMax - this.#inFlight, lane.inFlight.size === 0 ? 1 : 0)
    const limit = Math.min(this.#room(lane), shared)
    if (limit <= 0) return []
    return store.claimDeliveries({ owner, channel: lane.name, now: now(), leaseMs, limit })
  }

  /** A channel that waits sends nothing; after a pause, one delivery finds out whether it works again. */
  #room(lane: Lane): number {
    const now = this.#parts.now()
    if (lane.waitUntil > now || (lane.pause && lane.pause.until > now)) return 0
    const channel = this.#parts.channels()[lane.name]
    const concurrency = lane.pause ? 1 : (channel?.kind.concurrency ?? 4)
    return concurrency - lane.inFlight.size
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
    const channel = this.#parts.channels()[delivery.channel]
    if (!channel) return this.#bury(delivery, `channel "${delivery.channel}" is no longer in the config`)
    const lost = delivery.counted - 1 - delivery.retryMs.length
    if (lost > lostAttemptsMax) {
      return this.#bury(delivery, `given up after ${delivery.counted - 1} attempts, of which the last came to no end`)
    }
    // Only an attempt begun after the pause can tell that the channel works again.
    const isProbe = lane.pause !== null
    const done = await deliverOne(this.#parts, channel, delivery, lane)
    if (!done.superseded) this.#parts.onSettled(delivery, done)
    if (done.pause) {
      this.#parts.log('warn', `channel ${lane.name} is paused: ${done.pause.reason}`, { channel: lane.name })
      await this.#parts.store.saveChannelPause(lane.name, done.pause)
    } else if (done.status === 'sent' && isProbe) {
      await this.resume(lane.name)
    }
    if (done.status === 'dead') this.#logDead(delivery)
    if (done.status === 'failed' || done.status === 'queued') this.wake()
  }

  async #bury(delivery: ClaimedDelivery, reason: string): Promise<void> {
    if (!(await this.#settleUnsent(delivery, { status: 'dead', dueAt: null, error: reason }))) return
    const outcome = 'permanent' as const
    this.#parts.onSettled(delivery, {
      status: 'dead',
      outcome,
      detail: reason,
      pause: null,
      superseded: false,
    })
    this.#logDead(delivery)
  }

  #settleUnsent(
    delivery: ClaimedDelivery,
    to: { status: 'queued' | 'dead'; dueAt: number | null; error: string | null },
  ): Promise<boolean> {
    return this.#parts.store.settleDelivery({
      deliveryId: delivery.id,
      owner: delivery.owner,
      epoch: delivery.epoch,
      now: this.#parts.now(),
      status: to.status,
      dueAt: to.dueAt,
      refund: true,
      lastError: to.error ?? delivery.lastError,
      remote: {},
      address: null,
      attempt: null,
      holdBack: null,
    })
  }

  #lane(name: string): Lane {
    const known = this.#lanes.get(name)
    if (known) return known
    const lane: Lane = {
      name,
      inFlight: new Set(),
      claiming: null,
      again: false,
      isRead: false,
      pause: null,
      waitUntil: 0,
    }
    this.#lanes.set(name, lane)
    return lane
  }

  #logDead({ id, mailId, channel }: ClaimedDelivery): void {
    this.#parts.log('warn', 'delivery is a dead letter', { delivery: id, mail: mailId, channel })
  }

  #complain(message: string, error: unknown): void {
    this.#parts.log('error', message, { error: error instanceof Error ? error.message : String(error) })
  }
}
