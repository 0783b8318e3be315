import { DataTable } from './data-table.js'
import { describeMs } from './time.js'

/** What a plot is drawn with: a colour, and dashes of its own, so that lines can be told apart without the colour. */
const dashes = { accent: '', good: '12 3', warn: '7 4', bad: '2 3', dim: '9 3 2 3' } as const
export type Ink = keyof typeof dashes

export interface PlotLine<Mark> {
  label: string
  ink: Ink
  /** Null where there is nothing to say, which is another thing than 0. */
  value: (mark: Mark) => number | null
}

/** The scripts and styles of a page with plots, for its `PageFrame`. */
export const plotFiles = { scripts: ['uplot.js', 'plots.js'], styles: ['uplot.css', 'plots.css'] }

/**
 * Lines over time. The numbers stand in a table, which is what the plot is drawn from: who has no scripts, or cannot see
 * it, has the same. Marks that are left out count as 0, or as nothing where the unit is `ms`.
 * @param marks in the order of time, `at` in milliseconds since the epoch, each a multiple of `stepMs`
 */
export function Plot<Mark extends { at: number }>({
  id,
  title,
  unit,
  from,
  to,
  stepMs,
  lines,
  marks,
  empty,
}: {
  id: string
  title: string
  unit: 'count' | 'ms'
  from: number
  to: number
  stepMs: number
  lines: PlotLine<Mark>[]
  marks: Mark[]
  /** Said where there is nothing to draw. */
  empty: string
}) {
  const told = marks.filter((mark) => lines.some(({ value }) => (value(mark) ?? 0) !== 0))
  return (
    <figure class="plot" id={id} data-plot={unit} data-from={from} data-to={to} data-step={stepMs}>
      <figcaption>
        <h2>{title}</h2>
        <ul class="plot-lines">
          {lines.map(({ label, ink }) => (
            <li>
              <Sample ink={ink} /> <span data-label>{label}</span> <span class="plot-value" />
            </li>
          ))}
        </ul>
      </figcaption>
      {told.length === 0 ? (
        <p class="dim">{empty}</p>
      ) : (
        <details open data-numbers>
          <summary>The numbers</summary>
          <DataTable
            caption={`${title}, in numbers`}
            columns={[
              { title: 'From', look: 'narrow', cell: ({ at }) => <Moment at={at} /> },
              ...lines.map(({ label, value }) => ({
                title: label,
                look: 'number' as const,
                cell: (mark: Mark) => <Amount amount={value(mark)} unit={unit} />,
              })),
            ]}
            rows={told}
          />
        </details>
      )}
    </figure>
  )
}

function Sample({ ink }: { ink: Ink }) {
  const dash = dashes[ink]
  return (
    <svg class={`plot-sample ink-${ink}`} data-dash={dash} viewBox="0 0 28 4" width="28" height="4" aria-hidden="true">
      <path d="M0 2h28" stroke-dasharray={dash || undefined} />
    </svg>
  )
}

function Moment({ at }: { at: number }) {
  const iso = new Date(at).toISOString()
  return <time datetime={iso}>{iso.slice(0, 16).replace('T', ' ')} UTC</time>
}

function Amount({ amount, unit }: { amount: number | null; unit: 'count' | 'ms' }) {
  if (amount === null) return <span class="dim">–</span>
  return <data value={String(amount)}>{unit === 'count' ? amount : describeMs(amount)}</data>
}
