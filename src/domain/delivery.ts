import type { Message, Severity } from './message.js'

export const mailStatuses = ['stored', 'routed', 'unrouted', 'held', 'failed'] as const
export type MailStatus = (typeof mailStatuses)[number]

export const deliveryStatuses = ['queued', 'processing', 'sent', 'failed', 'dead', 'cancelled'] as const
/** `failed` will be retried; `dead` waits for a person. */
export type DeliveryStatus = (typeof deliveryStatuses)[number]

export type NotificationStatus = DeliveryStatus | 'acknowledged' | 'resolved' | 'suppressed'

/** What one route made of one mail, before it has an id. */
export interface NewNotification {
  route: string
  severity: Severity
  event: string | null
  fingerprint: string
  labels: Record<string, string>
  message: Message
  /** Set when something on the way failed and the alert goes out all the same. */
  flagged: string | null
  deliveries: NewDelivery[]
}

export interface NewDelivery {
  channel: string
  /** The person (mail address), or null when the channel names its own destination. */
  recipient: string | null
  /** The address on the channel, or null when the channel names its own destination. */
  address: string | null
  /** What this one says: each `send` may have a template of its own, and `set` may follow it. */
  message: Message
  /** The waits before each retry, in milliseconds; its length is the number of retries. */
  retryMs: number[]
  /** Same mail, channel, address and message: the store keeps one. */
  dedupeKey: string
  /** A delivery that must not go out (an action that redacts failed): it is born a dead letter with this reason. */
  dead: string | null
}

export interface Delivery {
  id: string
  notificationId: string
  /** Null when a job's run raised it. */
  mailId: string | null
  /** The run that raised it, or null when a mail did. */
  runId: string | null
  route: string
  channel: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  /** Counted when claimed, so a delivery that kills the process still runs out of attempts. */
  attempts: number
  retryMs: number[]
  nextAttemptAt: number | null
  lastError: string | null
  /** The vendor's ids of what was sent. */
  remote: Record<string, string>
  createdAt: number
  updatedAt: number
}

export interface Attempt {
  deliveryId: string
  number: number
  startedAt: number
  durationMs: number
  /** The class of the outcome: `delivered`, `transient`, … */
  outcome: string
  statusCode: number | null
  /** The vendor's words, at most 1,000 characters, without secrets. */
  excerpt: string
}
