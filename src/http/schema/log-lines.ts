import { z } from '@hono/zod-openapi'
import type { RejectionSummary } from '../../domain/rejection.js'
import type { InboxEntry as InboxEntryValue } from '../../store/store.js'
import { Severity } from './message.js'
import { Time } from './time.js'

export const InboxEntry = z
  .object({
    id: z.string(),
    mail_id: z.string().nullable(),
    delivery_id: z
      .string()
      .nullable()
      .describe('What brought it here; null for a test, and when it is no longer kept.'),
    notification_id: z.string().nullable(),
    channel: z.string().nullable(),
    recipient: z.string().nullable(),
    title: z.string(),
    text: z.string(),
    severity: Severity,
    links: z.array(z.object({ label: z.string(), url: z.string() })),
    at: Time,
  })
  .openapi('InboxEntry') satisfies z.ZodType<InboxEntryValue>

export const Rejection = z
  .object({
    last_at: Time,
    client: z.string(),
    reason: z.string().describe('`not_allowed`, `unknown_recipient`, `too_large`, …; docs/routes.md has them all.'),
    code: z.number().int().describe('The SMTP code the client heard.'),
    message: z.string(),
    from: z.string().nullable(),
    rcpt: z.string().nullable(),
    count: z.number().int(),
  })
  .openapi('Rejection') satisfies z.ZodType<RejectionSummary>
