import { z } from '@hono/zod-openapi'
import { ruleEvents } from '../../domain/monitor.js'
import type { MonitorLine, RuleLine } from '../../engine/watch-calls.js'
import { Time } from './time.js'

export const Monitor = z
  .object({
    name: z.string(),
    status: z.enum(['new', 'up', 'down']).describe('`new` was never seen.'),
    reason: z.string().nullable(),
    expects_mail: z.boolean().describe('False when only pings count.'),
    every_ms: z.number(),
    grace_ms: z.number(),
    last_seen_at: Time.nullable(),
    due_at: Time.nullable().describe('When it goes down unless something is seen before; null while it is down.'),
    changed_at: Time,
    started_at: Time.nullable().describe('Of a run that said it began.'),
    ping_path: z.string().nullable().describe('Whoever knows it may ping; null for viewers, who may not.'),
    ping_url: z.string().nullable().describe('The same with `server.http.public_url`.'),
    on_down: z.array(z.string()),
    on_recovery: z.array(z.string()),
  })
  .openapi('Monitor') satisfies z.ZodType<Omit<MonitorLine, 'ping_path'>>

export const Rule = z
  .object({
    id: z.string(),
    subject: z.enum(['job', 'monitor']),
    name: z.string().describe("The job's or the monitor's name, or `*`."),
    event: z.enum(ruleEvents),
    channels: z.array(z.string()),
    created_by: z.string(),
    created_at: Time,
  })
  .openapi('Rule') satisfies z.ZodType<RuleLine>
