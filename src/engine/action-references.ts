import type { Config } from '../domain/config.js'
import type { Position } from '../domain/errors.js'
import type { Condition, Route } from '../domain/route.js'

/** A place of the config that names an action. */
export interface ActionReference {
  action: string
  user: { sort: 'route' | 'monitor'; name: string }
  /** What the module has to be for it. */
  kind: 'action' | 'condition'
  position: Position | null
}

/** Every `run` step and every `wasm` condition, in the order of the routes; then those that monitors ask. */
export function listActionReferences({ routes, monitors }: Pick<Config, 'routes' | 'monitors'>): ActionReference[] {
  const ofMonitors = Object.values(monitors).flatMap(({ name, when }) =>
    when === null ? [] : askedIn(when, { sort: 'monitor', name }, null),
  )
  return [...routes.flatMap(listOfRoute), ...ofMonitors]
}

function listOfRoute(route: Route): ActionReference[] {
  const user: ActionReference['user'] = { sort: 'route', name: route.name }
  const ofSteps = route.steps.flatMap((step): ActionReference[] => {
    if (step.verb === 'run') return [{ action: step.action, user, kind: 'action', position: step.position }]
    return step.verb === 'hold' ? askedIn(step.unless, user, step.position) : []
  })
  return [...askedIn(route.when, user, route.position), ...ofSteps]
}

function askedIn(condition: Condition, user: ActionReference['user'], near: Position | null): ActionReference[] {
  return listModules(condition).map(({ module, position }): ActionReference => {
    return { action: module, user, kind: 'condition', position: position ?? near }
  })
}

function listModules(condition: Condition): Extract<Condition, { kind: 'wasm' }>[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(listModules)
  if (condition.kind === 'not') return listModules(condition.of)
  return condition.kind === 'wasm' ? [condition] : []
}
