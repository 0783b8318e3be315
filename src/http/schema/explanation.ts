import { z } from '@hono/zod-openapi'
import type { NoiseControl, Recovery as RecoveryValue } from '../../domain/notification.js'
import type { Explanation as ExplanationValue } from '../../engine/explanation.js'
import { DeliveryPurpose } from './delivery.js'
import { Severity } from './message.js'
import { Trace } from './trace.js'

const milliseconds = z.number().describe('Milliseconds since the epoch.')

const control = z
  .object({
    dedupe: z.object({ key: z.string(), windowMs: z.number() }).nullable(),
    hold: z.object({ key: z.string(), happenedAt: milliseconds, forMs: z.number(), until: milliseconds }).nullable(),
    digest: z.object({ key: z.string(), dueAt: milliseconds }).nullable(),
  })
  .describe('What the store would look at before anything goes out.') satisfies z.ZodType<NoiseControl>

const Recovery = z
  .union([
    z.object({ type: z.literal('fingerprint'), fingerprint: z.string(), route: z.string() }),
    z.object({ type: z.literal('hold'), route: z.string(), key: z.string(), happenedAt: milliseconds }),
  ])
  .openapi('Recovery', { description: 'What the mail closes.' }) satisfies z.ZodType<RecoveryValue>

export const Explanation = z
  .object({
    trace: Trace,
    subject: z.string(),
    admission: z
      .object({ verdict: z.enum(['held', 'refused']), reason: z.string() })
      .nullable()
      .describe('What keeps the mail from its routes when it comes by SMTP: whom it is from, or `otherwise.reject`.'),
    notifications: z.array(z.object({ route: z.string(), severity: Severity, fingerprint: z.string(), control })),
    recoveries: z.array(Recovery),
    deliveries: z.array(
      z.object({
        channel: z.string(),
        recipient: z.string().nullable(),
        address: z.string().nullable(),
        title: z.string(),
        text: z.string(),
        purpose: DeliveryPurpose,
        after_ms: z.number().describe('How long after the alert: 0 but for escalations.'),
      }),
    ),
  })
  .openapi('Explanation', {
    description: 'What would be done with a mail, without keeping or sending anything.',
  }) satisfies z.ZodType<ExplanationValue>
