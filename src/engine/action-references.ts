import type { Position } from '../domain/errors.js'
import type { Condition, Route } from '../domain/route.js'

/** A place of the config that names an action. */
export interface ActionReference {
  action: string
  route: string
  /** What the module has to be for it. */
  kind: 'action' | 'condition'
  position: Position
}

/** Every `run` step and every `wasm` condition, in the order of the routes. */
export function listActionReferences(routes: readonly Route[]): ActionReference[] {
  return routes.flatMap((route) => {
    const ofConditions = listModules(route.when).map(
      ({ module, position }): ActionReference => ({
        action: module,
        route: route.name,
        kind: 'condition',
        position: position ?? route.position,
      }),
    )
    const ofSteps = route.steps.flatMap((step): ActionReference[] =>
      step.verb === 'run' ? [{ action: step.action, route: route.name, kind: 'action', position: step.position }] : [],
    )
    return [...ofConditions, ...ofSteps]
  })
}

function listModules(condition: Condition): Extract<Condition, { kind: 'wasm' }>[] {
  if (condition.kind === 'all' || condition.kind === 'any') return condition.of.flatMap(listModules)
  if (condition.kind === 'not') return listModules(condition.of)
  return condition.kind === 'wasm' ? [condition] : []
}
