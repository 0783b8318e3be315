import type { Channel } from '../domain/channel.js'
import type { ChannelPause, ClaimedDelivery } from '../store/store.js'
import { type Delivered, type DeliverParts, deliverOne } from './deliver-one.js'

/** Longer than the longest attempt with its settling, so that no delivery is claimed twice while it is being sent. */
const leaseMs = 120_000
/** Looks at the clock again at least this often: leases end, and clocks are set. */
const sweepMs = 5_000
const inFlightMax = 64

export interface LoopParts extends DeliverParts {
  owner: string
  channels: () => Record<string, Channel>
  onSettled: (delivery: ClaimedDelivery, settled: Delivered) => void
  log: (level: 'info' | 'warn' | 'error', message: string, facts: Record<string, unknown>) => void
}

interface Lane {
  name: string
  inFlight: Set<Promise<void>>
  claiming: boolean
  /** Somebody asked for work while a claim was under way, so another claim has to follow. */
  again: boolean
  pause: ChannelPause | null
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
    if (channels) for (const name of channels) void this.#pump(name)
    else void this.#sweep()
  }

  /** Claims nothing more and waits for what is being sent. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    await Promise.allSettled([...this.#lanes.values()].flatMap((lane) => [...lane.inFlight]))
  }

  /** Forgets a channel's pause, so that what waits behind it is tried now. */
  async resume(channel: string): Promise<void> {
    await this.#parts.store.saveChannelPause(channel, null)
    const lane = this.#lanes.get(channel)
    if (lane) lane.pause = null
    this.wake([channel])
  }

  async #sweep(): Promise<void> {
    clearTimeout(this.#timer)
    let waitMs = sweepMs
    try {
      const now = this.#parts.now()
      for (const { channel, dueAt } of await this.#parts.store.nextDeliveryDueAt()) {
        if (dueAt <= now) void this.#pump(channel)
        else waitMs = Math.min(waitMs, dueAt - now)
      }
    } catch (error) {
      this.#complain('cannot look for due deliveries', error)
    }
    if (this.#stopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#sweep(), Math.max(10, waitMs))
  }

  async #pump(name: string): Promise<void> {
    const lane = await this.#lane(name)
    if (lane.claiming) {
      lane.again = true
      return
    }
    lane.claiming = true
    try {
      do {
        lane.again = false
        for (const delivery of await this.#claim(lane)) this.#start(lane, delivery)
      } while (lane.again && !this.#stopped)
    } catch (error) {
      this.#complain(`cannot claim deliveries of channel ${name}`, error)
    } finally {
      lane.claiming = false
    }
  }

  async #claim(lane: Lane): Promise<ClaimedDelivery[]> {
    if (this.#stopped) return []
    const { store, owner, now } = this.#parts
    const limit = Math.min(this.#room(lane), inFlightMax - this.#inFlight)
    if (limit <= 0) return []
    return store.claimDeliveries({ owner, channel: lane.name, now: now(), leaseMs, limit })
  }

  /** A paused channel sends nothing; when the pause is over, one delivery finds out whether it works again. */
  #room(lane: Lane): number {
    if (lane.pause && lane.pause.until > this.#parts.now()) return 0
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
        if (!this.#stopped) void this.#pump(lane.name)
      })
    lane.inFlight.add(work)
  }

  async #deliver(lane: Lane, delivery: ClaimedDelivery): Promise<void> {
    const channel = this.#parts.channels()[delivery.channel]
    if (!channel) return this.#bury(delivery, `channel "${delivery.channel}" is no longer in the config`)
    const done = await deliverOne(this.#parts, channel, delivery, lane.pause?.failures ?? 0)
    this.#parts.onSettled(delivery, done)
    if (done.pause) {
      lane.pause = done.pause
      await this.#parts.store.saveChannelPause(lane.name, done.pause)
      this.#parts.log('warn', `channel ${lane.name} is paused: ${done.pause.reason}`, { channel: lane.name })
    } else if (done.status === 'sent' && lane.pause) {
      await this.resume(lane.name)
    }
    if (done.status === 'dead') {
      this.#parts.log('warn', 'delivery is a dead letter', {
        delivery: delivery.id,
        mail: delivery.mailId,
        channel: lane.name,
      })
    }
    if (done.status === 'failed' || done.status === 'queued') this.wake()
  }

  async #bury(delivery: ClaimedDelivery, reason: string): Promise<void> {
    await this.#parts.store.settleDelivery({
      deliveryId: delivery.id,
      owner: delivery.owner,
      epoch: delivery.epoch,
      now: this.#parts.now(),
      status: 'dead',
      dueAt: null,
      refund: true,
      lastError: reason,
      remote: {},
      address: null,
      attempt: null,
      holdBack: null,
    })
  }

  async #lane(name: string): Promise<Lane> {
    const known = this.#lanes.get(name)
    if (known) return known
    const lane: Lane = { name, inFlight: new Set(), claiming: false, again: false, pause: null }
    this.#lanes.set(name, lane)
    lane.claiming = true
    lane.pause = await this.#parts.store.readChannelPause(name)
    lane.claiming = false
    return lane
  }

  #complain(message: string, error: unknown): void {
    this.#parts.log('error', message, { error: error instanceof Error ? error.message : String(error) })
  }
}
