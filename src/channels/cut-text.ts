import type { ChannelCapabilities } from '../domain/channel.js'

/** Segments are a length of whole texts only; `dialects/sms.ts` cuts by them. */
export type TextUnit = Exclude<ChannelCapabilities['textUnit'], 'sms_segments'>

/** The length as the vendor counts it. */
export function measureText(text: string, unit: TextUnit): number {
  if (unit === 'utf16') return text.length
  if (unit === 'bytes') return Buffer.byteLength(text, 'utf8')
  let count = 0
  for (const _ of text) count++
  return count
}

/** The text, or as much of it as fits into `max` units together with the "…" at its end. */
export function cutText(text: string, max: number, unit: TextUnit): string {
  if (fits(text, max, unit)) return text
  const room = max - measureText('…', unit)
  return room < 0 ? '' : `${takeText(text, room, unit).head.trimEnd()}…`
}

/**
 * Divides a text so that `head` has at most `max` units. The cut goes, in this order, between paragraphs, lines, words,
 * what a reader sees as one character, and code points, as long as that leaves at least half of the room in use. The
 * white space at the cut goes to neither side.
 */
export function takeText(text: string, max: number, unit: TextUnit): { head: string; rest: string } {
  const end = offsetOf(text, max, unit)
  if (end >= text.length) return { head: text, rest: '' }
  const earliest = Math.floor(end / 2)
  for (const separator of ['\n\n', '\n', ' ']) {
    const at = text.lastIndexOf(separator, end)
    if (at > earliest) return { head: text.slice(0, at).trimEnd(), rest: text.slice(at).trimStart() }
  }
  const at = characterBoundary(text, end)
  return { head: text.slice(0, at), rest: text.slice(at) }
}

/**
 * Lays a text out over `pagesMin` to `pagesMax` pages of `max` units. `first` units of the first page and `last` units
 * of the last one are taken by others; every further page gives up `marker` units. What does not fit ends with "…". Of
 * more pages than the text needs, the last ones are empty.
 */
export function splitPages(
  text: string,
  page: {
    max: number
    unit: TextUnit
    pagesMin: number
    pagesMax: number
    first: number
    last: number
    marker: number
  },
): string[] {
  const pages: string[] = []
  let rest = text
  for (let number = 1; number < page.pagesMax; number++) {
    const room = page.max - (number === 1 ? page.first : page.marker)
    if (number >= page.pagesMin && fits(rest, room - page.last, page.unit)) return [...pages, rest]
    const taken = takeText(rest, room, page.unit)
    pages.push(taken.head)
    rest = taken.rest
  }
  const room = page.max - page.last - (page.pagesMax === 1 ? page.first : page.marker)
  return [...pages, cutText(rest, room, page.unit)]
}

function fits(text: string, max: number, unit: TextUnit): boolean {
  // No unit counts more than three for one UTF-16 unit, so most texts need no walk.
  if (text.length * (unit === 'bytes' ? 3 : 1) <= max) return true
  return max >= 0 && offsetOf(text, max, unit) >= text.length
}

/** The UTF-16 offset where `max` units end, never inside a surrogate pair. Looks no further than `max` units. */
function offsetOf(text: string, max: number, unit: TextUnit): number {
  let offset = 0
  let used = 0
  while (offset < text.length) {
    const codePoint = text.codePointAt(offset) ?? 0
    const width = codePoint > 0xffff ? 2 : 1
    used += unit === 'code_points' ? 1 : unit === 'utf16' ? width : utf8Length(codePoint)
    if (used > max) break
    offset += width
  }
  return offset
}

function utf8Length(codePoint: number): number {
  if (codePoint < 0x80) return 1
  if (codePoint < 0x800) return 2
  return codePoint < 0x10000 ? 3 : 4
}

const graphemeMax = 64

/**
 * The last boundary between graphemes at or before `offset`, looking only at the text around it. A pile of combining
 * marks longer than that is no character anybody reads; it is cut where asked.
 */
function characterBoundary(text: string, offset: number): number {
  const from = Math.max(0, offset - graphemeMax)
  const start = isInsidePair(text, from) ? from + 1 : from
  const around = text.slice(start, offset + graphemeMax)
  const segment = new Intl.Segmenter('en', { granularity: 'grapheme' }).segment(around).containing(offset - start)
  const boundary = start + (segment?.index ?? offset - start)
  return boundary > start ? boundary : offset
}

function isInsidePair(text: string, offset: number): boolean {
  return /^[\ud800-\udbff][\udc00-\udfff]$/.test(text.slice(offset - 1, offset + 1))
}
