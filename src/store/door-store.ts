import type { CountedRejection, RejectionSummary } from '../domain/rejection.js'
import type { Page } from './store.js'

/** What the SMTP door keeps beside the mails. */
export interface DoorStore {
  /** Adds to the rejected log, all in one commit. */
  saveRejections: (batch: CountedRejection[]) => Promise<void>
  /** Newest first; those alike within an hour are one line. */
  listRejections: (filter: RejectionFilter) => Promise<Page<RejectionSummary>>
  /** How many mails each sender whose mails are counted (`RawMail.countedAs`) has stored on a day, such as `2026-01-31`. */
  listDailyMailCounts: (day: string) => Promise<{ key: string; count: number }[]>
}

export interface RejectionFilter {
  limit: number
  cursor?: string | undefined
  reason?: string | undefined
  /** The address as the log has it. */
  client?: string | undefined
  /** Milliseconds since the epoch. */
  since?: number | undefined
}
