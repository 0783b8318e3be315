import { createHash } from 'node:crypto'
import type { Config } from '../domain/config.js'
import type { NewDelivery, NewNotification } from '../domain/delivery.js'
import { joinKey } from '../domain/join-key.js'
import { type NoiseControl, noControl, type Recovery } from '../domain/notification.js'
import type { PlannedDelivery, StepTrace } from '../domain/trace.js'
import { dedupeBy } from './dedupe.js'
import { expandRecipients } from './expand-recipients.js'
import { fingerprintOf } from './fingerprint.js'
import { passOver } from './pass-over.js'
import { plainTerms, planDeliveries } from './plan-deliveries.js'
import { escalateAtOnce } from './plan-escalations.js'
import { templateScope } from './scope.js'
import type { Draft, StepParts } from './step.js'
import { wordDeliveries } from './word-deliveries.js'

export interface RouteRun {
  /** Null when the route sends nothing, or has to be tried again. */
  notification: NewNotification | null
  /** What the mail closes by the route's `resolve` steps. */
  recoveries: Recovery[]
  steps: StepTrace[]
  recipients: string[]
  deliveries: PlannedDelivery[]
  /** Why the route has to be tried again, or null. */
  retry: string | null
  /** Why nobody at all hears of the mail though the route meant to send it, or null. */
  lost: string | null
}

export const nothingDone: RouteRun = {
  notification: null,
  recoveries: [],
  steps: [],
  recipients: [],
  deliveries: [],
  retry: null,
  lost: null,
}

/**
 * What a route's steps come to: the notification, and what it closes. Whom no channel reached, `otherwise.send` hears
 * of, with the reason in the message.
 */
export async function finishRoute(draft: Draft, steps: StepTrace[], parts: StepParts): Promise<RouteRun> {
  const fingerprint = fingerprintOf(draft)
  const recoveries = recoveriesOf(draft, fingerprint)
  const run = { ...nothingDone, steps, recipients: draft.recipients, recoveries }
  // What was planned before the mail was dropped does not go out either, so the trace must not promise it.
  if (draft.dropped) return run
  if (draft.deliveries.length === 0 && draft.unreached.length === 0) return { ...run, deliveries: draft.planned }

  const problems = [...new Set(draft.unreached.map((line) => line.problem))]
  const rescued = await rescueUnreached(draft, problems, parts)
  const { deliveries, planned } = escalateAtOnce(rescued)
  const { control, step } = await settleControl(rescued, parts)
  const { route, message, event, held } = rescued
  const notification: NewNotification = {
    route: route.name,
    severity: message.severity,
    event,
    fingerprint,
    labels: message.labels,
    message,
    flagged: held ?? draft.flagged ?? ([...problems, ...rescued.failed].join('; ') || null),
    control,
    deliveries: keepApart(deliveries, route.name, control),
  }
  const lost = deliveries.length === 0 ? problems.join('; ') : null
  return { ...run, notification, steps: step ? [...steps, step] : steps, deliveries: planned, lost }
}

function recoveriesOf({ resolves, route }: Draft, own: string): Recovery[] {
  const closed = new Set(resolves.map((fingerprint) => (fingerprint === null ? own : joinKey([fingerprint]))))
  return [...closed].map((fingerprint) => ({ type: 'fingerprint', fingerprint, route: route.name }))
}

/** What `otherwise.send` hears, in the words of its channels; `failed` says of whose template that could not be made. */
async function rescueUnreached(
  draft: Draft,
  problems: string[],
  { config, now }: StepParts,
): Promise<Draft & { failed: string[] }> {
  if (problems.length === 0 || config.otherwise.send.length === 0) return { ...draft, failed: [] }
  const { message } = draft
  const { retryMs, retryWindowMs } = draft.route
  const order = {
    ...plainTerms,
    channels: config.otherwise.send,
    recipients: rescueRecipients(draft, config),
    message: { ...message, notes: [...new Set([...message.notes, ...problems])] },
    retryMs,
    retryWindowMs,
  }
  const plan = planDeliveries({ ...order, dead: draft.held }, config, now())
  const said = await wordDeliveries(plan.deliveries, config, (own) => templateScope({ ...draft, message: own }))
  const after = said.problems.reduce(passOver, draft)
  const reason = ['otherwise.send', ...said.problems].join('; ')
  return {
    ...after,
    deliveries: [...draft.deliveries, ...said.deliveries.map((one) => ({ ...one, dead: after.held }))],
    planned: [...draft.planned, ...plan.planned.map((line) => ({ ...line, reason }))],
    failed: said.problems,
  }
}

/** Only those who were not reached: the others have the message already. */
function rescueRecipients(draft: Draft, config: Config): string[] {
  const named = draft.unreached.flatMap((line) => line.recipient ?? [])
  if (named.length > 0) return [...new Set(named)]
  return draft.recipients.length > 0 ? draft.recipients : expandRecipients(draft.mail.envelope.to, config, false)
}

/**
 * The store keeps one delivery of those that say the same to the same person. One that waits for a recovery must not
 * take the place of one that goes out, and what somebody has to acknowledge is acknowledged for its own route.
 */
function keepApart(deliveries: NewDelivery[], route: string, control: NoiseControl): NewDelivery[] {
  return deliveries.map((delivery) => {
    if (control.hold === null && !delivery.offersAck) return delivery
    const own = JSON.stringify([route, delivery.dedupeKey])
    return { ...delivery, dedupeKey: createHash('sha256').update(own).digest('hex').slice(0, 32) }
  })
}

/** `defaults.dedupe` stands in where the route has no step of its own; what waits for a person is never suppressed. */
async function settleControl(
  draft: Draft,
  { config, measure }: StepParts,
): Promise<{ control: NoiseControl; step: StepTrace | null }> {
  if (draft.held !== null) return { control: noControl, step: null }
  const { defaultDedupe } = config
  if (!defaultDedupe || draft.route.steps.some((step) => step.verb === 'dedupe')) {
    return { control: draft.control, step: null }
  }
  const startedAt = measure()
  const result = await dedupeBy(defaultDedupe.key, defaultDedupe.windowMs, draft)
  const durationMs = Math.round((measure() - startedAt) * 10) / 10
  const step = { ...result.trace, step: 'dedupe', target: 'defaults.dedupe', duration_ms: durationMs }
  return { control: result.draft.control, step }
}
