import { z } from '@hono/zod-openapi'
import { authVerdicts, dmarcPolicies, type SenderAuth as SenderAuthValue } from '../../domain/mail.js'
import type { NotificationFate } from '../../domain/notification.js'
import type {
  ConditionTrace as ConditionTraceValue,
  RouteTrace as RouteTraceValue,
  StepTrace as StepTraceValue,
  Trace as TraceValue,
} from '../../domain/trace.js'
import { NotificationStatus } from './notification.js'
import { Time } from './time.js'

export const ConditionTrace: z.ZodType<ConditionTraceValue> = z
  .object({
    kind: z.enum(['all', 'any', 'not', 'test', 'llm', 'wasm']),
    field: z.string().nullable().describe('`subject`, `header X-Foo`; null on all, any, not and wasm.'),
    operator: z.string().nullable().describe('`contains`, `starts_with`, …; null on all, any and not.'),
    expected: z.string().nullable().describe('What the rule asks for, as one would read it aloud.'),
    seen: z.string().nullable().describe('What the mail has: at most 200 characters, around the hit.'),
    verdict: z.enum(['true', 'false', 'unknown', 'not_evaluated']),
    reason: z.string().nullable(),
    duration_ms: z.number(),
    get children() {
      return z.array(ConditionTrace)
    },
  })
  .openapi('ConditionTrace')

const StepTrace = z
  .object({
    step: z.string().describe('The verb: attach, run, extract, …'),
    target: z.string().nullable().describe("The lookup's or the action's name, the channels."),
    verdict: z.enum(['ok', 'warning', 'failed', 'skipped']),
    detail: z.string().describe('One line a person understands.'),
    facts: z.record(z.string(), z.unknown()).describe('The facts behind the line.'),
    duration_ms: z.number(),
  })
  .openapi('StepTrace') satisfies z.ZodType<StepTraceValue>

const Fate = z
  .object({
    notification_id: z.string(),
    status: NotificationStatus,
    reason: z.string().nullable().describe('Why it waits or was suppressed; null when it simply goes out.'),
  })
  .openapi('NotificationFate') satisfies z.ZodType<NotificationFate>

const RouteTrace = z
  .object({
    name: z.string(),
    source: z.string().describe('`routes.yaml:12`'),
    verdict: z.enum(['matched', 'not_matched', 'skipped', 'retry']),
    reason: z.string().nullable().describe('Why it was skipped or will be retried.'),
    // `.nullable()` would say of every condition, also of those within, that it may be null.
    condition: z.union([ConditionTrace, z.null()]),
    steps: z.array(StepTrace),
    recipients: z.array(z.string()).describe('After the last step.'),
    deliveries: z.array(
      z.object({
        recipient: z.string().nullable(),
        channel: z.string().nullable(),
        address: z.string().nullable(),
        verdict: z.enum(['planned', 'duplicate', 'unreachable']),
        reason: z.string().nullable(),
      }),
    ),
    notification: Fate.nullable().describe('What became of its notification when it was kept.'),
    duration_ms: z.number(),
  })
  .openapi('RouteTrace') satisfies z.ZodType<RouteTraceValue>

const AuthVerdict = z.enum(authVerdicts).openapi('AuthVerdict')

export const SenderAuth = z
  .object({
    spf: AuthVerdict,
    dkim: AuthVerdict,
    dmarc: AuthVerdict,
    policy: z.enum(dmarcPolicies).nullable().describe("What the author's domain asks for when DMARC fails."),
    reasons: z.object({ spf: z.string(), dkim: z.string(), dmarc: z.string() }).describe('One line each, for people.'),
  })
  .openapi('SenderAuth', {
    description: 'Who sent a mail, as far as DNS and its signatures prove it.',
  }) satisfies z.ZodType<SenderAuthValue>

export const Trace = z
  .object({
    version: z.literal(1),
    mail_id: z.string(),
    config_hash: z.string().describe('Of the config the mail was routed with.'),
    started_at: Time,
    duration_ms: z.number(),
    generation: z.number().int().describe('Counts up with each replay; 0 is the first routing.'),
    parse: z.object({ text_source: z.string(), malformed: z.string().nullable() }),
    auth: z.union([SenderAuth, z.null()]).describe('Null where nobody asked who sent it.'),
    routes: z.array(RouteTrace).describe('In the order of the file.'),
    routes_omitted: z.number().int().describe('Routes that did not match and are left out.'),
    outcome: z.enum(['routed', 'unrouted', 'held', 'failed']),
    otherwise: z
      .object({ reason: z.string(), sent_to: z.string().nullable() })
      .nullable()
      .describe('What `otherwise` did, when it had to.'),
    recoveries: z
      .array(z.object({ route: z.string(), what: z.string(), closed: z.array(z.string()) }))
      .describe('What the mail closes.'),
    monitors: z.array(z.string()).describe('Monitors that expected this mail.'),
  })
  .openapi('Trace', {
    description: 'Why: each route, condition, step and delivery, with the values seen.',
  }) satisfies z.ZodType<TraceValue>
