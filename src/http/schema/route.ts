import { z } from '@hono/zod-openapi'
import type { RouteDetail, RouteLine as RouteLineValue } from '../../engine/route-calls.js'
import { Time } from './time.js'

const line = {
  name: z.string(),
  position: z.string().describe('Where it is written: `routes.yaml:12`.'),
  enabled: z.boolean(),
  stop: z.boolean().describe('It ends the list after it matched.'),
  severity: z.string().nullable(),
  event: z.string().nullable(),
  conditions: z.array(z.string()).describe('A tree, two spaces a level.'),
  steps: z.array(z.string()),
  sends_to: z.array(z.string()).describe('Channels.'),
  hits_24h: z.number().int(),
  hits_7d: z.number().int(),
  last_matched_at: Time.nullable(),
  last_mails: z.array(z.string()).describe('Ids of the last mails it matched, at most five.'),
  never_matched_since: Time.nullable().describe('Since when it is there and matched nothing; null when it did.'),
  warnings: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() })),
}

export const RouteLine = z.object(line).openapi('Route') satisfies z.ZodType<RouteLineValue>

export const RouteWithText = z
  .object({
    ...line,
    labels: z.record(z.string(), z.string()),
    on_error: z.enum(['send', 'hold']),
    yaml: z.string().nullable().describe('As its file writes it; null when that was changed since it was loaded.'),
  })
  .openapi('RouteDetail') satisfies z.ZodType<RouteDetail>
