import type { Channel, Rate } from '../domain/channel.js'
import { formatDuration } from '../domain/units.js'
import type { ClaimedDelivery } from '../store/store.js'
import { type Breaker, closedBreaker } from './breaker.js'
import type { ReachedCap } from './daily-cap.js'
import type { Obstacle } from './gates.js'
import { AddressRates, countFree, freeAt, giveBack, type Meter, take } from './rates.js'

const concurrencyDefault = 4

/** All that is known of one channel between two claims. Only the breaker's pause outlives a restart. */
export interface Lane {
  readonly name: string
  readonly inFlight: Set<Promise<void>>
  /** The claim under way; a lane claims once at a time. */
  claiming: Promise<void> | null
  /** Somebody asked for work while a claim was under way, so another claim has to follow. */
  again: boolean
  /** False until the store was asked whether the channel is paused. */
  isRead: boolean
  breaker: Breaker
  /** The vendor told the channel to wait; a restart asks again, which costs one answer. */
  waitUntil: number
  readonly meter: Meter
  readonly addresses: AddressRates
  cap: ReachedCap | null
}

export function openLane(name: string): Lane {
  return {
    name,
    inFlight: new Set(),
    claiming: null,
    again: false,
    isRead: false,
    breaker: closedBreaker,
    waitUntil: 0,
    meter: { evenAt: 0 },
    addresses: new AddressRates(),
    cap: null,
  }
}

/**
 * How many deliveries the lane may begin now. A channel that waits begins none; after a pause, one at a time finds out
 * whether it works again.
 */
export function countRoom(lane: Lane, channel: Channel | undefined, now: number): number {
  if (laneReadyAt(lane, channel) > now) return 0
  const concurrency = lane.breaker.pause ? 1 : (channel?.kind.concurrency ?? concurrencyDefault)
  const room = Math.max(0, concurrency - lane.inFlight.size)
  const rate = rateOf(channel)
  return rate ? Math.min(room, countFree(lane.meter, rate, now)) : room
}

/** Before this moment the lane begins nothing, whatever is due. */
export function laneReadyAt(lane: Lane, channel: Channel | undefined): number {
  const rate = rateOf(channel)
  return Math.max(lane.waitUntil, lane.breaker.pause?.until ?? 0, rate ? freeAt(lane.meter, rate) : 0)
}

/** Counts claimed deliveries against the channel's rate. */
export function countClaimed(lane: Lane, channel: Channel | undefined, count: number, now: number): void {
  const rate = rateOf(channel)
  if (rate) take(lane.meter, rate, count, now)
}

/** A claimed delivery was not sent, so another may go in its place. */
export function uncountClaimed(lane: Lane, channel: Channel | undefined): void {
  const rate = rateOf(channel)
  if (rate) giveBack(lane.meter, rate)
}

/** The turn of a delivery among those to its address; null when it may go now. */
export function awaitTurn(
  lane: Lane,
  channel: Channel,
  delivery: Pick<ClaimedDelivery, 'id' | 'address'>,
  now: number,
): Obstacle | null {
  const rate = channel.kind.rates.address
  const turn = rate && lane.addresses.takeTurn(delivery.id, delivery.address ?? '', rate, now)
  if (!rate || turn === null) return null
  const reason = `waits for its turn: at most ${rate.count} in ${formatDuration(rate.perMs)} to one address`
  return { status: 'queued', dueAt: turn, reason, goesOn: false }
}

function rateOf(channel: Channel | undefined): Rate | null {
  return channel ? (channel.limits.rate ?? channel.kind.rates.channel) : null
}
