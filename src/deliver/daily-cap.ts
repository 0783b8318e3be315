import type { Channel } from '../domain/channel.js'
import { formatMoment } from '../domain/waiting.js'
import type { ClaimedDelivery, Store } from '../store/store.js'
import { type Obstacle, putOff } from './gates.js'

const dayMs = 86_400_000
/** Not everybody's first message of a day at midnight sharp. */
const spreadMsMax = 300_000

/** The cap was reached: nothing more is counted until the day is over, or the config says another cap. */
export interface ReachedCap {
  day: string
  max: number
  /** The same for all that wait, so that they go on oldest first. */
  until: number
}

export interface CapParts {
  store: Pick<Store, 'countWithin'>
  /** Told once a day and process; who raises a notification for it has to make sure that there is one. */
  onCapReached: (channel: string, max: number) => void
  now: () => number
  random: () => number
}

/**
 * Counts a delivery that is about to be sent against the channel's cap for the day (UTC). Counted with its first
 * attempt and not again: retries are of the same message, and what is put off has made no attempt. Changes of what was
 * sent are no messages.
 */
export async function countAgainstCap(
  parts: CapParts,
  channel: Channel,
  delivery: Pick<ClaimedDelivery, 'attempts' | 'purpose'>,
  lane: { cap: ReachedCap | null },
): Promise<Obstacle | null> {
  const max = channel.limits.perDayMax
  if (max === null || delivery.attempts > 1 || delivery.purpose === 'update') return null
  const now = parts.now()
  const day = new Date(now).toISOString().slice(0, 10)
  const isReached = lane.cap?.day === day && lane.cap.max === max
  if (!isReached && (await parts.store.countWithin(`sent/${channel.name}`, day, max))) return null
  if (lane.cap?.day !== day || lane.cap.max !== max) {
    const midnight = (Math.floor(now / dayMs) + 1) * dayMs
    lane.cap = { day, max, until: midnight + Math.round(parts.random() * spreadMsMax) }
    parts.onCapReached(channel.name, max)
  }
  const { until } = lane.cap
  return putOff(until, `${max} a day are sent on ${channel.name}: waits until ${formatMoment(until)}`, now)
}
