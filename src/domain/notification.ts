import type { NotificationStatus } from './delivery.js'
import type { Message, Severity } from './message.js'

/** What the steps `dedupe`, `hold` and `digest` ask for; the store decides, in the transaction that keeps the notification. */
export interface NoiseControl {
  /** A repeat of the key within the window after one that went out is suppressed, and counted. */
  dedupe: { key: string; windowMs: number } | null
  /** Waits until `until`, and is suppressed if a recovery with the same route and key happened within `forMs`. */
  hold: { key: string; happenedAt: number; forMs: number; until: number } | null
  /**
   * Goes out with the others of the same route and key in one message, at `dueAt` or when the group is due already. The
   * empty key gathers all of the route.
   */
  digest: { key: string; dueAt: number } | null
}

export const noControl: NoiseControl = { dedupe: null, hold: null, digest: null }

/** What a mail closes. */
export type Recovery =
  /** Open notifications with this fingerprint, of any route. `route` is the one that says so. */
  | { type: 'fingerprint'; fingerprint: string; route: string }
  /** What the route holds, or sent after holding it, under this key. `happenedAt` is the mail's own date. */
  | { type: 'hold'; route: string; key: string; happenedAt: number }

/** What became of a notification when it was kept: written into the route's line of the trace. */
export interface NotificationFate {
  notification_id: string
  status: NotificationStatus
  /** `same as 01J… 4m ago (dedupe, 30m)`; `waits until 12:30 (hold)`; `silenced until …`; null when it simply goes out. */
  reason: string | null
}

/** What a follow-up has to know of its notification. */
export interface NotificationFacts {
  id: string
  status: NotificationStatus
  severity: Severity
  labels: Record<string, string>
  fingerprint: string
  createdAt: number
  acknowledged: Acknowledgement | null
  resolved: { at: number; by: string } | null
}

export interface Acknowledgement {
  /** A person, or who held the token: `tim@example.com`, `cli:root`, `telegram:Tim`. */
  by: string
  at: number
  note: string | null
}

/** One group of a digest whose time has come. */
export interface DueDigest {
  route: string
  key: string
  dueAt: number
  /** Oldest first, at most 500; `count` says how many there are. */
  items: DigestItem[]
  count: number
  /** To whom the last digest of this key went: for an empty one. */
  lastTargets: DigestTarget[]
}

export interface DigestItem {
  notificationId: string
  message: Message
  createdAt: number
  targets: DigestTarget[]
}

/** Everything of a planned delivery but its message: the digest has its own. */
export interface DigestTarget {
  channel: string
  recipient: string | null
  address: string | null
  retryMs: number[]
  retryWindowMs: number
  during: string | null
}
