import { decodeUndeclared } from './charset.js'
import { decodeEncodedWords } from './encoded-words.js'
import { mimeLimits, valueLimits } from './mime-limits.js'

/** The fields of a header, of the mail itself or of one of its parts. */
export interface FieldBlock {
  /** In the order of the mail, names in lower case: 1,000 lines and 256 KB, and what a `Mail` is made of. */
  fields: HeaderField[]
  /** Where the body begins, or would begin. */
  bodyOffset: number
  /** What is there, read or not. */
  lines: number
  sizeBytes: number
}

export interface HeaderBlock extends FieldBlock {
  /** Decoded values by name; safe to index with any name, since it has no prototype. */
  headers: Record<string, string[]>
}

/** A field as it stands in the mail, one character per byte. */
interface HeaderLine {
  name: string
  parts: string[]
  /** Of the folded parts. */
  sizeBytes: number
}

export interface HeaderField {
  name: string
  /** Unfolded and in Unicode, encoded words not yet decoded: addresses must be taken apart before they are. */
  value: string
}

/** Kept however far down they stand: a loop can pile thousands of Received lines on top of them. */
const essential = new Set(['subject', 'from', 'to', 'cc', 'date', 'message-id', 'content-type'])

/**
 * Reads the header of a mail without ever failing (RFC 5322 2.2, and what really arrives): an mbox line on top, names
 * with a blank before the colon, raw 8-bit text, CR CR LF as line end, or no header at all. A line that is no header
 * is passed over when a header follows it; otherwise the blank line is missing, and the body begins there, as it does at
 * what looks like a boundary. Linear.
 */
export function readHeaders(raw: Uint8Array): HeaderBlock {
  const block = readFields(raw)
  return { ...block, headers: groupByName(block.fields) }
}

/** The same without the values by name, which the header of a part does not need. */
export function readFields(raw: Uint8Array): FieldBlock {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const end = findBlankLine(bytes)
  const head = bytes.toString('latin1', 0, end <= valueLimits.headerScanBytes ? end : lastLineEnd(bytes))
  const start = head.startsWith('From ') ? endOfLine(head, 0) : 0
  const { lines, bodyOffset } = readLines(head, start)
  const charset = declaredCharset(lines)
  const fields = lines.map(({ name, parts }) => ({ name, value: unfold(parts, charset) }))
  const isWhole = bodyOffset < head.length || head.length === end
  const total = isWhole ? bodyOffset : end
  return {
    fields,
    bodyOffset: total,
    lines: total - start > mimeLimits.headerLines ? countLines(bytes, start, total) : lines.length,
    sizeBytes: total - start,
  }
}

function readLines(head: string, start: number): { lines: HeaderLine[]; bodyOffset: number } {
  const lines: HeaderLine[] = []
  const seen = new Set<string>()
  let current: HeaderLine | null = null
  let offset = start
  while (offset < head.length) {
    const next = endOfLine(head, offset)
    const line = withoutLineEnd(head.slice(offset, next))
    if (line === '') return { lines, bodyOffset: next }
    const name = headerName(line)
    if (name !== null) {
      const isWithin = lines.length < mimeLimits.headerLines && next - start <= mimeLimits.headerBytes
      const isWanted = isWithin || (essential.has(name) && !seen.has(name))
      current = isWanted ? { name, parts: [line.slice(line.indexOf(':') + 1)], sizeBytes: 0 } : null
      if (current) lines.push(current)
      seen.add(name)
    } else if (isBlank(line[0])) {
      if (current && current.sizeBytes <= mimeLimits.headerBytes) current.parts.push(line)
      if (current) current.sizeBytes += line.length
    } else if (seen.size === 0 || line.startsWith('--') || !isHeaderNext(head, next))
      return { lines, bodyOffset: offset }
    offset = next
  }
  return { lines, bodyOffset: offset }
}

