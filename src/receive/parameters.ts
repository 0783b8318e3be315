import { decodeText } from './charset.js'
import { decodeEncodedWords } from './encoded-words.js'
import { valueLimits } from './mime-limits.js'

export interface ParameterHeader {
  /** What stands before the first semicolon, in lower case: `text/plain`, `attachment`. */
  value: string
  /** Decoded, by name in lower case. */
  parameters: Map<string, string>
}

/**
 * Reads a header with parameters, as Content-Type and Content-Disposition are: quoted and plain values, continuations,
 * charsets and percents (RFC 2231), encoded words, which RFC 2047 forbids here and many programs write, and what is
 * merely broken: a missing semicolon or quote, blanks and brackets in a value without quotes. Linear.
 */
export function parseParameterHeader(header: string): ParameterHeader {
  const text = header.slice(0, valueLimits.parameterHeaderLength)
  const [value] = /^[^\s;]*/.exec(text.trimStart()) ?? ['']
  const start = text.length - text.trimStart().length + value.length
  const pieces: Piece[] = []
  for (const segment of splitSegments(text.slice(start))) {
    if (pieces.length >= valueLimits.parameters) break
    const piece = toPiece(segment)
    if (piece) pieces.push(piece)
  }
  return { value: value.toLowerCase(), parameters: joinPieces(pieces) }
}

/** One parameter, or one part of a continued one: `filename*1*=…` has the index 1 and is encoded. */
interface Piece {
  name: string
  index: number | null
  isEncoded: boolean
  value: string
}

/** At semicolons outside quotes. A quote that is never closed ends with the header. */
function* splitSegments(text: string): Generator<string> {
  let start = 0
  let isQuoted = false
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '\\' && isQuoted) at++
    else if (character === '"') isQuoted = !isQuoted
    else if (character === ';' && !isQuoted) {
      yield text.slice(start, at)
      start = at + 1
    }
  }
  yield text.slice(start)
}

function toPiece(segment: string): Piece | null {
  const equals = segment.indexOf('=')
  if (equals < 0) return null
  const [, name, index, star] = /^([^\s*=]{1,100})(?:\*(\d{1,4}))?(\*)?$/.exec(segment.slice(0, equals).trim()) ?? []
  if (name === undefined) return null
  return {
    name: name.toLowerCase(),
    index: index === undefined ? null : Number(index),
    isEncoded: star !== undefined,
    value: unquote(segment.slice(equals + 1).trim()),
  }
}

/** Backslashes before anything but a quote or a backslash are kept: Windows paths come without being escaped. */
function unquote(value: string): string {
  if (!value.startsWith('"')) return value
  let text = ''
  for (let at = 1; at < value.length && value[at] !== '"'; at++) {
    if (value[at] === '\\' && (value[at + 1] === '"' || value[at + 1] === '\\')) at++
    text += value[at]
  }
  return text
}

/** A parameter that is said twice counts as it was said first, and the encoded form before the plain one. */
function joinPieces(pieces: Piece[]): Map<string, string> {
  const whole = new Map<string, string>()
  const continued = new Map<string, Piece[]>()
  for (const piece of pieces) {
    if (piece.index === null && !piece.isEncoded) {
      if (!whole.has(piece.name)) whole.set(piece.name, decodeEncodedWords(piece.value))
    } else continued.set(piece.name, [...(continued.get(piece.name) ?? []), piece])
  }
  for (const [name, parts] of continued) whole.set(name, decodeContinued(parts))
  return whole
}

/** RFC 2231 3 and 4: the first part names the charset, and only the parts that are marked so have percents. */
function decodeContinued(parts: Piece[]): string {
  const inOrder = parts.toSorted((a, b) => (a.index ?? 0) - (b.index ?? 0))
  const [, charset] = inOrder[0]?.isEncoded ? (/^([^']{0,60})'[^']{0,60}'/.exec(inOrder[0].value) ?? []) : []
  const bytes = inOrder.map(({ value, isEncoded }, position) => {
    if (!isEncoded) return Buffer.from(value)
    return percentBytes(position === 0 && charset !== undefined ? value.replace(/^[^']*'[^']*'/, '') : value)
  })
  const text = decodeText(Buffer.concat(bytes), charset || null)
  return decodeEncodedWords(text)
}

function percentBytes(value: string): Buffer {
  const pieces = value
    .split(/(%[0-9a-f]{2})/i)
    .map((piece) =>
      /^%[0-9a-f]{2}$/i.test(piece) ? Buffer.from([Number.parseInt(piece.slice(1), 16)]) : Buffer.from(piece),
    )
  return Buffer.concat(pieces)
}
