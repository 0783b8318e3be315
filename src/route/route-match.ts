import type { Route } from '../domain/route.js'
import type { ConditionTrace, RouteVerdict } from '../domain/trace.js'
import type { TestNode } from './compile-condition.js'

/** What one route made of one mail. Entries of ruled-out routes are shared between mails and frozen. */
export interface RouteMatch {
  route: Route
  verdict: RouteVerdict
  /** Why it was skipped, will be retried, or matched without a verdict; else null. */
  reason: string | null
  /** Null on skipped routes. */
  condition: ConditionTrace | null
  /** What the named groups of regexes caught; empty unless matched. */
  variables: Record<string, string>
  durationMs: number
}

export function skipRoute(route: Route, reason: string): RouteMatch {
  return { route, verdict: 'skipped', reason, condition: null, variables: {}, durationMs: 0 }
}

/**
 * The entry of a route that is never evaluated: disabled, or ruled out because none of `required` can hold. Made once
 * per config, so that listing ten thousand routes in each trace costs a copy of the list.
 */
export function restRoute(route: Route, required: readonly TestNode[]): RouteMatch {
  if (!route.enabled) return freeze(skipRoute(route, 'the route has enabled: false'))
  return freeze({
    route,
    verdict: 'not_matched',
    reason: null,
    condition: traceRuledOut(required),
    variables: {},
    durationMs: 0,
  })
}

function traceRuledOut(required: readonly TestNode[]): ConditionTrace {
  const children = required.slice(0, 20).map(({ words }) => traceOf('test', words, []))
  const [only] = children
  return only && children.length === 1
    ? only
    : traceOf('any', { field: null, operator: null, expected: null }, children)
}

function traceOf(
  kind: 'test' | 'any',
  words: Pick<ConditionTrace, 'field' | 'operator' | 'expected'>,
  children: ConditionTrace[],
): ConditionTrace {
  const reason = 'ruled out by the index; the other conditions were not looked at'
  return { kind, ...words, seen: null, verdict: 'false', reason, duration_ms: 0, children }
}

function freeze(match: RouteMatch): RouteMatch {
  if (match.condition) for (const child of match.condition.children) Object.freeze(child)
  Object.freeze(match.condition)
  Object.freeze(match.variables)
  return Object.freeze(match)
}
