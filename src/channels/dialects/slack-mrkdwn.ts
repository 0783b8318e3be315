import { isVisible } from '../clean-text.js'
import { cutText } from '../cut-text.js'
import type { Outline } from '../outline-message.js'
import { takeRendered } from './compose-text.js'
import { splitUrls } from './split-urls.js'

/** Limits in UTF-16 units after escaping (Slack, "Block Kit reference"). */
const sectionMax = 3_000
const headerMax = 150
const contextMax = 1_000
const fallbackMax = 3_000
/** More than this is a wall of text in a channel; the mail itself is in the console. */
const textSectionsMax = 4

export type SlackBlock =
  | { type: 'header'; text: { type: 'plain_text'; text: string; emoji: boolean } }
  | { type: 'section'; text: { type: 'mrkdwn'; text: string; verbatim: true } }
  | { type: 'context'; elements: { type: 'plain_text'; text: string; emoji: boolean }[] }

/** A message as blocks, with the plain `text` that notifications and old clients show. */
export function renderSlack(outline: Outline, short: boolean): { text: string; blocks: SlackBlock[] } {
  const title = `${outline.icon} ${outline.title}`
  const tail = short ? shortTail(outline) : tailLines(outline)
  const blocks: SlackBlock[] = [
    { type: 'header', text: { type: 'plain_text', text: cutText(title, headerMax, 'utf16'), emoji: false } },
    ...textSections(outline.text, short ? 1 : textSectionsMax).map(section),
    ...joinLines(tail).map(section),
    {
      type: 'context',
      elements: [{ type: 'plain_text', text: cutText(outline.foot, contextMax, 'utf16'), emoji: false }],
    },
  ]
  return { text: renderSlackText(outline), blocks }
}

/** The same without blocks, for a workspace that refuses them. */
export function renderSlackText(outline: Outline): string {
  const tail = [...shortTail(outline), escapeMrkdwn(outline.foot)]
  const text = [`${outline.icon} ${outline.title}`, outline.text].filter((part) => part !== '').join('\n\n')
  const tailLength = tail.join('\n\n').length + 2
  return [takeRendered(text, fallbackMax - tailLength, 'utf16', linkUrls).markup, ...tail].join('\n\n')
}

/** However short a message has to be, it keeps the last note and the first link: they say and do what it is sent for. */
function shortTail({ notes, links }: Outline): string[] {
  const note = notes.slice(-1).map((last) => `⚠️ ${escapeMrkdwn(last)}`)
  const link = links.slice(0, 1).map(({ label, url }) => `🔗 ${renderLink(url, label)}`)
  return [...note, ...link].filter((line) => line.length <= contextMax)
}

function section(text: string): SlackBlock {
  // `verbatim` keeps Slack from finding channels and people in the text; our own links work all the same.
  return { type: 'section', text: { type: 'mrkdwn', text, verbatim: true } }
}

function textSections(text: string, max: number): string[] {
  const sections: string[] = []
  let rest = text
  while (isVisible(rest) && sections.length < max) {
    const isLast = sections.length === max - 1
    const taken = takeRendered(rest, sectionMax - 2, 'utf16', linkUrls)
    sections.push(isLast && taken.rest !== '' ? `${taken.markup}…` : taken.markup)
    rest = taken.rest
  }
  return sections.filter(isVisible)
}

function tailLines(outline: Outline): string[] {
  const lines = outline.notes.map((note) => `⚠️ ${escapeMrkdwn(note)}`)
  if (outline.attachments.length > 0) lines.push(`📎 ${escapeMrkdwn(outline.attachments.join(', '))}`)
  return [...lines, ...outline.links.map(({ label, url }) => `🔗 ${renderLink(url, label)}`)]
}

/** Puts whole lines together into as few sections as hold them. A line alone is always shorter than a section. */
function joinLines(lines: string[]): string[] {
  const joined: string[] = []
  for (const line of lines) {
    const last = joined.at(-1)
    if (last !== undefined && last.length + line.length < sectionMax) joined[joined.length - 1] = `${last}\n${line}`
    else if (line.length <= sectionMax) joined.push(line)
  }
  return joined
}

/** Escapes a text and makes its URLs links, which `verbatim` would leave as text. */
function linkUrls(text: string): string {
  return splitUrls(text)
    .map((part) => (part.isUrl ? `<${escapeMrkdwn(part.text)}>` : escapeMrkdwn(part.text)))
    .join('')
}

function renderLink(url: string, label: string): string {
  return `<${escapeMrkdwn(url).replaceAll('|', '%7C')}|${escapeMrkdwn(label).replaceAll('|', '¦')}>`
}

/**
 * Slack's three control characters (Slack, "Formatting text for app surfaces"). With `<` escaped, `<!channel>` or
 * `<@U123>` from a mail is text and pings nobody.
 */
export function escapeMrkdwn(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
