import type { Config } from '../domain/config.js'
import type { Mail } from '../domain/mail.js'
import type { Condition, Route, Step } from '../domain/route.js'
import { type CompiledRoutes, compileRoutes } from '../route/compile-routes.js'
import { type MatchContext, matchRoutes } from '../route/match-routes.js'

export type HoldStep = Extract<Step, { verb: 'hold' }>

/** Looks at every mail, whatever routes it matches: for the recovery of a hold, or as the sign of life of a monitor. */
export type Watcher = { type: 'hold'; route: Route; step: HoldStep } | { type: 'monitor'; monitor: string }

/** Immutable; made once per config. */
export interface CompiledWatchers {
  watchers: readonly Watcher[]
  conditions: CompiledRoutes
}

/** A watcher's condition that holds, or has no verdict. */
export interface WatcherMatch {
  watcher: Watcher
  /** Why there is no verdict; null when the condition holds. */
  problem: string | null
  /** What the named groups of regexes caught. */
  variables: Record<string, string>
}

/**
 * Compiles the `unless` of all holds of enabled routes and the `expect` of all monitors. They go through the room of the
 * routes as routes of their own, whose index rules most of thousands out before they are evaluated.
 */
export function compileWatchers(config: Pick<Config, 'routes' | 'monitors'>): CompiledWatchers {
  const watched = [...watchedByHolds(config.routes), ...watchedByMonitors(config.monitors)]
  const conditions = watched.map(({ when }, position) => watchingRoute(String(position), when))
  return { watchers: watched.map(({ watcher }) => watcher), conditions: compileRoutes(conditions, 0) }
}

/** The watchers whose condition holds or is undecided, in the order of the config. */
export async function matchWatchers(
  { watchers, conditions }: CompiledWatchers,
  mail: Mail,
  context: MatchContext,
): Promise<WatcherMatch[]> {
  if (watchers.length === 0) return []
  const matches = await matchRoutes(conditions, mail, context)
  return matches.flatMap(({ verdict, reason, variables }, position) => {
    const watcher = watchers[position]
    if (watcher === undefined || (verdict !== 'matched' && verdict !== 'retry')) return []
    return { watcher, problem: verdict === 'matched' ? null : (reason ?? 'it has no verdict'), variables }
  })
}

interface Watched {
  watcher: Watcher
  when: Condition
}

function watchedByHolds(routes: Route[]): Watched[] {
  return routes
    .filter((route) => route.enabled)
    .flatMap((route) =>
      route.steps.flatMap((step): Watched[] =>
        step.verb === 'hold' ? [{ watcher: { type: 'hold', route, step }, when: step.unless }] : [],
      ),
    )
}

function watchedByMonitors(monitors: Config['monitors']): Watched[] {
  return Object.values(monitors).flatMap(({ name, when }): Watched[] =>
    when === null ? [] : [{ watcher: { type: 'monitor', monitor: name }, when }],
  )
}

function watchingRoute(name: string, when: Condition): Route {
  return {
    name,
    enabled: true,
    when,
    steps: [],
    stop: false,
    severity: null,
    event: null,
    labels: {},
    onError: 'send',
    retryMs: null,
    retryWindowMs: null,
    position: when.position ?? { file: '', line: 1, column: 1 },
  }
}
