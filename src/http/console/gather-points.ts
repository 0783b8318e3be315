import { readPercentile, type SeriesPoint, type SeriesRequest } from '../../engine/series-calls.js'
import type { StatStep } from '../../store/stats-store.js'

/** One mark of a plot: what was counted in the time from `at` on. */
export interface Stretch extends Pick<SeriesPoint, 'counts' | 'latency' | 'p50_ms' | 'p95_ms'> {
  /** Milliseconds since the epoch. */
  at: number
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * How far back the plots look. `stepMs` is the width of one mark: wide enough that a plot has at most 48 of them, and
 * its table stays readable. By name less can be read at once, so there the steps are longer.
 */
export const timeRanges = {
  '1h': { label: '1 hour', spanMs: hourMs, stepMs: 2 * minuteMs, read: 'minute', readByName: 'minute' },
  '24h': { label: '24 hours', spanMs: dayMs, stepMs: 30 * minuteMs, read: 'minute', readByName: 'hour' },
  '7d': { label: '7 days', spanMs: 7 * dayMs, stepMs: 4 * hourMs, read: 'hour', readByName: 'hour' },
  '30d': { label: '30 days', spanMs: 30 * dayMs, stepMs: dayMs, read: 'hour', readByName: 'day' },
  '90d': { label: '90 days', spanMs: 90 * dayMs, stepMs: 2 * dayMs, read: 'hour', readByName: 'day' },
} as const satisfies Record<string, TimeRange>

interface TimeRange {
  label: string
  spanMs: number
  stepMs: number
  read: StatStep
  readByName: StatStep
}

export type RangeName = keyof typeof timeRanges

/** The time that a range means at this moment, with whole marks at its start, and the step it is read by. */
export function readRange(
  name: RangeName,
  now: number,
): Pick<SeriesRequest, 'from' | 'to' | 'step'> & { stepMs: number } {
  const { spanMs, stepMs, read } = timeRanges[name]
  const from = Math.floor((now - spanMs) / stepMs) * stepMs + stepMs
  return { from, to: now, step: read, stepMs }
}

/** Puts points together to longer stretches, in the order of time; those in which nothing happened are left out. */
export function gatherPoints(points: readonly Omit<SeriesPoint, 'name'>[], stepMs: number): Stretch[] {
  const stretches = new Map<number, Stretch>()
  for (const { at, counts, latency } of points) {
    const start = Math.floor(Date.parse(at) / stepMs) * stepMs
    const known = stretches.get(start)
    stretches.set(start, known ? addStretch(known, { counts, latency }) : toStretch(start, { counts, latency }))
  }
  return [...stretches.values()].sort((one, other) => one.at - other.at)
}

/** All of it as one stretch; null when nothing happened. */
export function sumPoints(points: readonly Omit<SeriesPoint, 'name'>[]): Stretch | null {
  return gatherPoints(points, Number.MAX_SAFE_INTEGER)[0] ?? null
}

/** The sum of each channel or route. */
export function sumByName(points: readonly SeriesPoint[]): Map<string, Stretch> {
  const sums = new Map<string, Stretch>()
  for (const { name, counts, latency } of points) {
    const known = sums.get(name ?? '')
    sums.set(name ?? '', known ? addStretch(known, { counts, latency }) : toStretch(0, { counts, latency }))
  }
  return sums
}

type Counted = Pick<Stretch, 'counts' | 'latency'>

function addStretch({ at, ...one }: Stretch, other: Counted): Stretch {
  const latency = one.latency.map((count, bucket) => count + (other.latency[bucket] ?? 0))
  return toStretch(at, { counts: addCounts(one.counts, other.counts), latency })
}

function toStretch(at: number, { counts, latency }: Counted): Stretch {
  return { at, counts, latency, p50_ms: readPercentile(latency, 0.5), p95_ms: readPercentile(latency, 0.95) }
}

function addCounts(one: Stretch['counts'], other: Stretch['counts']): Stretch['counts'] {
  const sum = { ...one }
  for (const measure of Object.keys(sum) as (keyof Stretch['counts'])[]) sum[measure] += other[measure]
  return sum
}
