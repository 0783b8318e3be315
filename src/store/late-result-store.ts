import type { DeliveryPurpose, DeliveryStatus } from '../domain/delivery.js'

/** What may become of a delivery after it was sent, because the vendor says so later. */
export interface LateResultStore {
  readSent: (deliveryId: string) => Promise<SentDelivery | null>
  /**
   * The status that it has from now on. Null when the delivery does not stand as sent any more, or was sent again
   * meanwhile: nothing is changed then.
   */
  settleLate: (settlement: LateSettlement) => Promise<DeliveryStatus | null>
}

/** What deciding upon a late result needs of a delivery, in whatever status it is. */
export interface SentDelivery {
  id: string
  mailId: string | null
  channel: string
  recipient: string | null
  address: string | null
  status: DeliveryStatus
  purpose: DeliveryPurpose
  remote: Record<string, string>
  counted: number
  attempts: number
  retryMs: number[]
  retryWindowMs: number
  createdAt: number
  epoch: number
}

export interface LateSettlement {
  deliveryId: string
  /** As it was read. */
  epoch: number
  now: number
  /**
   * `sent` only notes. A `failed` that must not go out any more, because somebody acknowledged or it is over, becomes
   * `cancelled`, and says why.
   */
  status: Extract<DeliveryStatus, 'sent' | 'failed' | 'dead'>
  dueAt: number | null
  lastError: string | null
  /** Changes the vendor's ids; null takes one away. */
  remote: Record<string, string | null>
  /** A line beside the attempts, or null for none. */
  attempt: { outcome: string; excerpt: string } | null
}
