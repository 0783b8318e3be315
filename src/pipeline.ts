import type { SenderJudgement } from './authenticate/judge-sender.js'
import type { Config } from './domain/config.js'
import type { MailStatus, NewNotification } from './domain/delivery.js'
import type { Mail, RawMail, SenderAuth } from './domain/mail.js'
import { noControl, type Recovery } from './domain/notification.js'
import type { Route } from './domain/route.js'
import { findSilence, type Silence } from './domain/silence.js'
import { completeTrace, type RouteTrace, type Trace } from './domain/trace.js'
import { salvageMail } from './receive/mime/salvage.js'
import type { RouteMatch } from './route/route-match.js'
import { expandRecipients } from './steps/expand-recipients.js'
import { findSigns } from './steps/find-recoveries.js'
import { markDuplicates } from './steps/mark-duplicates.js'
import { plainTerms, planDeliveries } from './steps/plan-deliveries.js'
import { runRoute } from './steps/run-route.js'
import { startMessage } from './steps/start-draft.js'
import type { StepParts } from './steps/step.js'
import { isExpected, omitTold, traceRecoveries } from './steps/trace-recoveries.js'
import type { WatcherMatch } from './steps/watchers.js'
import { wordNotification } from './steps/word-deliveries.js'
import type { ClaimedMail, Store } from './store/store.js'

/** A mail that ended the process this often is not tried again by itself. */
const attemptsMax = 6
/** Routes that did not match, or were skipped, are listed in the trace up to here; the rest is counted. */
const tracedRoutesMax = 200

export interface PipelineParts extends Omit<StepParts, 'exhausted' | 'unless'> {
  /** Who sent the mail, and whether that keeps it from its routes. Nobody is asked about a mail that has its `auth`. */
  checkSender: (raw: RawMail, signal: AbortSignal) => Promise<CheckedSender>
  parse: (raw: RawMail, signal: AbortSignal) => Promise<Mail>
  matchRoutes: (mail: Mail, options: { llmExhausted: boolean }, signal: AbortSignal) => Promise<RouteMatch[]>
  /** Those that look at every mail: what is held waits for its recovery, a monitor for a sign of life. */
  matchWatchers: (mail: Mail, signal: AbortSignal) => Promise<WatcherMatch[]>
  /** Those in force or to come. The store applies them; here they only keep a silenced alert from standing for another. */
  silences: () => readonly Silence[]
}

