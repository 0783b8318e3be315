import type { DeliveryPurpose } from '../domain/delivery.js'
import type { RawMail } from '../domain/mail.js'
import type { Severity } from '../domain/message.js'
import type { NoiseControl, Recovery } from '../domain/notification.js'
import type { Trace } from '../domain/trace.js'
import { planMail } from '../pipeline.js'
import { type Admissibility, explainAdmission } from './admit.js'
import type { AssembledParts } from './assemble.js'

/** What would be done with a mail: its trace, what it opens and closes, and the messages that would go out. */
export interface Explanation {
  trace: Trace
  subject: string
  /** What keeps the mail from its routes when it comes by SMTP; null lets it in. */
  admission: Admissibility | null
  notifications: ExplainedNotification[]
  recoveries: Recovery[]
  deliveries: ExplainedDelivery[]
}

/** `control` says what the store would look at: whether there was something of that key before is not known here. */
export interface ExplainedNotification {
  route: string
  severity: Severity
  fingerprint: string
  control: NoiseControl
}

export interface ExplainedDelivery {
  channel: string
  recipient: string | null
  address: string | null
  title: string
  text: string
  purpose: DeliveryPurpose
  /** How long after the alert: 0 but for escalations. */
  after_ms: number
}

/** Routes a mail without keeping or sending anything. */
export async function explainMail(parts: AssembledParts, raw: RawMail, signal: AbortSignal): Promise<Explanation> {
  const mail = await parts.parse(raw, signal)
  const admission = await explainAdmission(parts, raw, mail, signal)
  const plan = await planMail(parts, mail, { generation: 0, earlier: null }, signal)
  const { trace, recoveries } = plan
  const notifications = plan.notifications.map(({ route, severity, fingerprint, control }) => {
    return { route, severity, fingerprint, control }
  })
  const deliveries = plan.notifications.flatMap((notification) => notification.deliveries)
  // Of those with the same key the store keeps one.
  const kept = new Map(deliveries.toReversed().map((delivery) => [delivery.dedupeKey, delivery]))
  const explained = deliveries
    .filter((delivery) => kept.get(delivery.dedupeKey) === delivery)
    .map(({ channel, recipient, address, message, purpose, afterMs }): ExplainedDelivery => {
      const { title, text } = message
      return { channel, recipient, address, title, text, purpose, after_ms: afterMs }
    })
  return { trace, subject: mail.subject, admission, notifications, recoveries, deliveries: explained }
}
