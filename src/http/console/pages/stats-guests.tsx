import type { ActionCallStats } from '../../../engine/guest-detail-calls.js'
import type { LlmUse } from '../../../engine/llm-use-calls.js'
import { cutText } from '../cut-text.js'
import { Card, EmptyState } from '../elements/card.js'
import { DataTable } from '../elements/data-table.js'
import { Plot } from '../elements/plot.js'
import { describeMs } from '../elements/time.js'

const dayMs = 86_400_000
const rowsMax = 100
const nameMax = 60

/** How often each action or condition was called, how fast it was, and how it failed. */
export function GuestStats({ actions, words }: { actions: ActionCallStats[]; words: string }) {
  const busiest = actions.toSorted((one, other) => other.calls - one.calls).slice(0, rowsMax)
  return (
    <Card title={`Actions and conditions, in ${words}`} actions={<a href="/actions">All actions</a>}>
      {busiest.length === 0 ? (
        <EmptyState title="None was called in this time">
          <p>A route that runs an action, or asks a condition, has it counted here.</p>
        </EmptyState>
      ) : (
        <DataTable
          caption="Calls of actions and conditions"
          columns={[
            {
              title: 'Action',
              look: 'wide',
              cell: ({ action }) => <a href={`/actions/${encodeURIComponent(action)}`}>{cutText(action, nameMax)}</a>,
            },
            { title: 'Calls', look: 'number', cell: ({ calls }) => calls },
            { title: 'Failed', look: 'number', cell: ({ failures }) => sum(failures) },
            { title: 'How', cell: ({ failures }) => <span class="dim">{describeFailures(failures)}</span> },
            {
              title: '95 of 100 within',
              look: 'number',
              cell: ({ p95_ms }) => (p95_ms === null ? '–' : describeMs(p95_ms)),
            },
          ]}
          rows={busiest}
        />
      )}
    </Card>
  )
}

/** What was asked of the LLM each day, beside what may be. */
export function LlmStats({ use: { days, calls_per_day_max: most, model } }: { use: LlmUse }) {
  if (most === null) {
    return (
      <Card title="LLM">
        <EmptyState title="No LLM is set up">
          <p>
            With <code>llm</code> in the config a route may ask one; how often it was asked stands here then.
          </p>
        </EmptyState>
      </Card>
    )
  }
  const marks = days.map(({ day, calls }) => ({ at: Date.parse(`${day}T00:00:00Z`), calls }))
  const from = marks[0]?.at ?? 0
  return (
    <Card title="LLM">
      <p>
        {model}: {days.at(-1)?.calls ?? 0} of {most} calls today. What was asked before, in the same words, is not asked
        again and not counted.
      </p>
      <Plot
        id="plot-llm"
        title="Calls each day (UTC)"
        unit="count"
        from={from}
        to={from + marks.length * dayMs}
        stepMs={dayMs}
        marks={marks}
        lines={[{ label: 'calls', ink: 'accent', value: ({ calls }) => calls }]}
        empty={`Nothing was asked in ${marks.length} days.`}
      />
    </Card>
  )
}

function sum(failures: Record<string, number>): number {
  return Object.values(failures).reduce((total, count) => total + count, 0)
}

function describeFailures(failures: Record<string, number>): string {
  return Object.entries(failures)
    .map(([kind, count]) => `${count} × ${kind}`)
    .join(', ')
}
