import { z } from '@hono/zod-openapi'
import type { ReplayDifference as ReplayDifferenceValue } from '../../engine/compare-outcomes.js'
import { Time } from './time.js'

export const RoutingOutcome = z
  .object({
    outcome: z.string(),
    routes: z.array(z.string()),
    recipients: z.array(z.string()),
    deliveries: z
      .array(z.string())
      .describe('`telegram tim@mailtrigger.app`; a channel with a destination stands alone.'),
  })
  .openapi('RoutingOutcome')

export const ReplayDifference = z
  .object({
    id: z.string(),
    received_at: Time,
    subject: z.string(),
    before: RoutingOutcome.nullable().describe('The last routing; null for a mail that was not routed yet.'),
    after: RoutingOutcome,
    changed: z.boolean(),
  })
  .openapi('ReplayDifference') satisfies z.ZodType<ReplayDifferenceValue>

export const ReplayAnswer = z
  .union([
    z.object({ replayed: z.number().int(), next_cursor: z.string().nullable() }),
    z.object({ items: z.array(ReplayDifference), next_cursor: z.string().nullable() }),
  ])
  .openapi('ReplayAnswer', { description: 'How many were replayed; of a dry run, what would be different.' })
