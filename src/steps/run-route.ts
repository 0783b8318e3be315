import type { Mail } from '../domain/mail.js'
import type { Route, Step } from '../domain/route.js'
import type { StepTrace } from '../domain/trace.js'
import { finishRoute, nothingDone, type RouteRun } from './finish-route.js'
import { runStep } from './index.js'
import { passOver } from './pass-over.js'
import { startDraft } from './start-draft.js'
import { type Draft, RouteRetry, type StepParts, type StepResult } from './step.js'

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
  let draft = startDraft(route, mail, variables, parts.config)
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
        return { ...nothingDone, steps, recipients: draft.recipients, retry: error.message }
      }
      const problem = error instanceof Error ? error.message : String(error)
      record({ target: targetOf(step), verdict: 'failed', detail: problem, facts: {} })
      if (error instanceof RouteRetry) return finishRoute(giveUp(draft, problem), steps, parts)
      draft = passOverStep(step, draft, `step ${step.verb} failed: ${problem}`)
    }
  }
  return finishRoute(draft, steps, parts)
}

/** A send that broke reached nobody, so `otherwise` has to hear of the mail. */
function passOverStep(step: Step, draft: Draft, problem: string): Draft {
  const after = passOver(draft, problem)
  if (step.verb !== 'send') return after
  return { ...after, unreached: [...after.unreached, { recipient: null, problem }] }
}

/** All retries are used up: `otherwise` gets the mail with the reason, or a person where `on_error` is `hold`. */
function giveUp(draft: Draft, problem: string): Draft {
  const reason = `route ${draft.route.name} was given up: ${problem}`
  const reached = new Set(draft.deliveries.map((delivery) => delivery.recipient))
  const left = draft.recipients.filter((recipient) => !reached.has(recipient))
  const unreached = (left.length > 0 ? left : [null]).map((recipient) => ({ recipient, problem: reason }))
  const held = draft.route.onError === 'hold' ? reason : draft.held
  return { ...draft, held, flagged: reason, unreached: [...draft.unreached, ...unreached] }
}

function targetOf(step: Step): string | null {
  if (step.verb === 'attach') return step.lookup
  if (step.verb === 'run') return step.action
  return step.verb === 'send' ? step.channels.join(', ') : null
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10
}
