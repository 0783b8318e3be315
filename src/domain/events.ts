import type { DeliveryStatus, MailStatus } from './delivery.js'

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
      mail_id: string
      channel: string
      recipient: string | null
      status: DeliveryStatus
      detail: string | null
    }
  | { type: 'mail.rejected'; client: string; reason: string; message: string }
  | { type: 'config.reloaded'; hash: string }
  | { type: 'config.rejected'; message: string }
