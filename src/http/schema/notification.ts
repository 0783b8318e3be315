import { z } from '@hono/zod-openapi'
import { notificationStatuses } from '../../domain/delivery.js'
import type { AcknowledgeAnswer } from '../../engine/acknowledge.js'
import type {
  NotificationDetail,
  NotificationSummary as NotificationSummaryValue,
} from '../../store/notification-store.js'
import { DeliverySummary } from './delivery.js'
import { Message, Severity } from './message.js'
import { Time } from './time.js'

export const NotificationStatus = z.enum(notificationStatuses).openapi('NotificationStatus')

const summary = {
  id: z.string(),
  route: z.string(),
  status: NotificationStatus,
  severity: Severity,
  event: z.string().nullable(),
  fingerprint: z.string().describe('What is the same alert has the same.'),
  title: z.string(),
  flagged: z.string().nullable().describe('What failed on the way, when it goes out all the same.'),
  created_at: Time,
  source: z.enum(['mail', 'run', 'digest', 'monitor', 'system']),
  mail_id: z.string().nullable(),
  run_id: z.string().nullable(),
  reason: z.string().nullable().describe('Why it was suppressed, what it waits for, who resolved it.'),
  waits_until: Time.nullable().describe('When it is let go, for what is held or gathered.'),
  suppressed_count: z.number().int().describe('How many repeats it stands for.'),
  acked_by: z.string().nullable(),
  acked_at: Time.nullable(),
  ack_note: z.string().nullable(),
  resolved_at: Time.nullable(),
}

export const NotificationSummary = z
  .object(summary)
  .openapi('NotificationSummary') satisfies z.ZodType<NotificationSummaryValue>

export const Notification = z
  .object({
    ...summary,
    message: Message,
    labels: z.record(z.string(), z.string()),
    delivery_list: z.array(DeliverySummary),
  })
  .openapi('Notification') satisfies z.ZodType<NotificationDetail>

export const Acknowledgement = z
  .object({
    outcome: z
      .enum(['acknowledged', 'already', 'over'])
      .describe('`already`: somebody was quicker. `over`: it was resolved or suppressed before.'),
    notification_id: z.string(),
    acked_by: z.string().nullable().describe('Whose acknowledgement counts; null when it is over without one.'),
    acked_at: Time.nullable(),
    ack_note: z.string().nullable(),
    words: z.string().describe('The outcome for people.'),
  })
  .openapi('Acknowledgement') satisfies z.ZodType<AcknowledgeAnswer>
