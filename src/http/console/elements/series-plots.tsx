import { type Mark, type RangeName, timeRanges } from '../series-marks.js'
import { Plot } from './plot.js'

/** What the gateway did over time: how much, how fast, and what went wrong. */
export function SeriesPlots({ from, to, stepMs, marks }: { from: number; to: number; stepMs: number; marks: Mark[] }) {
  const time = { from, to, stepMs, marks }
  return (
    <div class="plots">
      <Plot
        {...time}
        id="plot-throughput"
        title="Throughput"
        unit="count"
        empty="No mail came and nothing was sent in this time."
        lines={[
          { label: 'mails received', ink: 'accent', value: ({ counts }) => counts.received },
          { label: 'alerts sent', ink: 'dim', value: ({ counts }) => counts.sent },
        ]}
      />
      <Plot
        {...time}
        id="plot-latency"
        title="From receipt to sent"
        unit="ms"
        empty="Nothing was sent in this time."
        lines={[
          { label: 'half within', ink: 'good', value: ({ p50_ms }) => p50_ms },
          { label: '95 of 100 within', ink: 'warn', value: ({ p95_ms }) => p95_ms },
        ]}
      />
      <Plot
        {...time}
        id="plot-failures"
        title="What went wrong"
        unit="count"
        empty="Nothing went wrong in this time."
        lines={[
          { label: 'failed attempts', ink: 'warn', value: ({ counts }) => counts.attempts_failed },
          { label: 'dead letters', ink: 'bad', value: ({ counts }) => counts.dead },
          { label: 'unrouted', ink: 'dim', value: ({ counts }) => counts.unrouted },
          { label: 'reached nobody', ink: 'accent', value: ({ counts }) => counts.failed },
        ]}
      />
    </div>
  )
}

/** How far back the page looks; the other words of its address stay. */
export function RangePicker({ url, current, ranges }: { url: URL; current: RangeName; ranges: readonly RangeName[] }) {
  return (
    <nav class="chips ranges" aria-label="Time">
      {ranges.map((id) => {
        const search = new URLSearchParams(url.searchParams)
        search.set('range', id)
        return (
          <a href={`${url.pathname}?${search}`} aria-current={id === current ? 'true' : undefined}>
            {timeRanges[id].label}
          </a>
        )
      })}
    </nav>
  )
}
