import { z } from '@hono/zod-openapi'
import type { NearMiss as NearMissValue } from '../../route/near-miss.js'

const FailedCondition = z.object({
  condition: z.string().describe('As one reads it aloud: `subject starts_with "[Sentry]"`.'),
  field: z.string().nullable().describe('Null where the whole mail is looked at.'),
  seen: z.string().nullable().describe('What the mail has, cut to 200 characters.'),
  hint: z.string().nullable().describe('Why it nearly held; null when nothing like it is in the mail.'),
  suggestion: z.string().nullable().describe('YAML of a condition that this mail meets, to stand in its place.'),
})

export const NearMiss = z
  .object({
    route: z.string(),
    position: z.string().describe('Where the route is written: `routes.yaml:12`.'),
    held: z.number().int().describe('How many of its tests did hold.'),
    failed: z.array(FailedCondition).describe('What stood between; of alternatives, the nearest.'),
    reason: z.string().nullable().describe('Why it does not run although its conditions hold.'),
  })
  .openapi('NearMiss') satisfies z.ZodType<NearMissValue>
