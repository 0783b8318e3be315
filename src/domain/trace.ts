import type { SenderAuth } from './mail.js'
import type { NotificationFate } from './notification.js'

/**
 * The trace answers "why" for one mail. The pipeline writes it; the CLI, the API, route tests and the console read it.
 * It is plain JSON, and its names are the API's: snake_case, no class, nothing secret.
 */
export interface Trace {
  version: 1
  mail_id: string
  /** SHA-256 (first 12 hex digits) of the config the mail was routed with. */
  config_hash: string
  /** ISO time. */
  started_at: string
  duration_ms: number
  /** Counts up with each replay; 0 is the first routing. */
  generation: number
  parse: { text_source: string; malformed: string | null }
  /** Who sent it, as far as that can be proved; null where nobody asked. */
  auth: SenderAuth | null
  /** In the order of the file. */
  routes: RouteTrace[]
  /** Routes that did not match and are left out of `routes`, to keep the trace readable. */
  routes_omitted: number
  outcome: 'routed' | 'unrouted' | 'held' | 'failed'
  /** What `otherwise` did, when it had to. */
  otherwise: { reason: string; sent_to: string | null } | null
  /** What the mail closes: by a step `resolve`, or by meeting the `unless` of a hold. */
  recoveries: RecoveryTrace[]
  /** Monitors that expected this mail. */
  monitors: string[]
}

/** A trace that an earlier version kept lacks what came since. */
export function completeTrace(kept: Trace): Trace {
  const routes = kept.routes.map((route) => ({ ...route, notification: route.notification ?? null }))
  return { ...kept, auth: kept.auth ?? null, routes, recoveries: kept.recoveries ?? [], monitors: kept.monitors ?? [] }
}

export interface RecoveryTrace {
  route: string
  /** `fingerprint db1/nginx` or `hold db1/nginx` */
  what: string
  /** The notifications it closed; empty in `explain`, and when there was nothing open. */
  closed: string[]
}

export type RouteVerdict = 'matched' | 'not_matched' | 'skipped' | 'retry'

export interface RouteTrace {
  name: string
  /** `routes.yaml:12` */
  source: string
  verdict: RouteVerdict
  /** Why it was skipped or will be retried. */
  reason: string | null
  condition: ConditionTrace | null
  steps: StepTrace[]
  /** Recipients after the last step. */
  recipients: string[]
  deliveries: PlannedDelivery[]
  /** What became of its notification when it was kept; null when there is none, and in `explain`. */
  notification: NotificationFate | null
  duration_ms: number
}

export type ConditionVerdict = 'true' | 'false' | 'unknown' | 'not_evaluated'

export interface ConditionTrace {
  kind: 'all' | 'any' | 'not' | 'test' | 'llm' | 'wasm'
  /** `subject`, `header X-Foo`, `attachment filename`; null on all / any / not, and on wasm, which sees the whole mail. */
  field: string | null
  /** `contains`, `starts_with`, …; null on all / any / not. */
  operator: string | null
  /** What the rule asks for, as one would read it aloud. */
  expected: string | null
  /** What the mail has: at most 200 characters, around the hit where there is one. */
  seen: string | null
  verdict: ConditionVerdict
  /** More than the verdict says: "from the HTML part", "cached verdict", "LLM down, so on_error: match". */
  reason: string | null
  duration_ms: number
  children: ConditionTrace[]
}

export interface StepTrace {
  /** The verb: attach, run, extract, … */
  step: string
  /** What it worked on: the lookup's or the action's name, the channel list. */
  target: string | null
  verdict: 'ok' | 'warning' | 'failed' | 'skipped'
  /** One line a person understands: `GET http://… 200, 214 B → project-owners.json`. */
  detail: string
  /** The facts behind the line, for machines: status, cache, recipients before and after, logs, module hash, … */
  facts: Record<string, unknown>
  duration_ms: number
}

export interface PlannedDelivery {
  recipient: string | null
  channel: string | null
  /** The person's address on the channel, or null when the channel names its own destination. */
  address: string | null
  verdict: 'planned' | 'duplicate' | 'unreachable'
  /** "no telegram address, so email"; "already sent by route X"; "in 15m, unless somebody acknowledges". */
  reason: string | null
}
