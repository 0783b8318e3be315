import type { UploadedFile } from './read-upload.js'

const widthMax = 100
const around = 2

/**
 * The lines of a source that an error is about, with a caret under the place, when its words name one as the compiler
 * does: `pager.ts:3:10 …`. Null for a binary module, and for a place that the file does not have.
 */
export function frameSource(words: string, { filename, bytes }: UploadedFile): string | null {
  if (!/\.(?:ts|js)$/.test(filename)) return null
  const place = words
    .split(`${filename}:`)
    .slice(1)
    .map((rest) => /^(\d{1,7}):(\d{1,7})/.exec(rest))
    .find((found) => found !== null)
  if (!place) return null
  const lines = new TextDecoder().decode(bytes).split(/\r\n|\n/)
  const line = Number(place[1])
  if (line < 1 || line > lines.length) return null
  const gutter = String(line + around).length
  const rows = lines.slice(Math.max(0, line - 1 - around), line + around).flatMap((text, index) => {
    const number = Math.max(1, line - around) + index
    const shown = `${number === line ? '>' : ' '} ${String(number).padStart(gutter)} | ${plain(text)}`.trimEnd()
    return number === line ? [shown, `  ${' '.repeat(gutter)} | ${caret(text, Number(place[2]))}`] : [shown]
  })
  return rows.join('\n')
}

/** A line of a minified module may have a megabyte. */
function plain(text: string): string {
  return text
    .replaceAll('\t', '  ')
    .replace(/\p{Cc}/gu, '·')
    .slice(0, widthMax)
}

function caret(text: string, column: number): string {
  const before = text.slice(0, column - 1).replaceAll('\t', '  ').length
  return before < widthMax ? `${' '.repeat(before)}^` : '(further right)'
}
