import type Database from 'better-sqlite3'
import type { ConditionTrace, RouteTrace, Trace } from '../../domain/trace.js'
import { type ActionCallCounts, actionBoundsMs, type StatsStore } from '../stats-store.js'

/** One call of an action or condition while a mail was routed. */
export interface ActionCall {
  action: string
  ms: number
  /** `timeout`, `trap`, …; null when it answered. */
  failure: string | null
}

/**
 * The calls that a routing made beyond those that were kept before: of a mail whose routes wait to be tried again, each
 * routing has the whole trace.
 */
export function listNewCalls(trace: Trace, before: Trace | null): ActionCall[] {
  const isOver = ({ verdict }: RouteTrace): boolean => verdict !== 'retry'
  const counted = new Set((before?.routes ?? []).filter(isOver).map(({ name }) => name))
  return trace.routes.filter(({ name }) => !counted.has(name)).flatMap(listCallsOf)
}

export function hasCalls(trace: Trace): boolean {
  return trace.routes.some((route) => listCallsOf(route).length > 0)
}

function listCallsOf({ condition, steps }: RouteTrace): ActionCall[] {
  const ofSteps = steps.flatMap(({ step, target, facts, duration_ms }): ActionCall[] => {
    if (step !== 'run' || target === null) return []
    const ms = typeof facts.run_ms === 'number' ? facts.run_ms : duration_ms
    return [{ action: target, ms, failure: typeof facts.kind === 'string' ? facts.kind : null }]
  })
  return [...(condition ? listAsked(condition) : []), ...ofSteps]
}

/** Of a failure only the sentence is kept, as `src/route/ask.ts` words it. */
function listAsked({ kind, expected, verdict, reason, duration_ms, children }: ConditionTrace): ActionCall[] {
  if (kind !== 'wasm') return children.flatMap(listAsked)
  if (verdict === 'not_evaluated' || expected === null) return []
  const failure = /^the module failed \((\w+):/.exec(reason ?? '')?.[1] ?? null
  return [{ action: expected, ms: duration_ms, failure }]
}

/** What a call is counted as: how it failed, or the bucket of its time. */
export function measureOf({ ms, failure }: ActionCall): string {
  if (failure !== null) return `failed/${failure}`
  const bucket = actionBoundsMs.findIndex((boundMs) => ms <= boundMs)
  return `called/${bucket === -1 ? actionBoundsMs.length : bucket}`
}

export function prepareActionCalls(database: Database.Database): Pick<StatsStore, 'listActionCalls'> {
  const select = database.prepare<[number], { name: string; measure: string; count: number }>(
    `SELECT name, measure, sum(count) AS count FROM stat_buckets
     WHERE step IN (60000, 3600000) AND scope = 'action' AND at >= ? GROUP BY name, measure ORDER BY name`,
  )
  return {
    async listActionCalls(since) {
      const found = new Map<string, ActionCallCounts>()
      for (const { name, measure, count } of select.all(since)) {
        const buckets = new Array<number>(actionBoundsMs.length + 1).fill(0)
        const counts = found.get(name) ?? { action: name, calls: 0, failures: {}, buckets }
        found.set(name, counts)
        counts.calls += count
        const [what, which = ''] = measure.split('/')
        if (what === 'failed') counts.failures[which] = count
        else counts.buckets[Number(which)] = count
      }
      return [...found.values()]
    },
  }
}
