import type { Config } from './domain/config.js'
import type { MailStatus, NewNotification } from './domain/delivery.js'
import type { Mail, RawMail } from './domain/mail.js'
import type { Route } from './domain/route.js'
import type { ConditionTrace, RouteTrace, RouteVerdict, Trace } from './domain/trace.js'
import { planDeliveries } from './steps/plan-deliveries.js'
import { runRoute, startMessage } from './steps/run-route.js'
import type { StepParts } from './steps/step.js'
import type { ClaimedMail, Store } from './store/store.js'

/** A mail that ended the process this often is not tried again by itself. */
const attemptsMax = 5
/** Routes that did not match are listed in the trace up to here; the rest is counted. */
const tracedRoutesMax = 200

export interface PipelineParts extends Omit<StepParts, 'exhausted'> {
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  matchRoutes: (mail: Mail, options: { llmExhausted: boolean }, signal: AbortSignal) => Promise<MatchedRoute[]>
  now: () => number
}

export interface MatchedRoute {
  route: Route
  verdict: RouteVerdict
  reason: string | null
  condition: ConditionTrace | null
  variables: Record<string, string>
  durationMs: number
}

/** What became of a mail, for whoever watches. */
export interface RoutedMail {
  mailId: string
  subject: string
  status: MailStatus
  reason: string | null
  routes: string[]
  /** Channels that have new work. */
  channels: string[]
}

export interface MailPlan {
  trace: Trace
  notifications: NewNotification[]
  /** Routes to be tried again, with how often they were tried. */
  pending: Record<string, number>
  reason: string | null
}

/** What is known of an earlier routing of the same mail, when some routes have to be tried again. */
export interface Earlier {
  pendingRoutes: Record<string, number>
  trace: Trace | null
}

/**
 * The whole story of one mail, between "SMTP said 250" and "queued for delivery":
 * parse, match the routes, run each matching route's steps, and commit what came of it in one transaction.
 * False means the lease had ended and somebody else routes the mail.
 */
export async function routeMail(
  parts: PipelineParts,
  store: Pick<Store, 'commitRouting'>,
  claimed: ClaimedMail,
  signal: AbortSignal,
): Promise<RoutedMail | false> {
  const mail = await parts.parse(claimed, signal)
  const earlier = claimed.pendingRoutes ? { pendingRoutes: claimed.pendingRoutes, trace: claimed.trace } : null
  const plan =
    claimed.attempts > attemptsMax
      ? planPoison(parts, mail, claimed)
      : await planMail(parts, mail, { generation: claimed.generation, earlier }, signal)
  const pending = Object.keys(plan.pending).length > 0 ? plan.pending : null
  const committed = await store.commitRouting({
    mailId: mail.id,
    owner: claimed.owner,
    epoch: claimed.epoch,
    generation: claimed.generation,
    status: plan.trace.outcome,
    reason: plan.reason,
    subject: mail.subject,
    fromAddress: mail.from[0]?.address ?? mail.envelope.from,
    malformed: mail.malformed,
    pending: pending && { routes: pending, dueAt: parts.now() + shortestWaitMs(pending, parts.config) },
    trace: plan.trace,
    notifications: plan.notifications,
    now: parts.now(),
  })
  if (!committed) return false
  return {
    mailId: mail.id,
    subject: mail.subject,
    status: plan.trace.outcome,
    reason: plan.reason,
    routes: plan.notifications.map((notification) => notification.route),
    channels: committed.channels,
  }
}

/** Decides everything about a mail and sends nothing: the runtime, `explain` and route tests all come through here. */
export async function planMail(
  parts: PipelineParts,
  mail: Mail,
  options: { generation: number; earlier: Earlier | null },
  signal: AbortSignal,
): Promise<MailPlan> {
  const startedAt = parts.measure()
  const { earlier } = options
  const trace = startTrace(parts, mail, options.generation)
  const plan: MailPlan = { trace, notifications: [], pending: {}, reason: null }
  const lost: string[] = []

  const llmExhausted = earlier !== null && anyExhausted(earlier.pendingRoutes, parts.config)
  for (const match of await parts.matchRoutes(mail, { llmExhausted }, signal)) {
    const tries = earlier?.pendingRoutes[match.route.name] ?? 0
    if (earlier && tries === 0) continue
    const line = startRouteTrace(match)
    trace.routes.push(line)
    if (match.verdict === 'retry') plan.pending[match.route.name] = tries + 1
    if (match.verdict !== 'matched') continue

    const exhausted = tries > match.route.retryMs.length
    const run = await runRoute(match.route, mail, match.variables, { ...parts, exhausted }, signal)
    Object.assign(line, { steps: run.steps, recipients: run.recipients, deliveries: run.deliveries })
    if (run.notification) plan.notifications.push(run.notification)
    if (run.lost) lost.push(run.lost)
    if (run.retry) {
      plan.pending[match.route.name] = tries + 1
      line.verdict = 'retry'
      line.reason = run.retry
    }
  }

  if (earlier) keepEarlierRoutes(trace, earlier)
  markDuplicates(plan)
  conclude(plan, parts, mail, lost)
  limitTrace(trace)
  trace.duration_ms = Math.round((parts.measure() - startedAt) * 10) / 10
  return plan
}

