import type { Message, Severity } from './message.js'
import type { NoiseControl } from './notification.js'

export const mailStatuses = ['stored', 'routed', 'unrouted', 'held', 'failed'] as const
export type MailStatus = (typeof mailStatuses)[number]

export const deliveryStatuses = ['queued', 'processing', 'sent', 'failed', 'dead', 'cancelled'] as const
/** `failed` will be retried; `dead` waits for a person. */
export type DeliveryStatus = (typeof deliveryStatuses)[number]

export const notificationStatuses = [...deliveryStatuses, 'acknowledged', 'resolved', 'suppressed'] as const
export type NotificationStatus = (typeof notificationStatuses)[number]

/**
 * Why a delivery goes out: the alert itself; the same again, because nobody acknowledged; to the next one, because
 * nobody acknowledged; that it is over (`resolve`); or a change of a message that was sent (`update`).
 */
export const deliveryPurposes = ['alert', 'repeat', 'escalation', 'resolve', 'update'] as const
export type DeliveryPurpose = (typeof deliveryPurposes)[number]

/** Sent again after each `everyMs`, at most `times` times, until somebody acknowledges or it is resolved. */
export interface Repeat {
  everyMs: number
  times: number
}

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
  /** What may keep it from going out now, or at all. */
  control: NoiseControl
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
  purpose: Extract<DeliveryPurpose, 'alert' | 'escalation'>
  /** How long after the notification goes out this one is due: 0 for an alert, the escalation's wait otherwise. */
  afterMs: number
  repeat: Repeat | null
  /** The message carries a way to acknowledge it. */
  offersAck: boolean
  /** The name of the calendar outside of which it waits, or null. */
  during: string | null
  /** How long after its birth it is given up, whatever is left of the ladder. */
  retryWindowMs: number
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
  retryWindowMs: number
  purpose: DeliveryPurpose
  /** The delivery this one follows upon: the alert that is repeated, resolved or updated. Null for alerts. */
  aboutId: string | null
  /** Counts the repeats: 0 for the alert itself. */
  repeatNumber: number
  repeat: Repeat | null
  offersAck: boolean
  during: string | null
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
