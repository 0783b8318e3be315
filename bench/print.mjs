/** @typedef {Record<string, string | number | null>} Row */

/** Prints rows below their names, figures to the right. A figure that could not be had reads "skipped". */
export function printTable(/** @type {string} */ title, /** @type {Row[]} */ rows) {
  const names = Object.keys(rows[0] ?? {})
  const lines = [names, ...rows.map((row) => names.map((name) => formatCell(row[name] ?? null)))]
  const widths = names.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  console.log(`\n${title}`)
  for (const line of lines) {
    const cells = line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column])))
    console.log(`  ${cells.join('  ')}`)
  }
}

/** @param {string | number | null} cell */
function formatCell(cell) {
  if (cell === null) return 'skipped'
  if (typeof cell === 'string') return cell
  if (Number.isInteger(cell) || Math.abs(cell) >= 100) return Math.round(cell).toLocaleString('en-US')
  return cell.toFixed(Math.abs(cell) < 1 ? 3 : 1)
}

/** The value a share of the values does not exceed, by nearest rank; null of none. */
export function percentile(/** @type {number[]} */ values, /** @type {number} */ share) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null
}

/** A divided by b, or null when one is missing. */
export function ratio(/** @type {number | null} */ a, /** @type {number | null} */ b) {
  return a === null || b === null || b === 0 ? null : a / b
}
