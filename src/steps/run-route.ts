import { createHash } from 'node:crypto'
import type { Config } from '../domain/config.js'
import type { NewNotification } from '../domain/delivery.js'
import type { Attachment, Mail } from '../domain/mail.js'
import type { Message } from '../domain/message.js'
import type { Route, Step } from '../domain/route.js'
import type { PlannedDelivery, StepTrace } from '../domain/trace.js'
import { expandRecipients } from './expand-recipients.js'
import { runStep } from './index.js'
import { passOver } from './pass-over.js'
import { planDeliveries } from './plan-deliveries.js'
import { type Draft, RouteRetry, type StepParts, type StepResult } from './step.js'

export interface RouteRun {
  /** Null when the route sends nothing, or has to be tried again. */
  notification: NewNotification | null
  steps: StepTrace[]
  recipients: string[]
  deliveries: PlannedDelivery[]
  /** Why the route has to be tried again, or null. */
  retry: string | null
  /** Why nobody at all hears of the mail though the route meant to send it, or null. */
  lost: string | null
}

/**
 * Runs the steps of one matched route, in order.
 *
 * A broken step never holds back the others and never loses the alert: it is passed over, the notification is flagged,
 * and its reason stands in the message; with `on_error: hold` the deliveries are born dead letters instead.
 */
export async function runRoute(
  route: Route,
  mail: Mail,
  variables: Record<string, string>,
  parts: StepParts,
  signal: AbortSignal,
): Promise<RouteRun> {
  let draft = startDraft(route, mail, variables, parts)
  const steps: StepTrace[] = []
  for (const step of route.steps) {
    const startedAt = parts.measure()
    const record = (trace: StepResult['trace']): void => {
      steps.push({ step: step.verb, ...trace, duration_ms: round(parts.measure() - startedAt) })
    }
    try {
      const result = await runStep(step, draft, parts, signal)
      draft = result.draft
      record(result.trace)
      if (result.next === 'end') break
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof RouteRetry && !parts.exhausted) {
        record({
          target: targetOf(step),
          verdict: 'failed',
          detail: `${error.message}; the route is tried again`,
          facts: {},
        })
        return {
          notification: null,
          steps,
          recipients: draft.recipients,
          deliveries: [],
          retry: error.message,
          lost: null,
        }
      }
      const problem = error instanceof Error ? error.message : String(error)
      record({ target: targetOf(step), verdict: 'failed', detail: problem, facts: {} })
      if (error instanceof RouteRetry) return giveUp(draft, steps, problem, parts)
      draft = passOverStep(step, draft, `step ${step.verb} failed: ${problem}`)
    }
  }
  return finish(draft, steps, parts)
}

/** Message and recipients before the first step: the mail as it came. */
export function startDraft(route: Route, mail: Mail, variables: Record<string, string>, parts: StepParts): Draft {
  return {
    mail,
    route,
    recipients: expandRecipients(mail.envelope.to, parts.config, false),
    variables,
    lookups: {},
    attached: [],
    message: startMessage(mail, route),
    event: route.event,
    fingerprint: null,
    flagged: null,
    held: null,
    deliveries: [],
    planned: [],
    unreached: [],
    dropped: false,
  }
}

export function startMessage(mail: Mail, route: Pick<Route, 'severity' | 'labels'>): Message {
  const sender = mail.from[0]
  return {
    title: mail.subject || '(no subject)',
    text: mail.text,
    severity: route.severity ?? 'warning',
    from: sender?.address || mail.envelope.from || 'unknown sender',
    labels: { ...route.labels },
    links: [],
    attachments: mail.attachments.map(withoutContent),
    notes: mail.malformed ? [`the mail is malformed: ${mail.malformed}`] : [],
    mailId: mail.id,
    receivedAt: mail.receivedAt,
  }
}

function withoutContent({ filename, contentType, sizeBytes }: Attachment): Omit<Attachment, 'content'> {
  return { filename, contentType, sizeBytes }
}

/** A send that broke reached nobody, so `otherwise` has to hear of the mail. */
function passOverStep(step: Step, draft: Draft, problem: string): Draft {
  const after = passOver(draft, problem)
  if (step.verb !== 'send') return after
  return { ...after, unreached: [...after.unreached, { recipient: null, problem }] }
}

/** All retries are used up: `otherwise` gets the mail with the reason, or a person where `on_error` is `hold`. */
function giveUp(draft: Draft, steps: StepTrace[], problem: string, parts: StepParts): RouteRun {
  const reason = `route ${draft.route.name} was given up: ${problem}`
  const reached = new Set(draft.deliveries.map((delivery) => delivery.recipient))
  const left = draft.recipients.filter((recipient) => !reached.has(recipient))
  const unreached = (left.length > 0 ? left : [null]).map((recipient) => ({ recipient, problem: reason }))
  const held = draft.route.onError === 'hold' ? reason : draft.held
  return finish({ ...draft, held, flagged: reason, unreached: [...draft.unreached, ...unreached] }, steps, parts)
}

/** Whom no channel reached, `otherwise.send` hears of, with the reason in the message. */
function finish(draft: Draft, steps: StepTrace[], parts: StepParts): RouteRun {
  const { otherwise } = parts.config
  const run = { steps, recipients: draft.recipients, retry: null }
  // What was planned before an action dropped the mail does not go out either, so the trace must not promise it.
  if (draft.dropped) return { ...run, notification: null, deliveries: [], lost: null }
  if (draft.deliveries.length === 0 && draft.unreached.length === 0) {
    return { ...run, notification: null, deliveries: draft.planned, lost: null }
  }
  let { deliveries, planned } = draft
  const { message } = draft
  const problems = [...new Set(draft.unreached.map((line) => line.problem))]
  if (problems.length > 0 && otherwise.send.length > 0) {
    const noted = { ...message, notes: [...new Set([...message.notes, ...problems])] }
    const whom = rescueRecipients(draft, parts.config)
    const rescue = planDeliveries(otherwise.send, whom, noted, parts.config, draft.route.retryMs, draft.held)
    deliveries = [...deliveries, ...rescue.deliveries]
    planned = [...planned, ...rescue.planned.map((line) => ({ ...line, reason: 'otherwise.send' }))]
  }
  const lost = deliveries.length === 0 ? problems.join('; ') : null
  const flagged = draft.held ?? draft.flagged ?? (problems.join('; ') || null)
  const notification: NewNotification = {
    route: draft.route.name,
    severity: message.severity,
    event: draft.event,
    fingerprint: draft.fingerprint ?? hash([draft.route.name, draft.mail.subject, ...draft.recipients]),
    labels: message.labels,
    message,
    flagged,
    deliveries,
  }
  return { ...run, notification, deliveries: planned, lost }
}

/** Only those who were not reached: the others have the message already. */
function rescueRecipients(draft: Draft, config: Config): string[] {
  const named = draft.unreached.flatMap((line) => line.recipient ?? [])
  if (named.length > 0) return [...new Set(named)]
  return draft.recipients.length > 0 ? draft.recipients : expandRecipients(draft.mail.envelope.to, config, false)
}

function targetOf(step: Step): string | null {
  if (step.verb === 'attach') return step.lookup
  if (step.verb === 'run') return step.action
  return step.verb === 'send' ? step.channels.join(', ') : null
}

function hash(parts: string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
