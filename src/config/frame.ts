import { type Place, positionAt, type SourceFile } from './source.js'

const widthMax = 100
const tabWidth = 2

/**
 * The line of a place with its neighbours and a caret under it. Tabs are widened, long lines cut to a window around
 * the place, control characters shown as dots (a config must not drive the reader's terminal), and what stands behind
 * a key that sounds secret is masked.
 */
export function renderFrame(place: Place, secretKeys: SecretKeys): string {
  const { line, column } = positionAt(place.file, place.start)
  const target = lineText(place.file, line)
  const marked = Math.max(1, Math.min(place.end, place.start + target.length - column + 1) - place.start)
  const before = widen(target.slice(0, column - 1)).length
  const length = Math.max(1, widen(target.slice(column - 1, column - 1 + marked)).length)
  const windowStart = windowStartFor(before, length, widen(target).length)
  const numberWidth = String(line + 1).length

  const rows: string[] = []
  for (const number of [line - 1, line, line + 1]) {
    if (number < 1 || number > place.file.lineStarts.length) continue
    const text = cut(widen(mask(lineText(place.file, number), secretKeys)), number === line ? windowStart : 0)
    if (number > line && text.trim() === '') continue
    rows.push(`${number === line ? '>' : ' '} ${String(number).padStart(numberWidth)} | ${text}`.trimEnd())
    if (number === line) {
      const indent = before - windowStart + (windowStart > 0 ? 1 : 0)
      const carets = Math.min(length, widthMax - (before - windowStart))
      rows.push(`  ${' '.repeat(numberWidth)} | ${' '.repeat(indent)}${'^'.repeat(Math.max(1, carets))}`)
    }
  }
  return rows.join('\n')
}

/** Patterns of keys whose values nobody must see: to mask them in a line, and to know that a place is behind one. */
export interface SecretKeys {
  value: RegExp
  before: RegExp
  /** A key with the whole of its value, as far as that stands on the same line and is no list or map. */
  rest: RegExp
}

/** The usual words, and the secret settings of the channel kinds (dotted names). */
export function secretKeysOf(names: Iterable<string>): SecretKeys {
  const words = new Set(['password', 'secret', 'token', 'api_key', 'authorization', 'webhook_url'])
  for (const name of names) words.add(name.split('.').at(-1) ?? name)
  const key = `(?:${[...words].map((word) => word.replace(/[^\w]/g, '\\$&')).join('|')})["']?\\s*:`
  return {
    value: new RegExp(`(${key}\\s+)("[^"]*"?|'[^']*'?|[^\\s,}\\]]+)`, 'giu'),
    before: new RegExp(`${key}[^,}]*$`, 'iu'),
    rest: new RegExp(`(${key}[ \\t]+)("[^"\\n]*"|'[^'\\n]*'|[^\\s{[|>&*!,}\\]#][^\\n,}\\]#]*)`, 'giu'),
  }
}

/** True when a place is what a secret key holds, as far as its line tells. */
export function isBehindSecretKey(place: Place, secretKeys: SecretKeys): boolean {
  const { line, column } = positionAt(place.file, place.start)
  return secretKeys.before.test(lineText(place.file, line).slice(0, column - 1))
}

function lineText(file: SourceFile, line: number): string {
  const start = file.lineStarts[line - 1] ?? file.text.length
  const end = (file.lineStarts[line] ?? file.text.length + 1) - 1
  return file.text.slice(start, Math.min(end, start + 10_000)).replace(/\r$/, '')
}

/** The length stays, so that the caret does. A value that only names a variable is no secret. */
function mask(text: string, secretKeys: SecretKeys): string {
  return text.replace(secretKeys.value, (whole, key: string, value: string) =>
    /^["']?[^"']*\$\{/.test(value) ? whole : key + '•'.repeat(value.length),
  )
}

function widen(text: string): string {
  return text.replaceAll('\t', ' '.repeat(tabWidth)).replace(/\p{Cc}|[\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, '·')
}

function windowStartFor(before: number, length: number, total: number): number {
  if (total <= widthMax) return 0
  const wanted = before - Math.max(10, Math.floor((widthMax - Math.min(length, widthMax)) / 2))
  return Math.max(0, Math.min(wanted, total - widthMax))
}

function cut(text: string, start: number): string {
  const end = start + widthMax
  return `${start > 0 ? '…' : ''}${text.slice(start, end)}${text.length > end ? '…' : ''}`
}
