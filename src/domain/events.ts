import type { DeliveryStatus, MailStatus } from './delivery.js'
import type { RunOutcome } from './job.js'
import type { RejectionReason } from './rejection.js'

/** What happens, as it happens: `tail` and the event stream show these. */
export type EngineEvent =
  | { type: 'mail.stored'; mail_id: string; from: string; to: string[]; size_bytes: number }
  | {
      type: 'mail.routed'
      mail_id: string
      subject: string
      status: MailStatus
      routes: string[]
      reason: string | null
    }
  | {
      type: 'delivery.settled'
      delivery_id: string
      /** Null when a job's run raised it. */
      mail_id: string | null
      channel: string
      recipient: string | null
      status: DeliveryStatus
      detail: string | null
    }
  | {
      type: 'run.finished'
      run_id: string
      job: string
      outcome: RunOutcome
      notifications: number
      duration_ms: number
      error: string | null
    }
  /** `count` refusals of one client for one reason, within a second. */
  | { type: 'mail.rejected'; client: string; reason: RejectionReason; message: string; count: number }
  | { type: 'notification.acknowledged'; notification_id: string; by: string; note: string | null }
  | { type: 'notification.resolved'; notification_id: string; by: string }
  | { type: 'monitor.down'; monitor: string; reason: string | null }
  | { type: 'monitor.up'; monitor: string; reason: string | null }
  /** No mail is taken in until `disk.ok`. */
  | { type: 'disk.full'; free_bytes: number; free_bytes_min: number }
  | { type: 'disk.ok'; free_bytes: number; free_bytes_min: number }
  | { type: 'config.reloaded'; hash: string }
  | { type: 'config.rejected'; message: string }
