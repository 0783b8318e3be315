import { z } from '@hono/zod-openapi'
import { deliveryPurposes, deliveryStatuses } from '../../domain/delivery.js'
import type { DeadLetterGroup as DeadLetterGroupValue } from '../../store/notification-store.js'
import type { DeliveryDetail, DeliverySummary as DeliverySummaryValue } from '../../store/store.js'
import { Message } from './message.js'
import { Time } from './time.js'

export const DeliveryStatus = z
  .enum(deliveryStatuses)
  .openapi('DeliveryStatus', { description: '`failed` will be retried; `dead` waits for a person.' })

export const DeliveryPurpose = z.enum(deliveryPurposes).openapi('DeliveryPurpose', {
  description:
    'The alert itself; the same again, or to the next one, because nobody acknowledged; that it is over; a change of a message that was sent.',
})

const summary = {
  id: z.string(),
  notification_id: z.string(),
  mail_id: z.string().nullable().describe('Null when a run of a job raised it.'),
  run_id: z.string().nullable(),
  generation: z.number().int().describe('Which routing of the mail made it; 0 is the first.'),
  route: z.string(),
  channel: z.string(),
  recipient: z.string().nullable().describe('The person, by mail address; null for channels with a destination.'),
  address: z.string().nullable().describe('Where the person is reached on the channel.'),
  status: DeliveryStatus,
  purpose: DeliveryPurpose,
  attempts: z.number().int(),
  next_attempt_at: Time.nullable(),
  last_error: z.string().nullable(),
  title: z.string(),
  created_at: Time,
  updated_at: Time,
}

export const DeliverySummary = z.object(summary).openapi('DeliverySummary') satisfies z.ZodType<DeliverySummaryValue>

export const Delivery = z
  .object({
    ...summary,
    message: Message,
    remote: z.record(z.string(), z.string()).describe("The vendor's ids of what was sent."),
    attempt_list: z.array(
      z.object({
        number: z.number().int(),
        started_at: Time,
        duration_ms: z.number(),
        outcome: z.string().describe('The class of the outcome: `delivered`, `transient`, …'),
        status_code: z.number().int().nullable(),
        excerpt: z.string().describe("The vendor's words, at most 1,000 characters."),
      }),
    ),
  })
  .openapi('Delivery') satisfies z.ZodType<DeliveryDetail>

export const DeadLetterGroup = z
  .object({
    channel: z.string(),
    error: z.string().describe('The start of the error, numbers aside; lists and retries select by it.'),
    count: z.number().int(),
    oldest_at: Time,
    newest_at: Time,
    examples: z.array(z.string()).describe('Ids of some deliveries, to look at.'),
  })
  .openapi('DeadLetterGroup') satisfies z.ZodType<DeadLetterGroupValue>
