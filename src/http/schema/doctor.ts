import { z } from '@hono/zod-openapi'
import type { Diagnosis as DiagnosisValue } from '../../engine/doctor-calls.js'

export const Diagnosis = z
  .object({
    findings: z.array(
      z.object({
        check: z.string().describe('Which thing: `folder`, `disk`, `certificate`, `database`, …'),
        state: z.enum(['ok', 'warn', 'bad', 'unknown']),
        text: z.string(),
        hint: z.string().nullable().describe('What to do about it.'),
        fixable: z.boolean().describe('The server can mend it by itself.'),
      }),
    ),
    is_running: z.boolean().describe('The database is being looked at: ask again.'),
  })
  .openapi('Diagnosis') satisfies z.ZodType<DiagnosisValue>
