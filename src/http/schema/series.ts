import { z } from '@hono/zod-openapi'
import type { Series as SeriesValue } from '../../engine/series-calls.js'
import type { StatStep } from '../../store/stats-store.js'
import { Time } from './time.js'

const count = z.number().int()
const latencyEnd = z.number().nullable()

export const Series = z
  .object({
    from: Time,
    to: Time,
    step: z.enum(['minute', 'hour', 'day']),
    latency_bounds_ms: z.array(z.number()).describe('Upper ends of the buckets of `latency`; the last has none.'),
    points: z.array(
      z.object({
        at: Time.describe('The beginning of the step. Steps in which nothing happened are left out.'),
        name: z.string().nullable().describe('The channel or route; null for the whole gateway.'),
        counts: z.object({
          received: count,
          rejected: count,
          routed: count.describe('Of a route: the mails it matched.'),
          unrouted: count,
          failed: count.describe('Mails that reached nobody.'),
          sent: count,
          attempts_failed: count,
          dead: count,
        }),
        latency: z.array(count).describe('Alerts that were sent, by how long after receipt: one number a bucket.'),
        p50_ms: latencyEnd.describe('The upper end of the bucket by which half of the alerts had been sent.'),
        p95_ms: latencyEnd,
      }),
    ),
    names_left_out: count.describe('Only the 50 busiest channels or routes are told of.'),
  })
  .openapi('Series') satisfies z.ZodType<SeriesValue & { step: StatStep }>
