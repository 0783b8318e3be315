import { readPercentile, type SeriesPoint, type SeriesRequest } from '../../engine/series-calls.js'
import type { StatStep } from '../../store/stats-store.js'

/** What was counted in some time. */
export type Totals = Pick<SeriesPoint, 'counts' | 'latency' | 'p50_ms' | 'p95_ms'>

/** One mark of a plot: what was counted in the time from `at` on. */
export interface Mark extends Totals {
  /** Milliseconds since the epoch. */
  at: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * How far back the plots look. `stepMs` is the width of one mark: wide enough that a plot has at most 48 of them, and
 * its table stays readable. The API's tables have named steps: `tableStep` is the one for this range.
 */
export const timeRanges = {
  '1h': { label: '1 hour', spanMs: hourMs, stepMs: 2 * minuteMs, tableStep: 'minute' },
  '24h': { label: '24 hours', spanMs: dayMs, stepMs: 30 * minuteMs, tableStep: 'hour' },
  '7d': { label: '7 days', spanMs: 7 * dayMs, stepMs: 4 * hourMs, tableStep: 'hour' },
  '30d': { label: '30 days', spanMs: 30 * dayMs, stepMs: dayMs, tableStep: 'day' },
  '90d': { label: '90 days', spanMs: 90 * dayMs, stepMs: 2 * dayMs, tableStep: 'day' },
} as const satisfies Record<string, TimeRange>

interface TimeRange {
  label: string
  spanMs: number
  stepMs: number
  tableStep: StatStep
}

export type RangeName = keyof typeof timeRanges

/** What to ask a series for: the time that a range means at this moment, with whole marks at its start. */
export function readRange(name: RangeName, now: number): Pick<SeriesRequest, 'from' | 'to' | 'stepMs'> {
  const { spanMs, stepMs } = timeRanges[name]
  const from = Math.floor((now - spanMs) / stepMs) * stepMs + stepMs
  return { from, to: now, stepMs }
}

/** A series of one name, or of the whole gateway, as the marks of a plot. */
export function toMarks(points: readonly SeriesPoint[]): Mark[] {
  return points.map(({ at, counts, latency, p50_ms, p95_ms }) => ({
    at: Date.parse(at),
    counts,
    latency,
    p50_ms,
    p95_ms,
  }))
}

/** All of it together; null when nothing happened. */
export function sumPoints(points: readonly SeriesPoint[]): Totals | null {
  return points.reduce<Totals | null>((sum, point) => (sum ? addTotals(sum, point) : point), null)
}

/** The sum of each channel or route. */
export function sumByName(points: readonly SeriesPoint[]): Map<string, Totals> {
  const sums = new Map<string, Totals>()
  for (const point of points) {
    const known = sums.get(point.name ?? '')
    sums.set(point.name ?? '', known ? addTotals(known, point) : point)
  }
  return sums
}

function addTotals(one: Totals, other: Totals): Totals {
  const latency = one.latency.map((count, bucket) => count + (other.latency[bucket] ?? 0))
  const counts = { ...one.counts }
  for (const measure of Object.keys(counts) as (keyof Totals['counts'])[]) counts[measure] += other.counts[measure]
  return { counts, latency, p50_ms: readPercentile(latency, 0.5), p95_ms: readPercentile(latency, 0.95) }
}
