import type { Message, Severity } from '../domain/message.js'
import { formatSize } from '../domain/units.js'
import { cleanLine, cleanText, isVisible } from './clean-text.js'
import { cutText } from './cut-text.js'

/** A message cleaned and bounded, in the order it is read: every dialect renders these parts and nothing else. */
export interface Outline {
  icon: string
  /** At most 256 code points, never empty. */
  title: string
  /** As long as it came; empty when it would only repeat the title. */
  text: string
  notes: string[]
  links: { label: string; url: string }[]
  /** `report.pdf (12 KB)` */
  attachments: string[]
  /** `Critical · from cron@db1 · 2026-08-01 12:00 UTC` */
  foot: string
}

const titleMax = 256
const noteMax = 300
const notesMax = 5
const linkLabelMax = 80
const linkUrlMax = 2_000
const linksMax = 10
const filenameMax = 80
const attachmentsMax = 10
const fromMax = 120

const severityLooks: Record<Severity, { icon: string; word: string }> = {
  critical: { icon: '🔴', word: 'Critical' },
  error: { icon: '🟠', word: 'Error' },
  warning: { icon: '🟡', word: 'Warning' },
  info: { icon: '🔵', word: 'Info' },
  resolved: { icon: '🟢', word: 'Resolved' },
}

export function outlineMessage(message: Message): Outline {
  const look = severityLooks[message.severity]
  const title = line(message.title, titleMax)
  const text = cleanText(message.text)
  return {
    icon: look.icon,
    title: isVisible(title) ? title : '(no subject)',
    text: text === title ? '' : text,
    notes: message.notes
      .map((note) => line(note, noteMax))
      .filter(isVisible)
      // The newest come last, and say what the message is sent for.
      .slice(-notesMax),
    links: outlineLinks(message.links),
    attachments: outlineAttachments(message.attachments),
    foot: [look.word, outlineFrom(message.from), formatTime(message.receivedAt)]
      .filter((part) => part !== '')
      .join(' · '),
  }
}

/** Only http and https: a mail must not plant `javascript:` or `tg:` links in a message that looks like ours. */
function outlineLinks(links: Message['links']): Outline['links'] {
  return links
    .filter(({ url }) => url.length <= linkUrlMax && /^https?:\/\//i.test(url) && URL.canParse(url))
    .slice(0, linksMax)
    .map(({ label, url }) => {
      const shown = line(label, linkLabelMax)
      return { label: isVisible(shown) ? shown : cutText(url, linkLabelMax, 'code_points'), url: new URL(url).href }
    })
}

function outlineAttachments(attachments: Message['attachments']): string[] {
  const names = attachments.slice(0, attachmentsMax).map(({ filename, sizeBytes }) => {
    const name = line(filename, filenameMax)
    return `${isVisible(name) ? name : 'unnamed'} (${formatSize(sizeBytes)})`
  })
  const more = attachments.length - names.length
  return more > 0 ? [...names, `and ${more} more`] : names
}

function outlineFrom(from: string): string {
  const shown = line(from, fromMax)
  return isVisible(shown) ? `from ${shown}` : ''
}

function formatTime(ms: number): string {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) return ''
  return `${date.toISOString().slice(0, -8).replace('T', ' ')} UTC`
}

function line(text: string, max: number): string {
  // A title needs no more than its first thousands of characters, also when somebody made it a megabyte long.
  return cutText(cleanLine(text.slice(0, max * 8)), max, 'code_points')
}
