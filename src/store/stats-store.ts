import type { DeliveryStatus, MailStatus } from '../domain/delivery.js'

/** What is counted, and how often it happened. `latency` is told apart by its buckets. */
export const statMeasures = [
  'received',
  'rejected',
  'routed',
  'unrouted',
  /** Mails that reached nobody. */
  'failed',
  'sent',
  /** Attempts that failed, whether or not another one follows. */
  'attempts_failed',
  'dead',
] as const
export type StatMeasure = (typeof statMeasures)[number]

/** `all` is the whole gateway; of a route, `routed` counts the mails it matched. */
export type StatScope = 'all' | 'channel' | 'route'

export const statSteps = { minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const
export type StatStep = keyof typeof statSteps

/**
 * Upper ends, in milliseconds, of the buckets in which the time from receipt to sent is counted; the last has none.
 * A changed list would make kept counts mean something else, so it only ever grows at its end.
 */
export const latencyBoundsMs = [
  100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000, 86_400_000,
] as const

/** Counts of one stretch of time. Measures that did not happen are 0. */
export interface StatPoint {
  /** ISO time of its beginning. */
  at: string
  /** The channel or route; null for the whole gateway. */
  name: string | null
  counts: Record<StatMeasure, number>
  /** Alerts that were sent, by how long after receipt: a number a bucket, one more than `latencyBoundsMs`. */
  latency: number[]
}

export interface SeriesQuery {
  /** Milliseconds since the epoch; the end is left out. */
  from: number
  to: number
  /** A whole part of an hour, or whole hours: an hour that minutes were put together to is not taken apart again. */
  stepMs: number
  scope: StatScope
  /** Only this channel or route. */
  name?: string
}

/** Upper ends, in milliseconds, of the buckets in which calls of actions are counted; the last has none. Like `latencyBoundsMs`. */
export const actionBoundsMs = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000] as const

/** How an action or condition did, counted while mails were routed. */
export interface ActionCallCounts {
  action: string
  calls: number
  /** By the kind of the error: `timeout`, `trap`, … */
  failures: Record<string, number>
  /** Calls that answered, by how long they took: a number a bucket, one more than `actionBoundsMs`. */
  buckets: number[]
}

/** What is known of a route beside its config. */
export interface RouteHits {
  route: string
  /** When the gateway first ran with a route of this name. */
  known_since: string
  last_matched_at: string | null
  /** The last mails it matched, the newest first, at most five. */
  last_mails: string[]
  hits_24h: number
  hits_7d: number
}

/** How things stand. */
export interface StoreStats {
  mails: Partial<Record<MailStatus, number>>
  deliveries: Partial<Record<DeliveryStatus, number>>
  /** Held, gathered for a digest, and sent without the answer they ask for. */
  notifications: { held: number; gathered: number; unacknowledged: number }
  received_last_hour: number
  rejected_last_day: number
  oldest_waiting_at: string | null
  size_bytes: number
  channels: { channel: string; status: DeliveryStatus; count: number }[]
  /** `until` is null for a pause that a person ends. */
  pauses: { channel: string; until: string | null; reason: string }[]
}

/** How things stand, and counts over time. Those are written in the transactions that make what they count, so they are exact. */
export interface StatsStore {
  readStats: (now: number) => Promise<StoreStats>
  /** Points that have any count, in the order of time and name. */
  readSeries: (query: SeriesQuery) => Promise<StatPoint[]>
  listRouteHits: (now: number) => Promise<RouteHits[]>
  /** Calls of actions and conditions since then, by name; what is older than ninety days is forgotten. */
  listActionCalls: (since: number) => Promise<ActionCallCounts[]>
  /** Notes since when these routes are there, and forgets those of others that matched nothing for ninety days. */
  saveKnownRoutes: (routes: string[], now: number) => Promise<void>
  /** Puts old minutes together to hours and forgets old hours, a bounded number a call; how many rows went. */
  trimStats: (now: number) => Promise<number>
}
