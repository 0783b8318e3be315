import { decodeUndeclared } from './charset.js'
import { decodeEncodedWords } from './encoded-words.js'

export interface HeaderBlock {
  /** In the order of the mail, names in lower case: 1,000 lines and 256 KB, and what a `Mail` is made of. */
  fields: HeaderField[]
  /** Decoded values by name; safe to index with any name, since it has no prototype. */
  headers: Record<string, string[]>
  /** Where the body begins, or would begin. */
  bodyOffset: number
  /** True when the mail's lines end so oddly, or its header is so absent, that the MIME parser would not find the body. */
  isIrregular: boolean
}

interface HeaderLine {
  name: string
  parts: Buffer[]
  /** Of the folded parts. */
  sizeBytes: number
}

export interface HeaderField {
  name: string
  /** Unfolded and in Unicode, encoded words not yet decoded: addresses must be taken apart before they are. */
  value: string
}

const headerBytesMax = 256 * 1024
const headerLinesMax = 1_000
/** A header that has not ended here is none; the MIME parser gives up at the same size. */
const scanBytesMax = 1024 * 1024
/** Kept however far down they stand: a loop can pile thousands of Received lines on top of them. */
const essential = new Set(['subject', 'from', 'to', 'cc', 'date', 'message-id', 'content-type'])

/**
 * Reads the header of a mail without ever failing (RFC 5322 2.2, and what really arrives): an mbox line on top, names
 * with a blank before the colon, raw 8-bit text, CR CR LF as line end, or no header at all. Lines that are no header
 * are passed over. Linear.
 */
export function readHeaders(raw: Uint8Array): HeaderBlock {
  const bytes = Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
  const lines: HeaderLine[] = []
  const seen = new Set<string>()
  let current: HeaderLine | null = null
  let offset = startsWithMboxLine(bytes) ? endOfLine(bytes, 0) : 0
  const start = offset
  let bodyOffset = offset
  let isIrregular = false

  while (offset < Math.min(bytes.length, scanBytesMax)) {
    const next = endOfLine(bytes, offset)
    const line = withoutLineEnd(bytes.subarray(offset, next))
    if (line.length === 0) {
      bodyOffset = next
      isIrregular = next - offset > 2
      break
    }
    const name = headerName(line)
    if (name !== null) {
      const isWithin = lines.length < headerLinesMax && next - start <= headerBytesMax
      const isWanted = isWithin || (essential.has(name) && !seen.has(name))
      current = isWanted ? { name, parts: [line.subarray(line.indexOf(0x3a) + 1)], sizeBytes: 0 } : null
      if (current) lines.push(current)
      seen.add(name)
    } else if (isBlank(line[0])) {
      if (current && current.sizeBytes <= headerBytesMax) current.parts.push(line)
      if (current) current.sizeBytes += line.length
    } else if (lines.length === 0) {
      return { fields: [], headers: Object.create(null), bodyOffset: start, isIrregular: true }
    }
    offset = next
    bodyOffset = next
  }

  const charset = declaredCharset(lines)
  const fields = lines.map(({ name, parts }) => ({ name, value: unfold(parts, charset) }))
  return { fields, headers: groupByName(fields), bodyOffset, isIrregular }
}

export function firstField(block: HeaderBlock, name: string): string | null {
  return block.fields.find((field) => field.name === name)?.value ?? null
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
function unfold(parts: Buffer[], charset: string | null): string {
  const folded = parts.length === 1 ? parts : parts.flatMap((part) => [part, lineFeed])
  const lines = decodeUndeclared(Buffer.concat(folded), charset).split('\n')
  return lines
    .map((line) => line.trim())
    .filter(Boolean)
    .join(' ')
}

const lineFeed = Buffer.from('\n')

/** Raw 8-bit headers are most often in the charset of the text below them. */
function declaredCharset(lines: HeaderLine[]): string | null {
  const line = lines.find(({ name }) => name === 'content-type')
  if (!line) return null
  const value = Buffer.concat(line.parts).toString('latin1').slice(0, 1_000)
  return /charset\s*=\s*"?([^\s";]+)/i.exec(value)?.[1] ?? null
}

/** RFC 5322 3.6.8 and the obsolete blank before the colon of 4.5.8. */
function headerName(line: Buffer): string | null {
  const colon = line.indexOf(0x3a)
  if (colon < 1 || colon > 200) return null
  const name = line.toString('latin1', 0, colon).trimEnd()
  return /^[!-9;-~]+$/.test(name) ? name.toLowerCase() : null
}

function startsWithMboxLine(bytes: Buffer): boolean {
  return bytes.length > 5 && bytes.toString('latin1', 0, 5) === 'From '
}

function endOfLine(bytes: Buffer, offset: number): number {
  const end = bytes.indexOf(0x0a, offset)
  return end < 0 ? bytes.length : end + 1
}

function withoutLineEnd(line: Buffer): Buffer {
  let end = line.length
  if (end > 0 && line[end - 1] === 0x0a) end--
  while (end > 0 && line[end - 1] === 0x0d) end--
  return line.subarray(0, end)
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09
}
