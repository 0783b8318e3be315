import type { RoutingOutcome } from '../../../engine/compare-outcomes.js'
import { cutText } from '../cut-text.js'
import { DataTable } from './data-table.js'

const listMax = 4
const nameLengthMax = 80

/** A mail under two configs, or before and after. */
export interface Difference {
  /** Null for a mail that is not kept. */
  id: string | null
  subject: string
  /** Null for one that had not been routed. */
  before: RoutingOutcome | null
  after: RoutingOutcome
}

/** What comes out otherwise, mail by mail: only what differs is written. */
export function DifferenceTable({
  differences,
  caption = 'What would change',
}: {
  differences: Difference[]
  /** Where a page has two of them. */
  caption?: string
}) {
  return (
    <div class="differences">
      <DataTable
        caption={caption}
        rows={differences}
        columns={[
          {
            title: 'Mail',
            look: 'wide',
            cell: ({ id, subject }) => {
              const shown = cutText(subject, nameLengthMax * 2) || '(no subject)'
              return id === null ? shown : <a href={`/mails/${id}`}>{shown}</a>
            },
          },
          {
            title: 'State',
            look: 'narrow',
            cell: ({ before, after }) => <Changed before={before ? [before.outcome] : []} after={[after.outcome]} />,
          },
          {
            title: 'Routes',
            cell: ({ before, after }) => <Changed before={before?.routes ?? []} after={after.routes} />,
          },
          {
            title: 'Deliveries',
            cell: ({ before, after }) => <Changed before={before?.deliveries ?? []} after={after.deliveries} />,
          },
        ]}
      />
    </div>
  )
}

function Changed({ before, after }: { before: string[]; after: string[] }) {
  const gone = before.filter((name) => !after.includes(name))
  const come = after.filter((name) => !before.includes(name))
  if (gone.length === 0 && come.length === 0) {
    return (
      <span class="dim">
        {after.length === 0 ? 'none, as before' : cutText(`${after[0]}, as before`, nameLengthMax)}
      </span>
    )
  }
  return (
    <>
      {gone.slice(0, listMax).map((name) => (
        <del>
          <span class="hidden">no longer </span>− {cutText(name, nameLengthMax)}
        </del>
      ))}
      <Omitted count={gone.length - listMax} />
      {come.slice(0, listMax).map((name) => (
        <ins>
          <span class="hidden">now </span>+ {cutText(name, nameLengthMax)}
        </ins>
      ))}
      <Omitted count={come.length - listMax} />
    </>
  )
}

function Omitted({ count }: { count: number }) {
  return count > 0 ? <span class="dim">and {count} more</span> : null
}
