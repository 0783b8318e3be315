import type Database from 'better-sqlite3'
import {
  latencyBoundsMs,
  type RouteHits,
  type SeriesQuery,
  type StatMeasure,
  type StatPoint,
  type StatsStore,
  statMeasures,
  statSteps,
} from '../stats-store.js'
import type { CommitQueue } from './commit-queue.js'

const minutesKeptMs = 48 * 3_600_000
const hoursKeptMs = 90 * 86_400_000
/** A config of ten thousand routes that all match each minute must not fill the disk: above this the oldest go first. */
const rowsMax = 1_000_000
/** As many as a commit of mails that waits behind it does not notice. */
const rowsPerTrim = 500

interface Row {
  at: number
  name: string
  measure: string
  count: number
}

/** Reading counts over time, and keeping them within bounds. */
export function prepareStatSeries(
  database: Database.Database,
  queue: CommitQueue,
): Omit<StatsStore, 'readStats' | 'listActionCalls'> {
  // The driver binds every number as a real one, and only whole numbers divide to whole numbers.
  // A minute is either still a minute or in its hour, never both, so hours are the sum of the two.
  // What the whole gateway delivers is the sum of its channels.
  const select = database.prepare<[Record<string, string | number | null>], Row>(
    `SELECT at / CAST(@step AS INTEGER) * CAST(@step AS INTEGER) AS at, iif(@scope = 'all', '', name) AS name, measure,
       sum(count) AS count
     FROM stat_buckets
     WHERE step IN (60000, 3600000) AND step <= @step AND scope IN (@scope, iif(@scope = 'all', 'channel', @scope))
       AND at >= @from AND at < @to AND (@name IS NULL OR name = @name)
     GROUP BY 1, 2, 3 ORDER BY 1, 2`,
  )
  const rollUp = prepareRollUp(database)
  return {
    readSeries: async ({ from, to, stepMs, scope, name }) => {
      const start = Math.floor(from / stepMs) * stepMs
      return toPoints(select.all({ step: stepMs, scope, from: start, to, name: name ?? null }), scope)
    },
    ...prepareRouteHits(database, queue),
    trimStats: (now) => queue.write(() => rollUp(now)),
  }
}

function toPoints(rows: Row[], scope: SeriesQuery['scope']): StatPoint[] {
  const points: StatPoint[] = []
  let last: { at: number; name: string } | null = null
  for (const { at, name, measure, count } of rows) {
    if (last === null || last.at !== at || last.name !== name) {
      last = { at, name }
      points.push(startPoint(at, scope === 'all' ? null : name))
    }
    const point = points.at(-1)
    if (!point) continue
    const [counted = '', bucket] = measure.split('/')
    if (bucket !== undefined) point.latency[Number(bucket)] = count
    if (isMeasure(counted)) point.counts[counted] += count
  }
  return points
}

function startPoint(at: number, name: string | null): StatPoint {
  const counts = Object.fromEntries(statMeasures.map((measure) => [measure, 0])) as Record<StatMeasure, number>
  return {
    at: new Date(at).toISOString(),
    name,
    counts,
    latency: new Array<number>(latencyBoundsMs.length + 1).fill(0),
  }
}

function isMeasure(text: string): text is StatMeasure {
  return statMeasures.some((measure) => measure === text)
}

