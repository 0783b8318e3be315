import { cutText, sizeInPage, sliceList } from '../cut-text.js'

const columnsMax = 40
const cellMax = 160
const cellBytes = 12
const bytesMax = 30_000

/** As many rows as a page can hold, at most `rowsMax`. */
export function sliceRows(rows: readonly unknown[][], rowsMax: number): unknown[][] {
  const measure = (row: unknown[]): number =>
    row.slice(0, columnsMax).reduce<number>((sum, value) => sum + cellBytes + sizeInPage(writeCell(value)), 20)
  return sliceList(rows, 0, measure, { bytesMax, countMax: rowsMax }).shown
}

/** Rows of a database; long values are cut. */
export function ResultTable({ caption, columns, rows }: { caption: string; columns: string[]; rows: unknown[][] }) {
  const left = columns.length - columnsMax
  return (
    <>
      <section class="table-scroll result" aria-label={caption} tabindex={0}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {columns.slice(0, columnsMax).map((name) => (
                <th scope="col">{cutText(name, cellMax)}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                {row.slice(0, columnsMax).map((value) => (
                  <td>{value === null ? <span class="dim">NULL</span> : writeCell(value)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {left > 0 ? <p class="dim">{left} more columns are left out here.</p> : null}
    </>
  )
}

function writeCell(value: unknown): string {
  return value === null ? 'NULL' : cutText(String(value), cellMax)
}
