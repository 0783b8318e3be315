import type { Child } from 'hono/jsx'

export interface Column<Row> {
  title: string
  cell: (row: Row) => Child
  /** `number` aligns right, `wide` takes what is left, `narrow` is not wrapped. */
  look?: 'number' | 'wide' | 'narrow'
}

/**
 * Rows under headings, in a region that scrolls by itself on narrow screens. `caption` names the table for those who
 * cannot see where it stands. `href` makes the row's first link the target of the keyboard (`j`, `k`, `o`).
 */
export function DataTable<Row>({
  caption,
  columns,
  rows,
  id,
}: {
  caption: string
  columns: Column<Row>[]
  rows: Row[]
  id?: string
}) {
  return (
    <section class="table-scroll" aria-label={caption} tabindex={0} id={id}>
      <table>
        <caption class="hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ title, look }) => (
              <th scope="col" class={look}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr>
              {columns.map(({ cell, look }) => (
                <td class={look}>{cell(row)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
