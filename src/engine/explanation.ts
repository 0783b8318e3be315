import type { RawMail } from '../domain/mail.js'
import type { Trace } from '../domain/trace.js'
import { type PipelineParts, planMail } from '../pipeline.js'

/** What would be done with a mail: its trace, and the messages that would go out. */
export interface Explanation {
  trace: Trace
  subject: string
  deliveries: { channel: string; recipient: string | null; address: string | null; title: string; text: string }[]
}

/** Routes a mail without keeping or sending anything. */
export async function explainMail(parts: PipelineParts, raw: RawMail, signal: AbortSignal): Promise<Explanation> {
  const mail = await parts.parse(raw, signal)
  const plan = await planMail(parts, mail, { generation: 0, earlier: null }, signal)
  const deliveries = plan.notifications.flatMap((notification) =>
    notification.deliveries.map(({ channel, recipient, address, message }) => {
      const { title, text } = message
      return { channel, recipient, address, title, text }
    }),
  )
  return { trace: plan.trace, subject: mail.subject, deliveries }
}
