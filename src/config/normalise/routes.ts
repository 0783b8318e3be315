import { readSeverity } from '../../domain/message.js'
import type { Condition, Route, Step } from '../../domain/route.js'
import { firstAt } from '../merge.js'
import type { RawFile, RawRoute } from '../schema/routes-file.js'
import { childOf, keyPlaceAt, type Place, positionOf, type SourceNode } from '../source.js'
import { normaliseCondition } from './conditions.js'
import { variablesOf, variablesOfStep } from './keys.js'
import { type Reading, under } from './reading.js'
import { checkSeverity, normaliseStep } from './steps.js'
import { durationMs, durationsMs } from './values.js'

/** Routes in the order of the files. Names are unique, because traces, tests and metrics go by them. */
export function normaliseRoutes(raw: RawFile, node: SourceNode | undefined, reading: Reading): Route[] {
  const places = new Map<string, Place>()
  return (raw.routes ?? []).map((route, index) => {
    const at = childOf(node, index) ?? reading.root
    const place = under(at, 'name')
    const twin = places.get(route.name)
    if (twin) reading.issues.error('duplicate-name', `there are two routes "${route.name}"`, place, firstAt(twin))
    else places.set(route.name, place)
    return normaliseRoute(route, at, raw.defaults, reading)
  })
}

function normaliseRoute(raw: RawRoute, node: SourceNode, defaults: RawFile['defaults'], reading: Reading): Route {
  const position = positionOf(node)
  const always: Condition = { kind: 'all', of: [], position: null }
  const when = raw.when ? normaliseCondition(raw.when, under(node, 'when'), reading) : always
  if (raw.severity !== undefined) checkSeverity(raw.severity, under(node, 'severity'), reading)
  return {
    name: raw.name,
    enabled: raw.enabled ?? true,
    when,
    steps: normaliseSteps(raw.steps ?? [], when, under(node, 'steps'), reading),
    stop: raw.stop ?? false,
    severity: raw.severity === undefined ? null : readSeverity(raw.severity),
    event: raw.event ?? null,
    labels: { ...raw.labels },
    onError: raw.on_error ?? defaults?.on_error ?? 'send',
    retryMs: raw.retry === undefined ? null : durationsMs(raw.retry),
    retryWindowMs: raw.retry_window === undefined ? null : durationMs(raw.retry_window, 0),
    position,
  }
}

function normaliseSteps(
  raw: NonNullable<RawRoute['steps']>,
  when: Condition,
  node: SourceNode,
  reading: Reading,
): Step[] {
  const steps: Step[] = []
  const places = new Map<string, Place>()
  const variables = { fromCondition: new Set(variablesOf(when)), fromSteps: new Set<string>() }
  for (const [index, one] of raw.entries()) {
    const at = under(node, index)
    const step = normaliseStep(one, at, variables, reading)
    if (step === null) continue
    refuseSecond(step, at, places, reading)
    for (const name of variablesOfStep(step)) variables.fromSteps.add(name)
    steps.push(step)
  }
  return steps
}

/** A notification waits, or is a repeat, in one way. */
function refuseSecond({ verb }: Step, node: SourceNode, places: Map<string, Place>, { issues }: Reading): void {
  if (verb !== 'dedupe' && verb !== 'hold' && verb !== 'digest') return
  const place = keyPlaceAt(node, [verb])
  const twin = places.get(verb)
  if (twin) issues.error('duplicate-step', `a route has one "${verb}"`, place, firstAt(twin))
  else places.set(verb, place)
}
