import { z } from '@hono/zod-openapi'
import { mailStatuses } from '../../domain/delivery.js'
import type { MailContent as MailContentValue } from '../../engine/mail-content.js'
import type { MailDetail, MailSummary as MailSummaryValue } from '../../store/store.js'
import { DeliverySummary } from './delivery.js'
import { NotificationSummary } from './notification.js'
import { Time } from './time.js'
import { Trace } from './trace.js'

export const MailStatus = z.enum(mailStatuses).openapi('MailStatus', {
  description:
    '`held` waits for a route to be tried again, or for a person: who sent it did not pass. A replay lets it in.',
})

export const Envelope = z
  .object({
    from: z.string().describe('MAIL FROM; empty for the null sender of bounces.'),
    to: z.array(z.string()).describe('RCPT TO.'),
    client: z.string().describe("The client's IP address."),
    helo: z.string(),
    tls: z.boolean(),
    user: z.string().nullable().describe('The AUTH name, when the client signed in.'),
  })
  .openapi('Envelope')

const summary = {
  id: z.string().describe('A ULID: sorts by time of receipt.'),
  received_at: Time,
  status: MailStatus,
  reason: z.string().nullable().describe('Why it is held, unrouted or failed.'),
  subject: z.string(),
  from: z.string(),
  envelope: Envelope,
  size_bytes: z.number().int(),
  malformed: z.string().nullable().describe('Why it could not be read in full.'),
  routes: z.array(z.string()).describe('Those that matched.'),
  deliveries: z
    .partialRecord(z.enum(['queued', 'processing', 'sent', 'failed', 'dead', 'cancelled']), z.number().int())
    .describe('How many of each status.'),
}

export const MailSummary = z.object(summary).openapi('MailSummary') satisfies z.ZodType<MailSummaryValue>

export const Mail = z
  .object({
    ...summary,
    generation: z.number().int().describe('How often it was replayed.'),
    due_at: Time.nullable().describe('When it is routed, or tried again.'),
    traces: z.array(Trace).describe('One a routing, the oldest first.'),
    notifications: z.array(NotificationSummary),
    delivery_list: z.array(DeliverySummary),
  })
  .openapi('Mail') satisfies z.ZodType<MailDetail>

const address = z.object({ name: z.string(), address: z.string() })

export const MailContent = z
  .object({
    subject: z.string(),
    from: z.array(address),
    to: z.array(address),
    cc: z.array(address),
    date: Time.describe('What its Date says, or when it came where that is absurd.'),
    message_id: z.string().nullable(),
    headers: z.record(z.string(), z.array(z.string())).describe('Names in lower case.'),
    text: z.string().describe('What conditions on `body` see.'),
    text_source: z.enum(['text', 'html', 'raw', 'none']).describe('`raw`: the bytes of a mail that could not be read.'),
    html: z.string().nullable(),
    attachments: z.array(z.object({ filename: z.string(), content_type: z.string(), size_bytes: z.number().int() })),
    malformed: z.string().nullable().describe('Why it could not be read in full.'),
  })
  .openapi('MailContent') satisfies z.ZodType<MailContentValue>