/** Whether the line at `offset`, or the first below it that is not folded, is a header. */
function isHeaderNext(head: string, offset: number): boolean {
  let at = offset
  for (let folds = 0; folds < foldsMax && isBlank(head[at]); folds++) at = endOfLine(head, at)
  return headerName(head.slice(at, at + 500)) !== null
}

/** Below a line that is no header. */
const foldsMax = 20

/** Just after the first blank line, or the end. */
function findBlankLine(bytes: Buffer): number {
  const ends = ['\n\r\n', '\n\n'].map((end) => [bytes.indexOf(end), end.length] as const)
  return Math.min(bytes.length, ...ends.filter(([at]) => at >= 0).map(([at, length]) => at + length))
}

/** Within the bytes that are looked at; a line that is cut there is none. */
function lastLineEnd(bytes: Buffer): number {
  return bytes.lastIndexOf(0x0a, valueLimits.headerScanBytes - 1) + 1
}

/** Without the blank line that ends them. */
function countLines(bytes: Buffer, from: number, to: number): number {
  let count = 0
  for (let at = bytes.indexOf(0x0a, from); at >= 0 && at < to - 1; at = bytes.indexOf(0x0a, at + 1)) count++
  return count
}

export function firstField(block: Pick<FieldBlock, 'fields'>, name: string): string | null {
  return block.fields.find((field) => field.name === name)?.value ?? null
}

/** How many servers say they have passed this mail on (RFC 5321 4.4). Cheap enough to ask before a mail is stored. */
export function countHops(raw: Uint8Array): number {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const head = bytes.toString('latin1', 0, Math.min(valueLimits.headerScanBytes, findBlankLine(bytes)))
  return head.match(/^received[ \t]{0,200}:/gim)?.length ?? 0
}

/** One line of text for people: no control characters, blanks at the ends gone. */
export function toLine(text: string): string {
  return text.replace(controls, ' ').trim()
}

const controls = /[\p{Cc}\u2028\u2029]+/gu

function groupByName(fields: HeaderField[]): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null)
  for (const { name, value } of fields) {
    // After a structured clone the record has a prototype again, and this one name would reach it.
    if (name === '__proto__') continue
    const values = headers[name]
    const decoded = toLine(decodeEncodedWords(value))
    if (values) values.push(decoded)
    else headers[name] = [decoded]
  }
  return headers
}

/** Folded lines are joined by one blank, however they were indented: a rule's author sees the value on one line. */
function unfold(parts: string[], charset: string | null): string {
  const value = parts.map(trimBlanks).filter(Boolean).join(' ')
  return /[\x80-\xff]/.test(value) ? decodeUndeclared(Buffer.from(value, 'latin1'), charset).trim() : value
}

/** Not `trim`: among bytes, what looks like a no-break space is the second half of an `à`. */
function trimBlanks(line: string): string {
  let start = 0
  let end = line.length
  while (start < end && isBlank(line[start])) start++
  while (end > start && isBlank(line[end - 1])) end--
  return line.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** Raw 8-bit headers are most often in the charset of the text below them. */
function declaredCharset(lines: HeaderLine[]): string | null {
  const line = lines.find(({ name }) => name === 'content-type')
  if (!line) return null
  const value = line.parts.join('').slice(0, 1_000)
  return /charset\s*=\s*"?([^\s";]+)/i.exec(value)?.[1] ?? null
}

/** Whether a line, or the start of one, is a header field. */
export function isHeaderLine(line: string): boolean {
  return headerName(line) !== null
}

/** RFC 5322 3.6.8 and the obsolete blank before the colon of 4.5.8. */
function headerName(line: string): string | null {
  return /^([!-9;-~]{1,200})[ \t]{0,200}:/.exec(line)?.[1]?.toLowerCase() ?? null
}

function endOfLine(head: string, offset: number): number {
  const end = head.indexOf('\n', offset)
  return end < 0 ? head.length : end + 1
}

function withoutLineEnd(line: string): string {
  let end = line.endsWith('\n') ? line.length - 1 : line.length
  while (end > 0 && line[end - 1] === '\r') end--
  return line.slice(0, end)
}
