import { readSeverity } from '../../domain/message.js'
import type { Condition, Route, Step } from '../../domain/route.js'
import { firstAt } from '../merge.js'
import type { RawFile, RawRoute } from '../schema/routes-file.js'
import { childOf, type Place, positionOf, type SourceNode } from '../source.js'
import { normaliseCondition } from './conditions.js'
import { type Reading, under } from './reading.js'
import { durationMs } from './server.js'
import { checkSeverity, normaliseStep } from './steps.js'

const retryMsDefault = [60_000, 300_000, 900_000, 1_800_000, 3_600_000]

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
  const steps = (raw.steps ?? []).map((step, index) => normaliseStep(step, under(under(node, 'steps'), index), reading))
  if (raw.severity !== undefined) checkSeverity(raw.severity, under(node, 'severity'), reading)
  return {
    name: raw.name,
    enabled: raw.enabled ?? true,
    when: raw.when ? normaliseCondition(raw.when, under(node, 'when'), reading) : always,
    steps: steps.filter((step): step is Step => step !== null),
    stop: raw.stop ?? false,
    severity: raw.severity === undefined ? null : readSeverity(raw.severity),
    event: raw.event ?? null,
    labels: { ...raw.labels },
    onError: raw.on_error ?? defaults?.on_error ?? 'send',
    retryMs: retryOf(raw.retry ?? defaults?.retry),
    position,
  }
}

/** The waits before each retry, in milliseconds; without any written, the usual ladder. */
export function retryOf(texts: string[] | undefined): number[] {
  return texts?.map((text) => durationMs(text, 0)) ?? [...retryMsDefault]
}