function startTrace(parts: PipelineParts, mail: Mail, generation: number): Trace {
  return {
    version: 1,
    mail_id: mail.id,
    config_hash: parts.config.hash,
    started_at: new Date(parts.now()).toISOString(),
    duration_ms: 0,
    generation,
    parse: { text_source: mail.textSource, malformed: mail.malformed },
    routes: [],
    routes_omitted: 0,
    outcome: 'routed',
    otherwise: null,
  }
}

function startRouteTrace(match: MatchedRoute): RouteTrace {
  const { position } = match.route
  return {
    name: match.route.name,
    source: `${position.file.split('/').at(-1)}:${position.line}`,
    verdict: match.verdict,
    reason: match.reason,
    condition: match.condition,
    steps: [],
    recipients: [],
    deliveries: [],
    duration_ms: Math.round(match.durationMs * 10) / 10,
  }
}

/** Two routes that say the same to the same person send it once; the trace says which one did. */
function markDuplicates(plan: MailPlan): void {
  const senders = new Map<string, string>()
  for (const notification of plan.notifications) {
    notification.deliveries = notification.deliveries.filter((delivery) => {
      const sender = senders.get(delivery.dedupeKey)
      if (sender === undefined) {
        senders.set(delivery.dedupeKey, notification.route)
        return true
      }
      const line = plan.trace.routes
        .find((route) => route.name === notification.route)
        ?.deliveries.find((planned) => planned.channel === delivery.channel && planned.address === delivery.address)
      if (line) Object.assign(line, { verdict: 'duplicate', reason: `already sent by route ${sender}` })
      return false
    })
  }
}

/** The mail's status, and what `otherwise` does when no route took the mail. */
function conclude(plan: MailPlan, parts: PipelineParts, mail: Mail, lost: string[]): void {
  const { trace } = plan
  const pending = Object.keys(plan.pending)
  if (pending.length > 0) {
    trace.outcome = 'held'
    plan.reason = trace.routes.find((route) => route.verdict === 'retry')?.reason ?? 'routes are tried again'
  } else if (trace.routes.some((route) => route.verdict === 'matched')) {
    trace.outcome = lost.length > 0 ? 'failed' : 'routed'
    plan.reason = lost.length > 0 ? lost.join('; ') : null
  } else {
    trace.outcome = 'unrouted'
    plan.reason = 'no route matched'
    sendOtherwise(plan, parts, mail, 'no route matched')
  }
}

function sendOtherwise(plan: MailPlan, parts: PipelineParts, mail: Mail, reason: string): void {
  const { otherwise, defaultRetryMs } = parts.config
  plan.trace.otherwise = { reason, sent_to: otherwise.send.join(', ') || null }
  if (otherwise.send.length === 0) return
  const start = startMessage(mail, { severity: null, labels: {} })
  const message = { ...start, notes: [...start.notes, reason] }
  const rescue = planDeliveries(otherwise.send, mail.envelope.to, message, parts.config, defaultRetryMs, null)
  plan.notifications.push({
    route: 'otherwise',
    severity: message.severity,
    event: null,
    fingerprint: `otherwise/${mail.subject}`.slice(0, 200),
    labels: {},
    message,
    flagged: reason,
    deliveries: rescue.deliveries,
  })
}

/** A mail that took the process down five times waits for a person instead of a sixth time. */
function planPoison(parts: PipelineParts, mail: Mail, claimed: ClaimedMail): MailPlan {
  const reason = `routing this mail failed ${claimed.attempts - 1} times without coming to an end`
  const trace = startTrace(parts, mail, claimed.generation)
  const plan: MailPlan = { trace, notifications: [], pending: {}, reason }
  trace.outcome = 'failed'
  sendOtherwise(plan, parts, mail, reason)
  return plan
}

function keepEarlierRoutes(trace: Trace, earlier: Earlier): void {
  const now = new Map(trace.routes.map((route) => [route.name, route]))
  const before = earlier.trace?.routes ?? []
  const kept = before.map((route) => now.get(route.name) ?? withoutRetry(route))
  const added = trace.routes.filter((route) => !before.some((other) => other.name === route.name))
  trace.routes = [...kept, ...added]
}

/** A route that waited and is gone from the config will not be tried again. */
function withoutRetry(route: RouteTrace): RouteTrace {
  if (route.verdict !== 'retry') return route
  return { ...route, verdict: 'skipped', reason: 'the route is no longer in the config' }
}

function limitTrace(trace: Trace): void {
  if (trace.routes.length <= tracedRoutesMax) return
  let unmatched = 0
  const kept = trace.routes.filter((route) => route.verdict !== 'not_matched' || ++unmatched <= tracedRoutesMax)
  trace.routes_omitted = trace.routes.length - kept.length
  trace.routes = kept
}

function anyExhausted(pending: Record<string, number>, config: Config): boolean {
  return config.routes.some((route) => (pending[route.name] ?? 0) > route.retryMs.length)
}

/** The soonest of the pending routes' next waits, in milliseconds. */
function shortestWaitMs(pending: Record<string, number>, config: Config): number {
  const waits = config.routes.flatMap((route) => {
    const tries = pending[route.name]
    return tries === undefined ? [] : [route.retryMs[Math.min(tries, route.retryMs.length) - 1] ?? 60_000]
  })
  return Math.min(...waits, 3_600_000)
}
