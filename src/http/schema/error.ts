import { z } from '@hono/zod-openapi'

export const ConfigIssue = z
  .object({
    message: z.string(),
    code: z.string(),
    severity: z.enum(['error', 'warning']),
    position: z
      .object({ file: z.string(), line: z.number().int(), column: z.number().int() })
      .nullable()
      .describe('Lines and columns count from 1.'),
    hint: z.string().nullable().describe('What to do next.'),
    frame: z.string().nullable().describe('The lines around the position with a caret under it, ready to print.'),
  })
  .openapi('ConfigIssue')

/** Every answer but success. */
export const ErrorAnswer = z
  .object({
    error: z.object({
      code: z.string().describe('Stable; for programs.'),
      message: z.string().describe('For people.'),
      hint: z.string().nullable().describe('What to do next, when that is known.'),
      issues: z.array(ConfigIssue).optional().describe('Of a config that is invalid.'),
    }),
  })
  .openapi('Error')
