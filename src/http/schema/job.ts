import { z } from '@hono/zod-openapi'
import { type JobLine, type JobRun as JobRunValue, runOutcomes } from '../../domain/job.js'
import { GuestLog } from './action.js'
import { Time } from './time.js'

export const JobRun = z
  .object({
    id: z.string(),
    job: z.string(),
    trigger: z.enum(['schedule', 'manual']),
    scheduled_at: Time,
    started_at: Time,
    finished_at: Time.nullable(),
    outcome: z.enum(runOutcomes).describe('`interrupted`: the process ended in the middle; nothing was committed.'),
    error: z.string().nullable(),
    logs: z.array(GuestLog),
    duration_ms: z.number().nullable(),
    notifications: z.number().int().describe('How many it raised.'),
    rows_changed: z.number().int(),
    sha256: z.string().nullable().describe('Of the module that ran.'),
  })
  .openapi('JobRun') satisfies z.ZodType<JobRunValue>

export const Job = z
  .object({
    name: z.string(),
    origin: z.enum(['config', 'uploaded']),
    enabled: z.boolean(),
    schedule: z.string().describe('Cron, five fields.'),
    timezone: z.string(),
    next_runs: z.array(Time).describe('The next three; none while disabled.'),
    running: z.boolean(),
    last_run: JobRun.nullable(),
    last_success_at: Time.nullable(),
    missed: z.number().int().describe('Scheduled times without a run, since the last one.'),
    database_bytes: z.number().int(),
  })
  .openapi('Job') satisfies z.ZodType<JobLine>

export const QueryResult = z
  .object({
    columns: z.array(z.string()),
    rows: z.array(z.array(z.unknown())),
    truncated: z.boolean().describe('There were more rows than the limit.'),
  })
  .openapi('QueryResult')