export interface CheckedSender {
  /** Null where nobody asked. */
  auth: SenderAuth | null
  /** Null for a mail that is let in. */
  judgement: SenderJudgement | null
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
  /** What the mail closes; the first lines of the trace's `recoveries`, in the same order. */
  recoveries: Recovery[]
  /** Monitors that expected the mail. */
  monitorsSeen: string[]
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
 * see who sent it, parse, match the routes, run each matching route's steps, and commit what came of it in one transaction.
 * False means the lease had ended and somebody else routes the mail.
 */
export async function routeMail(
  parts: PipelineParts,
  store: Pick<Store, 'commitRouting'>,
  claimed: ClaimedMail,
  signal: AbortSignal,
): Promise<RoutedMail | false> {
  const told = claimed.trace && completeTrace(claimed.trace)
  const earlier = claimed.pendingRoutes ? { pendingRoutes: claimed.pendingRoutes, trace: told } : null
  const isPoison = claimed.attempts > attemptsMax
  // Looking into it may be what brings the program down, so a poisonous mail is only skimmed.
  const isFirst = !isPoison && claimed.generation === 0
  const { auth, judgement } = isFirst ? await parts.checkSender(claimed, signal) : wasChecked(claimed)
  const raw = { ...claimed, auth }
  const mail = isPoison
    ? salvageMail(raw, 'not parsed, as routing it failed too often')
    : await parts.parse(raw, signal)
  let plan: MailPlan
  if (isPoison) plan = await planPoison(parts, mail, claimed, told)
  else if (judgement && !earlier) plan = planQuarantine(parts, mail, judgement.reason)
  else plan = await planMail(parts, mail, { generation: claimed.generation, earlier }, signal)
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
    ...(isFirst ? { auth } : {}),
    pending: pending && { routes: pending, dueAt: parts.now() + shortestWaitMs(pending, parts.config) },
    trace: plan.trace,
    notifications: plan.notifications,
    recoveries: plan.recoveries,
    monitorsSeen: plan.monitorsSeen.map((monitor) => ({ monitor, at: mail.receivedAt })),
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
  const plan = startPlan(trace)
  const lost: string[] = []

  const llmExhausted = earlier !== null && anyExhausted(earlier.pendingRoutes, parts.config)
  const matches = await parts.matchRoutes(mail, { llmExhausted }, signal)
  const caught = new Map(matches.map((match) => [match.route.name, match.variables]))
  const signs = await findSigns(await parts.matchWatchers(mail, signal), mail, caught, parts)
  const told = earlier?.trace ?? null
  const { recoveries, monitors } = omitTold(signs, told)
  plan.recoveries.push(...recoveries)
  plan.monitorsSeen.push(...monitors)
  let quiet = 0
  for (const match of matches) {
    const tries = earlier ? triesOf(match.route, earlier.pendingRoutes) : 0
    if (earlier && tries === 0) continue
    if ((match.verdict === 'not_matched' || match.verdict === 'skipped') && ++quiet > tracedRoutesMax) {
      trace.routes_omitted++
      continue
    }
    const line = startRouteTrace(match)
    trace.routes.push(line)
    if (match.verdict === 'retry') plan.pending[match.route.name] = tries + 1
    if (match.verdict !== 'matched') continue

    const exhausted = tries >= ladderOf(match.route, parts.config).length
    const stepParts = { ...parts, exhausted, unless: signs.unless }
    const run = await runRoute(match.route, mail, match.variables, stepParts, signal)
    Object.assign(line, { steps: run.steps, recipients: run.recipients, deliveries: run.deliveries })
    if (run.notification) plan.notifications.push(run.notification)
    plan.recoveries.push(...run.recoveries)
    if (run.lost) lost.push(run.lost)
    if (run.retry) {
      plan.pending[match.route.name] = tries + 1
      line.verdict = 'retry'
      line.reason = run.retry
    }
  }

  trace.recoveries = traceRecoveries(plan.recoveries, signs, told)
  trace.monitors = [...(told?.monitors ?? []), ...plan.monitorsSeen]
  if (earlier) keepEarlierRoutes(trace, earlier)
  const silences = parts.silences()
  markDuplicates(
    plan.notifications,
    trace,
    ({ route, labels }, channel) => findSilence(silences, { route, channel, labels }, parts.now()) !== null,
  )
  await conclude(plan, parts, mail, lost)
  trace.duration_ms = Math.round((parts.measure() - startedAt) * 10) / 10
  return plan
}

function startPlan(trace: Trace): MailPlan {
  return { trace, notifications: [], recoveries: [], monitorsSeen: [], pending: {}, reason: null }
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
    auth: mail.auth,
    routes: [],
    routes_omitted: 0,
    outcome: 'routed',
    otherwise: null,
    recoveries: [],
    monitors: [],
  }
}

function startRouteTrace(match: RouteMatch): RouteTrace {
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
    notification: null,
    duration_ms: Math.round(match.durationMs * 10) / 10,
  }
}

/** The mail's status, and what `otherwise` does when no route took the mail. */
async function conclude(plan: MailPlan, parts: PipelineParts, mail: Mail, lost: string[]): Promise<void> {
  const { trace } = plan
  const pending = Object.keys(plan.pending)
  if (pending.length > 0) {
    trace.outcome = 'held'
    plan.reason = trace.routes.find((route) => route.verdict === 'retry')?.reason ?? 'routes are tried again'
  } else if (trace.routes.some((route) => route.verdict === 'matched')) {
    trace.outcome = lost.length > 0 ? 'failed' : 'routed'
    plan.reason = lost.length > 0 ? lost.join('; ') : null
  } else if (isExpected(trace)) {
    trace.outcome = 'routed'
  } else {
    trace.outcome = 'unrouted'
    plan.reason = 'no route matched'
    await sendOtherwise(plan, parts, mail, 'no route matched')
  }
}

