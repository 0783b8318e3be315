import { isVisible } from '../clean-text.js'
import { measureText, splitPages } from '../cut-text.js'
import type { Outline } from '../outline-message.js'

/** Telegram counts code points after parsing the markup (Bot API, sendMessage). */
const pageMax = 4_096
const pagesMax = 4
const shortMax = 1_000
const markerMax = 8
const tailMax = 2_400
const shortTailMax = 600

type Markup = (text: string) => string

/** How the parts of a message are marked up: as Telegram HTML, or not at all. */
interface Writer {
  text: Markup
  bold: Markup
  italic: Markup
  link: (label: string, url: string) => string
}

const html: Writer = {
  text: escapeTelegramHtml,
  bold: (text) => `<b>${escapeTelegramHtml(text)}</b>`,
  italic: (text) => `<i>${escapeTelegramHtml(text)}</i>`,
  link: (label, url) => `<a href="${escapeTelegramHtml(url)}">${escapeTelegramHtml(label)}</a>`,
}

const plain: Writer = {
  text: (text) => text,
  bold: (text) => text,
  italic: (text) => text,
  link: (label, url) => (label === url ? url : `${label}: ${url}`),
}

/**
 * Renders a message as one to four Telegram texts, or as exactly `parts` of them: what takes the place of a message sent
 * before is cut at the same places. Cutting happens on the plain text and markup is put around whole pieces afterwards,
 * so no tag and no entity can ever be cut, and the markup holds nothing but our own `b`, `i` and `a`.
 */
export function renderTelegram(
  outline: Outline,
  style: { html: boolean; short: boolean; parts: number | null },
): string[] {
  const writer = style.html ? html : plain
  const head = `${outline.icon} ${outline.title}`
  const tail = tailLines(outline, style.short)
  const tailPlain = tail.map((line) => line(plain)).join('\n')
  const max = style.short ? shortMax : pageMax
  const pages = splitPages(outline.text, {
    max,
    unit: 'code_points',
    pagesMin: style.short ? 1 : (style.parts ?? 1),
    pagesMax: style.short ? 1 : (style.parts ?? pagesMax),
    first: measureText(head, 'code_points') + 2,
    // The plain form of a link is longer than what HTML shows of it, so this is never too little.
    last: measureText(tailPlain, 'code_points') + 2,
    marker: markerMax,
  })
  return pages.map((page, index) => {
    const first = `${outline.icon} ${writer.bold(outline.title)}`
    const begin = index === 0 ? first : writer.italic(`(${index + 1}/${pages.length})`)
    const end = index === pages.length - 1 ? tail.map((line) => line(writer)).join('\n') : ''
    return [begin, isVisible(page) ? writer.text(page) : '', end].filter((part) => part !== '').join('\n\n')
  })
}

type TailLine = (writer: Writer) => string

/**
 * The lines under the text: what fits of notes, names and links into `tailMax`, and always the foot. However short a
 * message has to be, it keeps the last note and the first link, which say and do what it is sent for.
 */
function tailLines(outline: Outline, short: boolean): TailLine[] {
  const foot: TailLine = (writer) => writer.italic(outline.foot)
  const notes = short ? outline.notes.slice(-1) : outline.notes
  const lines: TailLine[] = notes.map((note) => (writer) => `⚠️ ${writer.text(note)}`)
  if (!short && outline.attachments.length > 0)
    lines.push((writer) => `📎 ${writer.text(outline.attachments.join(', '))}`)
  for (const { label, url } of outline.links.slice(0, short ? 1 : undefined))
    lines.push((writer) => `🔗 ${writer.link(label, url)}`)
  const max = short ? shortTailMax : tailMax
  let used = 0
  const fitting = lines.filter((line) => {
    const length = measureText(line(plain), 'code_points') + 1
    if (used + length > max) return false
    used += length
    return true
  })
  return [...fitting, foot]
}

/**
 * Telegram knows four named entities and rejects a message with any unknown tag (Bot API, "HTML style"). With these four
 * characters escaped, no text can be taken for markup, inside an attribute or outside.
 */
export function escapeTelegramHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}
