import type { ActionCallStats } from '../../../engine/guest-detail-calls.js'
import type { ActionLine } from '../../../engine/module-calls.js'
import { Icon } from './icon.js'
import { describeMs } from './time.js'

/** How far back calls are told. */
export const callStatsDays = 7

const exportsOf = {
  action: '“handle”: an action',
  condition: '“match”: a condition',
  job: '“run”: a job',
} as const

/** What the exports of a module say it is. */
export function describeKinds(kinds: ActionLine['kinds']): string {
  return kinds.map((kind) => exportsOf[kind]).join(' and ')
}

/** How often it was called, how fast it was, and how it failed. */
export function describeCalls(stats: ActionCallStats | null) {
  if (stats === null) return <span class="dim">not called</span>
  const failures = Object.entries(stats.failures).map(([kind, count]) => `${count} × ${kind}`)
  return (
    <>
      {stats.calls === 1 ? '1 call' : `${stats.calls} calls`}
      {stats.p95_ms === null ? null : <p class="sub">95 of 100 within {describeMs(stats.p95_ms)}</p>}
      {failures.length === 0 ? (
        <p class="sub good">
          <Icon name="check" /> none failed
        </p>
      ) : (
        <p class="sub bad">
          <Icon name="warning" /> failed: {failures.join(', ')}
        </p>
      )}
    </>
  )
}