async function sendOtherwise(plan: MailPlan, parts: PipelineParts, mail: Mail, reason: string): Promise<void> {
  const { otherwise } = parts.config
  plan.trace.otherwise = { reason, sent_to: null }
  if (otherwise.send.length === 0) return
  const start = startMessage(mail, { severity: null, labels: {} })
  const message = { ...start, notes: [...start.notes, reason] }
  const recipients = expandRecipients(mail.envelope.to, parts.config, false)
  const order = { ...plainTerms, channels: otherwise.send, recipients, message }
  const rescue = planDeliveries(order, parts.config, parts.now())
  const channels = new Set(rescue.deliveries.map((delivery) => delivery.channel))
  plan.trace.otherwise.sent_to = [...channels].join(', ') || null
  const unworded: NewNotification = {
    route: 'otherwise',
    severity: message.severity,
    event: null,
    fingerprint: `otherwise/${mail.subject}`.slice(0, 200),
    labels: {},
    message,
    flagged: reason,
    control: noControl,
    deliveries: rescue.deliveries,
  }
  const { notification, problems } = await wordNotification(unworded, parts.config, { mail, recipients })
  plan.trace.otherwise.reason = [reason, ...problems].join('; ')
  plan.notifications.push(notification)
}

/** A replay is how a person lets a mail go that is held for its sender, so nobody looks at it again. */
function wasChecked({ auth = null }: ClaimedMail): CheckedSender {
  return { auth, judgement: null }
}

/** No route sees it, and it is no sign of life: whoever forged it would have what they wanted. */
function planQuarantine(parts: PipelineParts, mail: Mail, reason: string): MailPlan {
  const trace = startTrace(parts, mail, 0)
  trace.outcome = 'held'
  return { ...startPlan(trace), reason: `held: ${reason}` }
}

/** A mail that took the process down six times, half of them as the only suspect, waits for a person. */
async function planPoison(
  parts: PipelineParts,
  mail: Mail,
  claimed: ClaimedMail,
  told: Trace | null,
): Promise<MailPlan> {
  const reason = `routing this mail failed ${claimed.attempts - 1} times without coming to an end`
  const trace = startTrace(parts, mail, claimed.generation)
  const plan = { ...startPlan(trace), reason }
  trace.outcome = 'failed'
  if (told) {
    Object.assign(trace, { recoveries: told.recoveries, monitors: told.monitors })
    keepEarlierRoutes(trace, { trace: told })
  }
  await sendOtherwise(plan, parts, mail, reason)
  return plan
}

function keepEarlierRoutes(trace: Trace, earlier: Pick<Earlier, 'trace'>): void {
  const now = new Map(trace.routes.map((route) => [route.name, route]))
  const before = earlier.trace?.routes ?? []
  const kept = before.map((route) => now.get(route.name) ?? withoutRetry(route))
  const added = trace.routes.filter((route) => !before.some((other) => other.name === route.name))
  trace.routes = [...kept, ...added]
  trace.routes_omitted += earlier.trace?.routes_omitted ?? 0
}

/** A route that waited and is gone from the config, or from a mail that is given up, will not be tried again. */
function withoutRetry(route: RouteTrace): RouteTrace {
  if (route.verdict !== 'retry') return route
  return { ...route, verdict: 'skipped', reason: `not tried again; it waited because: ${route.reason ?? 'unknown'}` }
}

/** How often a route was put off; 0 for one that does not wait. Names come from the file, so only own keys count. */
function triesOf(route: Route, pending: Record<string, number>): number {
  return Object.hasOwn(pending, route.name) ? (pending[route.name] ?? 0) : 0
}

/** The waits before a route is tried again: the same ladder as that of its deliveries, channels aside. */
function ladderOf({ retryMs }: Route, { defaultRetryMs }: Config): number[] {
  return retryMs ?? defaultRetryMs
}

function anyExhausted(pending: Record<string, number>, config: Config): boolean {
  return config.routes.some((route) => {
    const tries = triesOf(route, pending)
    return tries > 0 && tries >= ladderOf(route, config).length
  })
}

/** The soonest of the pending routes' next waits, in milliseconds. */
function shortestWaitMs(pending: Record<string, number>, config: Config): number {
  const waits = config.routes.flatMap((route) => {
    const tries = triesOf(route, pending)
    const ladder = ladderOf(route, config)
    return tries === 0 ? [] : [ladder[Math.min(tries, ladder.length) - 1] ?? 60_000]
  })
  return Math.min(...waits, 3_600_000)
}
