/** Who changed what, and when. Kept for as long as the record of deliveries. */
export interface AuditEntry {
  at: number
  /** `cli:root`, `api`, `telegram:Tim`, `link:tim@example.com`, `config`, or `mailtrigger` itself. */
  actor: string
  /** `delivery.retry`, `delivery.cancel`, `notification.acknowledge`, `silence.add`, `channel.pause`, `mail.replay`, … */
  action: string
  /** Ids or names of what was changed; at most 100 of them, and how many there were stands in the detail. */
  subjects: string[]
  /** Reason, note, selection: never a secret. */
  detail: Record<string, unknown>
}
