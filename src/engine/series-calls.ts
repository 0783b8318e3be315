import { ApiError } from '../domain/errors.js'
import { latencyBoundsMs, type StatPoint, type StatScope } from '../store/stats-store.js'
import type { Engine } from './engine.js'

export interface Series {
  from: string
  to: string
  /** Upper ends of the buckets of `latency`, in milliseconds; the last bucket has none. */
  latency_bounds_ms: number[]
  points: SeriesPoint[]
  /** Channels or routes that had least to count and are left out. */
  names_left_out: number
}

export interface SeriesPoint extends StatPoint {
  /** The upper end of the bucket in which half, or 95 of 100, of the alerts had been sent; null without any. */
  p50_ms: number | null
  p95_ms: number | null
}

/** Milliseconds since the epoch; the end is left out. */
export interface SeriesRequest {
  from: number
  to: number
  /** A whole part of an hour, or whole hours: what comes is as much as is asked for, and no more crosses the threads. */
  stepMs: number
  by?: Exclude<StatScope, 'all'>
  /** Only this channel or route. */
  name?: string
}

const stepsMax = 3_000
const stepsByNameMax = 400
const namesMax = 50

/** Counts over time, for plots. Rejects with `ApiError`. */
export function offerSeriesCalls({ store }: Pick<Engine, 'store'>) {
  return {
    async readSeries({ from, to, stepMs, by, name }: SeriesRequest): Promise<Series> {
      const most = by && name === undefined ? stepsByNameMax : stepsMax
      if (!(from < to)) throw new ApiError(400, 'bad_request', 'the series ends before it begins')
      if ((to - from) / stepMs > most) {
        throw new ApiError(400, 'too_many', `at most ${most} points are read`, 'take a longer step, or a shorter time')
      }
      const scope = by ?? 'all'
      const { kept, leftOut } = keepBusiest(
        await store.readSeries({ from, to, stepMs, scope, ...(name !== undefined && { name }) }),
      )
      return {
        from: new Date(from).toISOString(),
        to: new Date(to).toISOString(),
        latency_bounds_ms: [...latencyBoundsMs],
        points: kept.map((point) => ({
          ...point,
          p50_ms: readPercentile(point.latency, 0.5),
          p95_ms: readPercentile(point.latency, 0.95),
        })),
        names_left_out: leftOut,
      }
    },
  }
}

function keepBusiest(points: StatPoint[]): { kept: StatPoint[]; leftOut: number } {
  const totals = new Map<string | null, number>()
  for (const { name, counts } of points) {
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0)
    totals.set(name, (totals.get(name) ?? 0) + total)
  }
  if (totals.size <= namesMax) return { kept: points, leftOut: 0 }
  const busiest = [...totals].sort(([, one], [, other]) => other - one).slice(0, namesMax)
  const names = new Set(busiest.map(([name]) => name))
  return { kept: points.filter(({ name }) => names.has(name)), leftOut: totals.size - namesMax }
}

/** The last bucket has no upper end: what is in it took at least as long as the bound before. */
export function readPercentile(latency: readonly number[], part: number): number | null {
  const total = latency.reduce((sum, count) => sum + count, 0)
  if (total === 0) return null
  let seen = 0
  const bucket = latency.findIndex((count) => {
    seen += count
    return seen >= total * part
  })
  return latencyBoundsMs[Math.min(bucket, latencyBoundsMs.length - 1)] ?? null
}

const columns = ['received', 'rejected', 'routed', 'unrouted', 'failed', 'sent', 'attempts_failed', 'dead'] as const

/** A series as a table: a line a point, for a spreadsheet and for whoever cannot see a plot. CSV of RFC 4180. */
export function writeSeriesTable({ points }: Pick<Series, 'points'>): string {
  const head = ['at', 'name', ...columns, 'p50_ms', 'p95_ms']
  const lines = points.map(({ at, name, counts, p50_ms, p95_ms }) => [
    at,
    name ?? '',
    ...columns.map((measure) => String(counts[measure])),
    p50_ms === null ? '' : String(p50_ms),
    p95_ms === null ? '' : String(p95_ms),
  ])
  return [head, ...lines].map((cells) => `${cells.map(quoteCell).join(',')}\r\n`).join('')
}

/** A cell that begins like a formula would be run as one by spreadsheets. */
function quoteCell(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
}
