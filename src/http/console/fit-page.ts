import type { Page } from '../../store/store.js'
import { sizeInPage, sliceList } from './cut-text.js'

const rowBytesMax = 40_000
/** What a row of a table takes beside its texts: cells, badges, a link, a time. */
const rowFrameBytes = 850

/** As many rows of a page as fit into a page of 60 KB, by the texts they show; the cursor then follows the last of them. */
export function fitPage<Row extends { id: string }>(
  page: Page<Row>,
  textsOf: (row: Row) => (string | null)[],
): Page<Row> {
  const measure = (row: Row): number =>
    textsOf(row).reduce((bytes, text) => bytes + sizeInPage(text ?? ''), rowFrameBytes)
  const { shown, next } = sliceList(page.items, 0, measure, { bytesMax: rowBytesMax })
  return next === null ? page : { items: shown, next_cursor: shown.at(-1)?.id ?? null }
}
