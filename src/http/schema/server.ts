import { z } from '@hono/zod-openapi'
import { deliveryStatuses, mailStatuses } from '../../domain/delivery.js'
import type { ConfigLoadLine } from '../../store/config-store.js'
import type { StoreStats } from '../../store/stats-store.js'
import { DeliveryStatus } from './delivery.js'
import { ConfigIssue } from './error.js'
import { Time } from './time.js'

const count = z.number().int()

const stats = {
  mails: z.partialRecord(z.enum(mailStatuses), count).describe('How many of each status.'),
  deliveries: z.partialRecord(z.enum(deliveryStatuses), count).describe('How many of each status.'),
  notifications: z
    .object({ held: count, gathered: count, unacknowledged: count })
    .describe('Held, gathered for a digest, and sent without the answer they ask for.'),
  received_last_hour: count,
  rejected_last_day: count,
  oldest_waiting_at: Time.nullable(),
  size_bytes: count,
  channels: z.array(z.object({ channel: z.string(), status: DeliveryStatus, count })),
  pauses: z
    .array(z.object({ channel: z.string(), until: Time.nullable(), reason: z.string() }))
    .describe('`until` is null for a pause that a person ends.'),
}
z.object(stats) satisfies z.ZodType<StoreStats>

export const Status = z
  .object({
    version: z.string(),
    pid: count,
    uptime_s: count,
    config: z.object({ hash: z.string(), files: z.array(z.string()), routes: count, warnings: count }),
    smtp: z.array(z.object({ host: z.string(), port: count, tls: z.enum(['starttls', 'implicit']) })),
    memory_bytes: count,
    disk: z
      .object({
        free_bytes: count.nullable().describe('Of the disk of the data folder; null while it does not answer.'),
        min_free_bytes: count.describe('Below this no mail is taken in.'),
        nearly_full: z.boolean().describe('No mail is taken in for want of room.'),
      })
      .openapi('DiskRoom'),
    ...stats,
  })
  .openapi('Status')

export type ServerStatus = z.infer<typeof Status>

export const ConfigLoad = z
  .object({
    id: z.string(),
    at: Time,
    actor: z.string().describe('`start`, `watch` (a file was saved), `signal`, or who asked for it.'),
    hash: z.string().nullable().describe('Of the config that was taken over; null for one that was refused.'),
    routes: count.nullable(),
    issues: z.array(ConfigIssue).describe('What was wrong with it, and warnings; the first 50.'),
  })
  .openapi('ConfigLoad') satisfies z.ZodType<ConfigLoadLine>
