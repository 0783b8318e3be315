import type { SeriesPoint } from '../../../engine/series-calls.js'
import { cutText } from '../cut-text.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { type Ink, Plot } from '../elements/plot.js'
import { describeMs } from '../elements/time.js'
import { sumByName, type Totals } from '../series-marks.js'
import { percent } from './overview-tiles.js'

/** More lines in one plot are not told apart. */
const inks: Ink[] = ['accent', 'warn', 'good', 'bad']
const nameMax = 60

const words = {
  channel: { title: 'Sent, by channel', measure: 'sent', href: '/channels/', noun: 'channel' },
  route: { title: 'Mails matched, by route', measure: 'routed', href: '/routes/', noun: 'route' },
} as const

type NamedMark = { at: number; values: Map<string, Totals> }

/** The busiest as lines, and all of them in a table. */
export function NamedStats({
  by,
  points,
  time,
  leftOut,
}: {
  by: 'channel' | 'route'
  points: SeriesPoint[]
  time: { from: number; to: number; stepMs: number }
  leftOut: number
}) {
  const { title, measure, noun } = words[by]
  const rows = [...sumByName(points)].sort(([, one], [, other]) => other.counts[measure] - one.counts[measure])
  if (rows.length === 0) {
    return (
      <EmptyState title="Nothing was counted in this time">
        <p>
          What each {noun} did stands here as soon as mails come in. <a href="/">The overview</a> shows how.
        </p>
      </EmptyState>
    )
  }
  const shown = rows.slice(0, inks.length).map(([name]) => name)
  return (
    <>
      <Plot
        {...time}
        id={`plot-${by}`}
        title={title}
        unit="count"
        empty="Nothing was counted in this time."
        marks={gatherByName(points, new Set(shown))}
        lines={shown.map((name, index) => ({
          label: cutText(name, nameMax),
          ink: inks[index] ?? 'dim',
          value: ({ values }: NamedMark) => values.get(name)?.counts[measure] ?? 0,
        }))}
      />
      <Card title={`All of them`}>
        <NameTable by={by} rows={rows} />
        {leftOut > 0 ? (
          <p class="hint">{leftOut} more had less to count. The CSV of one by its name: /api/v1/stats/series.csv.</p>
        ) : null}
      </Card>
    </>
  )
}

function NameTable({ by, rows }: { by: 'channel' | 'route'; rows: [string, Totals][] }) {
  const { href, noun } = words[by]
  const number = (title: string, read: (totals: Totals) => number | string) => ({
    title,
    look: 'number' as const,
    cell: ([, totals]: [string, Totals]) => read(totals),
  })
  const shown = (ms: number | null) => (ms === null ? '–' : describeMs(ms))
  return (
    <DataTable
      caption={`What each ${noun} did`}
      columns={[
        {
          title: noun === 'route' ? 'Route' : 'Channel',
          look: 'wide',
          cell: ([name]) => <a href={`${href}${encodeURIComponent(name)}`}>{cutText(name, nameMax)}</a>,
        },
        ...(by === 'route' ? [number('Mails', ({ counts }) => counts.routed)] : []),
        number('Sent', ({ counts }) => counts.sent),
        number('Failed attempts', ({ counts }) => counts.attempts_failed),
        number('Success', ({ counts }) => describeShare(counts.sent, counts.attempts_failed)),
        number('Dead letters', ({ counts }) => counts.dead),
        number('Half within', ({ p50_ms }) => shown(p50_ms)),
        number('95 of 100 within', ({ p95_ms }) => shown(p95_ms)),
      ]}
      rows={rows}
    />
  )
}

function describeShare(sent: number, failed: number): string {
  return sent + failed === 0 ? '–' : percent(sent, sent + failed)
}

/** The points come in the order of time, so the marks do. */
function gatherByName(points: SeriesPoint[], names: ReadonlySet<string>): NamedMark[] {
  const marks = new Map<string, NamedMark>()
  for (const { at, name, ...totals } of points) {
    if (name === null || !names.has(name)) continue
    const mark = marks.get(at) ?? { at: Date.parse(at), values: new Map() }
    marks.set(at, mark)
    mark.values.set(name, totals)
  }
  return [...marks.values()]
}
