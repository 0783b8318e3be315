import { z } from '@hono/zod-openapi'
import type { TrialAnswer as TrialAnswerValue } from '../../engine/draft-calls.js'
import { Explanation } from './explanation.js'
import { RoutingOutcome } from './replay.js'
import { Time } from './time.js'
import { Trace } from './trace.js'

const Issue = z.object({
  message: z.string(),
  code: z.string(),
  severity: z.enum(['error', 'warning']),
  position: z.object({ file: z.string(), line: z.number().int(), column: z.number().int() }).nullable(),
  hint: z.string().nullable(),
  frame: z.string().nullable().describe('The lines around it with a caret under it.'),
})

const TriedMail = z.object({
  id: z.string().nullable().describe('Null for a mail that was sent along.'),
  received_at: Time,
  subject: z.string(),
  before: RoutingOutcome.describe('Under the config in force, as of now.'),
  after: RoutingOutcome.describe('Under the draft.'),
  changed: z.boolean(),
  admission: Explanation.shape.admission,
  trace: Trace.nullable().describe('Under the draft; null when the answer would grow too large.'),
  deliveries: Explanation.shape.deliveries,
})

export const TrialAnswer = z
  .discriminatedUnion('ok', [
    z.object({ ok: z.literal(false), issues: z.array(Issue).describe('What is wrong with the draft.') }),
    z.object({
      ok: z.literal(true),
      warnings: z.array(Issue),
      items: z.array(TriedMail),
      partial: z.boolean().describe('Thirty seconds were over before all mails were tried.'),
      not_tried: z.number().int(),
    }),
  ])
  .openapi('TrialAnswer') satisfies z.ZodType<TrialAnswerValue>
