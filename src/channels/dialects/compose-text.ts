import { isVisible } from '../clean-text.js'
import { measureText, type TextUnit, takeText } from '../cut-text.js'
import type { Outline } from '../outline-message.js'
import { splitUrls } from './split-urls.js'

/** How a dialect writes the parts of a message. Each is given plain text, and gives markup that shows just that. */
export interface TextWriter {
  text: (text: string) => string
  bold: (text: string) => string
  italic: (text: string) => string
  link: (label: string, url: string) => string
  /** A URL in the midst of text. Left out, it is text like any other. */
  url?: (url: string) => string
}

export interface TextRoom {
  /** The vendor's limit, for the markup. */
  max: number
  unit: TextUnit
  /** Only the last note and the first link: what a message keeps, however short it has to be. */
  short?: boolean
  /** False when the vendor shows the title elsewhere. */
  titled?: boolean
}

/**
 * A message as one text of at most `max` units: title, text, notes, attachments, links, foot. Whatever is cut is cut
 * before it becomes markup, so that nothing of the markup can be. The text gives way first, but to no more than half of
 * the room; then the lines under it do, one by one. Notes and the first link stay longest.
 */
export function composeText(outline: Outline, writer: TextWriter, room: TextRoom): string {
  const { max, unit } = room
  const measure = (markup: string): number => measureText(markup, unit)
  const title = room.titled === false ? '' : takeTitle(outline, writer, Math.floor(max / 3), unit)
  const separators = 4
  const free = max - measure(title) - separators
  const render = (part: string): string => writeText(part, writer)
  const atLeast = measure(renderCut(outline.text, Math.floor(free / 2), unit, render))
  const tail = keepFitting(tailLines(outline, writer, room.short === true), free - atLeast, measure)
  const text = renderCut(outline.text, free - measure(tail), unit, render)
  const composed = [title, text, tail].filter((part) => part !== '').join('\n\n')
  // What gives only a title elsewhere still has to say something here.
  return composed === '' ? takeTitle(outline, writer, max, unit) : composed
}

/** As much of the text as has at most `max` units once it is rendered, with "…" at the end when that is not all. */
export function renderCut(text: string, max: number, unit: TextUnit, render: (part: string) => string): string {
  const whole = takeRendered(text, max, unit, render)
  if (whole.rest === '') return isVisible(whole.markup) ? whole.markup : ''
  const { markup } = takeRendered(text, max - measureText('…', unit), unit, render)
  return isVisible(markup) ? `${markup}…` : ''
}

/**
 * Divides a text so that its head, rendered, has at most `max` units. Each try that is too long shrinks by as much as
 * it was too long, and by one unit at least, so this ends.
 */
export function takeRendered(
  text: string,
  max: number,
  unit: TextUnit,
  render: (part: string) => string,
): { markup: string; rest: string } {
  let room = max
  while (room > 0) {
    const { head, rest } = takeText(text, room, unit)
    const markup = render(head)
    const length = measureText(markup, unit)
    if (length <= max) return { markup, rest }
    room = Math.min(room - 1, Math.floor((Math.min(room, measureText(head, unit)) * max) / length))
  }
  return { markup: '', rest: text }
}

function takeTitle(outline: Outline, writer: TextWriter, max: number, unit: TextUnit): string {
  const icon = `${outline.icon} `
  return `${icon}${renderCut(outline.title, max - measureText(icon, unit), unit, writer.bold)}`
}

/** The most wanted first. */
function tailLines(outline: Outline, writer: TextWriter, short: boolean): { markup: string; place: number }[] {
  const notes = outline.notes.slice(short ? -1 : 0).map((note) => `⚠️ ${writer.text(note)}`)
  const files = short || outline.attachments.length === 0 ? [] : [`📎 ${writer.text(outline.attachments.join(', '))}`]
  const links = outline.links.slice(0, short ? 1 : undefined).map(({ label, url }) => `🔗 ${writer.link(label, url)}`)
  const lines = [...notes, ...files, ...links, writer.italic(outline.foot)].map((markup, place) => ({ markup, place }))
  const firstLink = notes.length + files.length
  const rank = ({ place }: { place: number }): number => (links.length > 0 && place === firstLink ? -1 : 0)
  // The newest note is the last one.
  const wanted = [...lines.slice(0, notes.length).reverse(), ...lines.slice(notes.length)]
  return wanted.sort((one, other) => rank(one) - rank(other))
}

/** The lines that fit, in their places again. */
function keepFitting(
  wanted: { markup: string; place: number }[],
  max: number,
  measure: (markup: string) => number,
): string {
  let used = 0
  const kept = wanted.filter(({ markup }) => {
    const length = measure(markup) + 1
    if (used + length > max) return false
    used += length
    return true
  })
  return kept
    .sort((one, other) => one.place - other.place)
    .map(({ markup }) => markup)
    .join('\n')
}

function writeText(text: string, writer: TextWriter): string {
  const { url } = writer
  if (url === undefined) return writer.text(text)
  return splitUrls(text)
    .map((part) => (part.isUrl ? url(part.text) : writer.text(part.text)))
    .join('')
}
