import { isHeaderLine } from './headers.js'

const boundariesMax = 200
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** Some programs send CR CR LF, which the splitter takes for no line end where a header ends. Linear. */
export function mendLineEnds(body: Buffer): Buffer {
  if (!body.includes('\r\r\n')) return body
  return Buffer.from(body.toString('latin1').replace(/\r{2,9}\n/g, '\r\n'), 'latin1')
}

/**
 * Makes boundary lines (RFC 2046 5.1.1) such as the splitter knows them, and gives the very same bytes when there is
 * nothing to mend. Blanks after a boundary ("transport-padding") and a second CR go: it takes such a line for text, and
 * with it all parts of the mail. Where the blank line below a header is missing, it is put in: else it takes the text
 * of the part for its header. `outermost` is the boundary of the mail itself. Linear.
 */
export function mendBoundaryLines(body: Buffer, outermost: string): Buffer {
  const boundaries = declaredBoundaries(body).add(outermost)
  const kept: Buffer[] = []
  let from = 0
  for (const { start, textEnd, end } of dashLines(body)) {
    const text = body.toString('utf8', start + 2, textEnd)
    const isClosing = text.endsWith('--') && boundaries.has(text.slice(0, -2).trimEnd())
    if (!isClosing && !boundaries.has(text)) continue
    const isPadded = end - textEnd > 2 || (isClosing && / --$/.test(text))
    const gap = isClosing ? -1 : findHeaderGap(body, end)
    if (isPadded) {
      const line = isClosing ? `--${text.slice(0, -2).trimEnd()}--\r\n` : `--${text}\r\n`
      kept.push(body.subarray(from, start), Buffer.from(line))
      from = end
    }
    if (gap >= 0) {
      kept.push(body.subarray(from, gap), Buffer.from('\r\n'))
      from = gap
    }
  }
  return kept.length === 0 ? body : Buffer.concat([...kept, body.subarray(from)])
}

/** Lines `--…`; `textEnd` is before the blanks and the line end, `end` after them. */
function* dashLines(body: Buffer): Generator<{ start: number; textEnd: number; end: number }> {
  let start = body[0] === 0x2d && body[1] === 0x2d ? 0 : nextDashes(body, 0)
  while (start >= 0) {
    const found = body.indexOf(lineFeed, start)
    const end = found < 0 ? body.length : found + 1
    let textEnd = end
    while (textEnd > start + 2 && isBlankOrLineEnd(body[textEnd - 1])) textEnd--
    if (textEnd - start <= lineLengthMax) yield { start, textEnd, end }
    start = nextDashes(body, start)
  }
}

/** Of a boundary with its dashes, as long as they are in practice. */
const lineLengthMax = 1_000

/** Where a blank line is missing below the boundary line that ends at `at`; -1 where the header is as it should be. */
function findHeaderGap(body: Buffer, at: number): number {
  for (let line = at; line < body.length; ) {
    const first = body[line]
    if (first === lineFeed || first === carriageReturn) return -1
    const isFolded = line > at && (first === 0x20 || first === 0x09)
    const text = body.toString('latin1', line, line + 500)
    const found = body.indexOf(lineFeed, line)
    const next = found < 0 ? body.length : found + 1
    if (text.startsWith('--')) return line
    // A line that is no header is a fold that lost its blank, when a header follows it.
    if (!isFolded && !isHeaderLine(text) && !isHeaderLine(body.toString('latin1', next, next + 500))) return line
    line = next
  }
  return -1
}

function nextDashes(body: Buffer, from: number): number {
  const found = body.indexOf('\n--', from)
  return found < 0 ? -1 : found + 1
}

function isBlankOrLineEnd(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09 || byte === carriageReturn || byte === lineFeed
}

function declaredBoundaries(body: Buffer): Set<string> {
  const boundaries = new Set<string>()
  const declared = /boundary\s{0,10}=\s{0,10}(?:"([^"\r\n]{1,200})"|([^\s";]{1,200}))/gi
  for (const [, quoted, plain] of body.toString('latin1').matchAll(declared)) {
    boundaries.add((quoted ?? plain ?? '').trimEnd())
    if (boundaries.size >= boundariesMax) break
  }
  return boundaries
}
