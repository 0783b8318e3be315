import type { Mail } from '../domain/mail.js'
import type { Route } from '../domain/route.js'
import type { CompiledRoutes } from './compile-routes.js'
import {
  collectVariables,
  type Evaluation,
  type EvaluationContext,
  evaluateCheap,
  explainUnknown,
  settleQuestions,
  traceEvaluation,
} from './evaluate.js'
import { MailReading } from './mail-reading.js'
import { type RouteMatch, skipRoute } from './route-match.js'

export type { RouteMatch } from './route-match.js'

export interface MatchContext extends EvaluationContext {
  /** No retry is left: a route without a verdict counts as matched, since an alert too many beats a lost one. */
  llmExhausted?: boolean
}

/**
 * Matches a mail against all routes; the result has one entry a route, in their order. Pure but for the questions to
 * WASM modules and the LLM, which are put only where a verdict depends on them, and side by side up to the next route
 * that may stop the list. Rejects when the signal fires, and with whatever a judge rejects with other than its own error.
 */
export async function matchRoutes(compiled: CompiledRoutes, mail: Mail, context: MatchContext): Promise<RouteMatch[]> {
  context.signal.throwIfAborted()
  const reading = new MailReading(mail, compiled.patterns)
  const matches = compiled.resting.slice()
  const positions = findCandidates(compiled, reading)
  let undecidedStop: Route | null = null

  for (let next = 0; next < positions.length; ) {
    const batch = evaluateUpToStop(compiled, positions.slice(next), reading, context)
    await Promise.all(batch.map(({ evaluation }) => settleQuestions(evaluation, reading, context)))
    for (const candidate of batch) {
      const match = conclude(candidate, undecidedStop, context)
      matches[candidate.position] = match
      if (!candidate.route.stop) continue
      if (match.verdict === 'matched') return skipAfter(candidate.position, matches)
      if (match.verdict === 'retry') undecidedStop ??= candidate.route
    }
    next += batch.length
  }
  return matches
}

interface Candidate {
  position: number
  route: Route
  evaluation: Evaluation
  durationMs: number
}

/** Positions of the enabled routes that an index does not rule out. */
export function findCandidates(compiled: CompiledRoutes, reading: MailReading): number[] {
  const found = compiled.index ? compiled.index.find(reading) : [...compiled.routes.keys()]
  return found.filter((position) => compiled.routes[position]?.route.enabled)
}

/** Evaluates the cheap conditions of the routes up to, and with, the first that has `stop: true` and may match. */
function evaluateUpToStop(
  compiled: CompiledRoutes,
  positions: number[],
  reading: MailReading,
  context: EvaluationContext,
): Candidate[] {
  const batch: Candidate[] = []
  for (const position of positions) {
    const compiledRoute = compiled.routes[position]
    if (compiledRoute === undefined) throw new RangeError(`no route has the position ${position}`)
    const { route, condition } = compiledRoute
    const startedAt = context.measure()
    const evaluation = evaluateCheap(condition, reading, context)
    batch.push({ position, route, evaluation, durationMs: context.measure() - startedAt })
    if (route.stop && evaluation.value !== false) break
  }
  return batch
}

/** @param undecidedStop an earlier route that would end the list if it knew whether it matches. */
function conclude(candidate: Candidate, undecidedStop: Route | null, context: MatchContext): RouteMatch {
  const { route, evaluation } = candidate
  const condition = traceEvaluation(evaluation)
  const match: RouteMatch = {
    route,
    verdict: 'not_matched',
    reason: null,
    condition,
    variables: {},
    durationMs: Math.max(candidate.durationMs, condition.duration_ms),
  }
  if (evaluation.value === false) return match
  const unknown = explainUnknown(evaluation)
  if (unknown !== null && !context.llmExhausted) return { ...match, verdict: 'retry', reason: unknown }
  if (undecidedStop !== null) {
    const reason = `waits for the route "${undecidedStop.name}", which has stop: true and no verdict yet`
    return { ...match, verdict: 'retry', reason }
  }
  const reason = unknown === null ? null : `${unknown}; no retry is left, so it counts as matched`
  return { ...match, verdict: 'matched', reason, variables: Object.fromEntries(collectVariables(evaluation)) }
}

function skipAfter(position: number, matches: RouteMatch[]): RouteMatch[] {
  const name = matches[position]?.route.name
  return matches.map((match, at) => {
    if (at <= position || !match.route.enabled) return match
    return skipRoute(match.route, `the route "${name}" matched and has stop: true`)
  })
}
