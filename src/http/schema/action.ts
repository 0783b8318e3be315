import { z } from '@hono/zod-openapi'
import type { GuestTrial as GuestTrialValue } from '../../act/try-guest.js'
import type { ModuleVersion as ModuleVersionValue } from '../../domain/module-version.js'
import type { ActionLine } from '../../engine/module-calls.js'
import { Time } from './time.js'

const kinds = z.array(z.enum(['action', 'condition', 'job'])).describe('What its exports say it is.')

export const GuestLog = z
  .object({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error']), message: z.string() })
  .openapi('GuestLog')

export const Action = z
  .object({
    name: z.string(),
    origin: z.enum(['config', 'uploaded']).describe("An upload stands before the config's own module."),
    declared: z.boolean().describe('The config has an entry of this name.'),
    sha256: z.string(),
    filename: z.string(),
    size_bytes: z.number().int(),
    kinds,
    uploaded_at: Time.nullable().describe('Null for a module of the config.'),
    versions: z.number().int().describe('How many uploaded ones are kept.'),
    timeout_ms: z.number(),
    routes: z.array(z.string()).describe('Those that run or ask it.'),
  })
  .openapi('Action') satisfies z.ZodType<ActionLine>

export const ModuleVersion = z
  .object({
    name: z.string(),
    sha256: z.string(),
    filename: z.string(),
    size_bytes: z.number().int(),
    kinds,
    uploaded_at: Time,
    active: z.boolean().describe('The version that runs.'),
  })
  .openapi('ModuleVersion') satisfies z.ZodType<ModuleVersionValue>

export const GuestTrial = z
  .object({
    sha256: z.string(),
    export: z.enum(['handle', 'match']).describe('Which function was called.'),
    before: z.array(z.string()).describe('Recipients.'),
    after: z.array(z.string()),
    output: z.unknown().describe('What the guest gave; null when it gave nothing.'),
    logs: z.array(GuestLog),
    duration_ms: z.number().nullable(),
    memory_bytes: z.number().nullable(),
    error: z
      .object({
        kind: z.enum(['timeout', 'trap', 'crash', 'busy', 'rejected', 'output', 'closed']),
        message: z.string(),
      })
      .nullable(),
  })
  .openapi('GuestTrial') satisfies z.ZodType<GuestTrialValue>
