import { readFields } from './headers.js'
import { mimeLimits, type Overrun, valueLimits } from './mime-limits.js'
import { boundaryOf, describePart, type MimePart } from './mime-part.js'

/** What is counted over one mail and everything that is read within it. */
export interface MimeReading {
  parts: number
  overruns: Overrun[]
}

/** Beyond the limit parts are counted, to say how many there are, up to here. */
const partsCountedMax = 1_000_000

/**
 * Finds the parts of a mail (RFC 2046 5.1) in one pass over its lines: every line `--boundary` of any multipart that is
 * open ends what is below it, so a boundary that is missing loses nothing of the parts around it. Blanks may follow a
 * boundary. An attached mail stays whole: its parts are not parts of this mail. Never fails; what goes beyond a limit
 * is said in `reading`, and everything up to there is in the tree.
 */
export function readMimeTree(raw: Buffer, root: MimePart, bodyOffset: number, reading: MimeReading): MimePart {
  const open = new OpenMultiparts()
  let current: MimePart | null = root
  let contentStart = bodyOffset
  let at = bodyOffset
  reading.parts++
  open.enter(root, mimeLimits.depth)

  while (open.depth > 0 && reading.parts < partsCountedMax) {
    const line = open.findDelimiter(raw, at)
    if (line === null) break
    if (current) current.content = raw.subarray(contentStart, withoutLineEnd(raw, contentStart, line.start))
    current = null
    at = line.end
    const parent = open.leaveTo(line.boundary, line.isClosing)
    if (parent) parent.isDelimited = true
    if (line.isClosing || parent === undefined || ++reading.parts > mimeLimits.parts) continue
    const header = raw.subarray(at, open.findHeaderEnd(raw, at))
    const { fields, bodyOffset: headerBytes } = readFields(header)
    current = describePart(fields, parent.type === 'multipart/digest' ? 'message/rfc822' : 'text/plain')
    parent.parts.push(current)
    at += headerBytes
    contentStart = at
    open.enter(current, mimeLimits.depth)
  }
  if (current) current.content = raw.subarray(contentStart)
  if (reading.parts > mimeLimits.parts) reading.overruns.push({ limit: 'parts', found: reading.parts })
  if (open.deepest > mimeLimits.depth) reading.overruns.push({ limit: 'depth', found: open.deepest })
  return root
}

interface DelimiterLine {
  boundary: string
  isClosing: boolean
  start: number
  /** After its line end. */
  end: number
}

/** The multiparts around the place where the reader stands, outermost first. One boundary may be open several times. */
class OpenMultiparts {
  readonly #stack: { boundary: string; part: MimePart }[] = []
  /** Where in the stack a boundary stands, innermost last, so that no line is compared with every level. */
  readonly #places = new Map<string, number[]>()
  deepest = 0

  get depth(): number {
    return this.#stack.length
  }

  /** Beyond `depthMax` the parts of a multipart are still told apart, but go into the last one that may have some. */
  enter(part: MimePart, depthMax: number): void {
    const boundary = boundaryOf(part)
    if (boundary === null) return
    const places = this.#places.get(boundary) ?? []
    this.#places.set(boundary, [...places, this.#stack.length])
    const holder = this.#stack.length < depthMax ? part : (this.#stack.at(-1)?.part ?? part)
    this.#stack.push({ boundary, part: holder })
    this.deepest = Math.max(this.deepest, this.#stack.length)
  }

  /** Ends what is open below the innermost multipart of this boundary, and that one, too, if it closes. */
  leaveTo(boundary: string, isClosing: boolean): MimePart | undefined {
    const place = this.#places.get(boundary)?.at(-1) ?? 0
    const part = this.#stack[place]?.part
    for (const left of this.#stack.splice(isClosing ? place : place + 1)) {
      const places = this.#places.get(left.boundary) ?? []
      if (places.length > 1) places.pop()
      else this.#places.delete(left.boundary)
    }
    return part
  }

  /** The next line at or after `from`, the start of a line, that is a boundary of an open multipart. */
  findDelimiter(raw: Buffer, from: number): DelimiterLine | null {
    let start = startsWithDashes(raw, from) ? from : nextDashes(raw, from)
    while (start >= 0) {
      const line = this.#matchLine(raw, start)
      if (line) return line
      start = nextDashes(raw, start)
    }
    return null
  }

  /** The header of a part ends with its blank line, and at a boundary even without one. */
  findHeaderEnd(raw: Buffer, from: number): number {
    const scanMax = Math.min(raw.length, from + valueLimits.headerScanBytes)
    for (let at = from; at < scanMax; ) {
      if (startsWithDashes(raw, at) && this.#matchLine(raw, at)) return at
      const lineFeed = raw.indexOf(0x0a, at)
      const next = lineFeed < 0 ? raw.length : lineFeed + 1
      if (withoutLineEnd(raw, at, next) === at) return next
      at = next
    }
    return scanMax
  }

  #matchLine(raw: Buffer, start: number): DelimiterLine | null {
    const end = endOfShortLine(raw, start)
    if (end === null) return null
    let textEnd = end
    while (textEnd > start + 2 && isBlankOrLineEnd(raw[textEnd - 1])) textEnd--
    if (textEnd === start + 2) return null
    const text = raw.toString('utf8', start + 2, textEnd)
    if (this.#places.has(text)) return { boundary: text, isClosing: false, start, end }
    const closed = text.endsWith('--') ? text.slice(0, -2).trimEnd() : ''
    return this.#places.has(closed) ? { boundary: closed, isClosing: true, start, end } : null
  }
}

/** Longer than any boundary in UTF-8 with blanks behind it. */
const delimiterBytesMax = valueLimits.boundaryLength * 4

/** After its line end; null for a line that is too long. Byte by byte, since a mail may have millions of short ones. */
function endOfShortLine(raw: Buffer, start: number): number | null {
  const max = Math.min(raw.length, start + delimiterBytesMax)
  for (let at = start; at < max; at++) if (raw[at] === 0x0a) return at + 1
  return max === raw.length ? max : null
}

function startsWithDashes(raw: Buffer, at: number): boolean {
  return raw[at] === 0x2d && raw[at + 1] === 0x2d
}

/** The start of the next line that begins so, after `from`; -1 where there is none. */
function nextDashes(raw: Buffer, from: number): number {
  for (let at = from; at < raw.length; at++) if (raw[at] === 0x0a && startsWithDashes(raw, at + 1)) return at + 1
  return -1
}

/** The line end before a boundary belongs to the boundary. CR CR LF is one, too. */
function withoutLineEnd(raw: Buffer, from: number, to: number): number {
  let end = to
  if (end > from && raw[end - 1] === 0x0a) end--
  while (end > from && end < to && raw[end - 1] === 0x0d) end--
  return end
}

function isBlankOrLineEnd(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a
}
