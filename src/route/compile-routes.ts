import type { Condition, Route } from '../domain/route.js'
import { type ConditionNode, compileCondition } from './compile-condition.js'
import { patternsOf } from './compile-text-test.js'
import { compilePatternSet, type PatternSet } from './patterns.js'
import { keyOfField } from './read-field.js'
import { buildRouteIndex, type RouteIndex } from './route-index.js'
import { type RouteMatch, restRoute } from './route-match.js'

/** Routes ready to be matched. Immutable; made once per config. */
export interface CompiledRoutes {
  routes: readonly CompiledRoute[]
  /** Every pattern of all routes, one set a field, by `keyOfField`. */
  patterns: ReadonlyMap<string, PatternSet>
  /** Null for so few routes that each is evaluated in full, which gives the better trace. */
  index: RouteIndex | null
  /** By position: the entry of a route that is not evaluated. */
  resting: readonly RouteMatch[]
}

export interface CompiledRoute {
  route: Route
  condition: ConditionNode
}

/** Up to here evaluating every route costs less than the rest of a mail's way. */
const fullTraceRoutesMax = 200

/**
 * Compiles routes whose patterns, ranges and zones passed the config check; anything else throws.
 * @param indexAbove with more routes than this, an index rules most of them out before they are evaluated.
 */
export function compileRoutes(routes: Route[], indexAbove: number = fullTraceRoutesMax): CompiledRoutes {
  const patternsByField = new Map<string, Set<string>>()
  for (const { when } of routes) collectPatterns(when, patternsByField)
  const patterns = new Map([...patternsByField].map(([field, set]) => [field, compilePatternSet(set)]))
  const compiled = routes.map((route) => ({ route, condition: compileCondition(route.when) }))
  const index = routes.length > indexAbove ? buildRouteIndex(compiled) : null
  const resting = routes.map((route, position) => restRoute(route, index?.required[position] ?? []))
  return { routes: compiled, patterns, index, resting }
}

function collectPatterns(condition: Condition, into: Map<string, Set<string>>): void {
  if (condition.kind === 'all' || condition.kind === 'any') {
    for (const child of condition.of) collectPatterns(child, into)
  } else if (condition.kind === 'not') {
    collectPatterns(condition.of, into)
  } else if (condition.kind === 'text' && condition.operator === 'matches') {
    const key = keyOfField(condition.field)
    const known = into.get(key) ?? new Set()
    into.set(key, known)
    for (const pattern of patternsOf(condition)) known.add(pattern)
  }
}