/** Old minutes become part of their hour in the transaction that deletes them; at most `rowsPerTrim` rows a call. */
function prepareRollUp(database: Database.Database): (now: number) => number {
  const toHours = database.prepare<[string, number, number]>(
    `INSERT INTO stat_buckets (step, scope, at, name, measure, count)
       SELECT 3600000, scope, at / 3600000 * 3600000, name, measure, sum(count) FROM stat_buckets
       WHERE step = 60000 AND scope = ? AND at >= ? AND at < ? GROUP BY 1, 2, 3, 4, 5
     ON CONFLICT (step, scope, at, name, measure) DO UPDATE SET count = count + excluded.count`,
  )
  const forgetMinutes = database.prepare<[string, number, number]>(
    'DELETE FROM stat_buckets WHERE step = 60000 AND scope = ? AND at >= ? AND at < ?',
  )
  const oldestOf = database.prepare<[number, string], { at: number | null }>(
    'SELECT min(at) AS at FROM stat_buckets WHERE step = ? AND scope = ?',
  )
  const countRows = database.prepare<[], { count: number }>('SELECT count(*) AS count FROM stat_buckets')
  const forgetHours = database.prepare<[{ scope: string; before: number; limit: number }]>(
    `DELETE FROM stat_buckets WHERE step = 3600000 AND scope = @scope AND (at, name, measure) IN
       (SELECT at, name, measure FROM stat_buckets WHERE step = 3600000 AND scope = @scope AND at < @before LIMIT @limit)`,
  )
  // To count is to read the whole table, so it is done once for all the calls until one finds nothing more to do.
  let rows: number | null = null
  return (now) => {
    rows ??= countRows.get()?.count ?? 0
    const isFull = rows > rowsMax
    const minutesBefore = isFull ? now - statSteps.hour : now - minutesKeptMs
    let gone = 0
    for (const scope of ['route', 'action', 'channel', 'all']) {
      // By the minute, so that a call looks at no more than it deletes, and one more minute.
      for (let at = oldestOf.get(statSteps.minute, scope)?.at ?? null; at !== null && gone < rowsPerTrim; ) {
        if (at >= minutesBefore) break
        rows += toHours.run(scope, at, at + statSteps.minute).changes
        gone += forgetMinutes.run(scope, at, at + statSteps.minute).changes
        at = oldestOf.get(statSteps.minute, scope)?.at ?? null
      }
      if (gone < rowsPerTrim)
        gone += forgetHours.run({ scope, before: now - hoursKeptMs, limit: rowsPerTrim - gone }).changes
    }
    if (isFull && gone === 0)
      gone += forgetHours.run({ scope: 'route', before: now - statSteps.day, limit: rowsPerTrim }).changes
    rows = gone === 0 ? null : rows - gone
    return gone
  }
}

interface HitRow {
  route: string
  known_since: number
  last_at: number | null
  last_mails: string
}

function prepareRouteHits(
  database: Database.Database,
  queue: CommitQueue,
): Pick<StatsStore, 'listRouteHits' | 'saveKnownRoutes'> {
  const list = database.prepare<[], HitRow>('SELECT * FROM route_hits ORDER BY route')
  const countHits = database.prepare<[number], { name: string; count: number }>(
    `SELECT name, sum(count) AS count FROM stat_buckets
     WHERE step IN (60000, 3600000) AND scope = 'route' AND at >= ? AND measure = 'routed' GROUP BY name`,
  )
  const know = database.prepare<[string, number]>(
    'INSERT INTO route_hits (route, known_since) VALUES (?, ?) ON CONFLICT (route) DO NOTHING',
  )
  const forget = database.prepare<[string, number]>(
    `DELETE FROM route_hits WHERE route NOT IN (SELECT value FROM json_each(?)) AND coalesce(last_at, 0) < ?`,
  )
  const hitsSince = (from: number) => new Map(countHits.all(from).map(({ name, count }) => [name, count]))
  return {
    async listRouteHits(now): Promise<RouteHits[]> {
      const day = hitsSince(now - statSteps.day)
      const week = hitsSince(now - 7 * statSteps.day)
      return list.all().map(({ route, known_since, last_at, last_mails }) => ({
        route,
        known_since: new Date(known_since).toISOString(),
        last_matched_at: last_at === null ? null : new Date(last_at).toISOString(),
        last_mails: JSON.parse(last_mails) as string[],
        hits_24h: day.get(route) ?? 0,
        hits_7d: week.get(route) ?? 0,
      }))
    },
    saveKnownRoutes: (routes, now) =>
      queue.write(() => {
        for (const route of routes) know.run(route, now)
        forget.run(JSON.stringify(routes), now - hoursKeptMs)
      }),
  }
}
