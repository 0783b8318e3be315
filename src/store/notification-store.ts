import type { AckDisplay } from '../domain/channel.js'
import type { NewNotification, NotificationStatus } from '../domain/delivery.js'
import type { Message, Severity } from '../domain/message.js'
import type { Acknowledgement, DueDigest } from '../domain/notification.js'
import type { CommittedRouting, DeliverySelection, DeliverySummary, Page } from './store.js'

/** What is kept of notifications beyond their birth: acknowledged, resolved, held, gathered. */
export interface NotificationStore {
  /** What nobody's mail and no run raised: a digest, a monitor, the gateway itself. A `key` that was used changes nothing. */
  raise: (notifications: NewNotification[], origin: RaiseOrigin, now: number) => Promise<CommittedRouting>

  readNotification: (notificationId: string) => Promise<NotificationDetail | null>
  listNotifications: (filter: NotificationFilter) => Promise<Page<NotificationSummary>>

  /**
   * Acknowledges, in one transaction with the end of its repeats and escalations. What has been acknowledged or
   * resolved stays as it was, and the answer says so.
   */
  acknowledge: (request: AcknowledgeRequest) => Promise<AcknowledgeResult>
  /** Closes open notifications by hand; the same as a recovery mail does. How many there were. */
  resolveNotifications: (notificationIds: string[], by: string, now: number) => Promise<CommittedRouting>

  /** Lets go what was held long enough; at most `limit` notifications a call. */
  releaseHolds: (now: number, limit: number) => Promise<{ released: number; channels: string[] }>
  /** Groups whose time has come, oldest first. */
  listDueDigests: (now: number, limit: number) => Promise<DueDigest[]>
  /**
   * A composed digest with the end of its group, in one transaction: exactly `itemIds` are in it, what came since
   * starts the next group. Null sends nothing (an empty one). `nextDueAt` keeps the group for digests sent when empty.
   */
  commitDigest: (digest: DigestCommit) => Promise<CommittedRouting>
  /** When the next hold ends or digest is due; null when none waits. */
  nextFollowUpAt: () => Promise<number | null>
  /** Makes sure a group that is sent even when empty has its time. */
  keepDigest: (route: string, key: string, dueAt: number) => Promise<void>
}

export interface RaiseOrigin {
  source: 'digest' | 'monitor' | 'system'
  /** Names the occasion: raised once, however often it is said. */
  key: string
}

export interface AcknowledgeRequest {
  /** One notification, or the one a delivery belongs to. */
  notificationId: string | null
  deliveryId: string | null
  acknowledgement: Acknowledgement
  /** Channels that can change what was sent: there it is shown. */
  showOn: { channel: string; display: AckDisplay }[]
}

export type AcknowledgeResult =
  | { outcome: 'acknowledged'; notificationId: string; acknowledgement: Acknowledgement; channels: string[] }
  /** Somebody was quicker: who, and when. */
  | { outcome: 'already'; notificationId: string; acknowledgement: Acknowledgement }
  | { outcome: 'over'; notificationId: string; reason: string }
  | { outcome: 'not_found' }

export interface DigestCommit {
  route: string
  key: string
  dueAt: number
  itemIds: string[]
  notification: NewNotification | null
  nextDueAt: number | null
  now: number
}

export interface NotificationFilter {
  limit: number
  cursor?: string
  status?: NotificationStatus
  route?: string
  fingerprint?: string
  severity?: Severity
  mailId?: string
  /** Raised by this run, or told of it. */
  runId?: string
  since?: number
  /** Sent, waits for an acknowledgement, and has none. */
  unacknowledged?: boolean
}

export interface NotificationSummary {
  id: string
  route: string
  status: NotificationStatus
  severity: Severity
  event: string | null
  fingerprint: string
  title: string
  flagged: string | null
  created_at: string
  source: 'mail' | 'run' | 'digest' | 'monitor' | 'system'
  mail_id: string | null
  run_id: string | null
  /** Why it was suppressed, what it waits for, who resolved it. */
  reason: string | null
  /** When it is let go, for what is held or gathered. */
  waits_until: string | null
  /** How many repeats it stands for. */
  suppressed_count: number
  acked_by: string | null
  acked_at: string | null
  ack_note: string | null
  resolved_at: string | null
}

export interface NotificationDetail extends NotificationSummary {
  message: Message
  labels: Record<string, string>
  delivery_list: DeliverySummary[]
}

/** Dead letters of one channel with one error, numbers in the error aside. */
export interface DeadLetterGroup {
  channel: string
  error: string
  count: number
  oldest_at: string
  newest_at: string
  /** Some of them, to look at. */
  examples: string[]
}

export interface DeadLetterStore {
  /** Largest first, at most 200 groups. */
  listDeadLetterGroups: (selection: DeliverySelection) => Promise<DeadLetterGroup[]>
}
