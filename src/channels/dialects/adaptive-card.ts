import type { Severity } from '../../domain/message.js'
import type { Outline } from '../outline-message.js'
import { takeLinks } from '../take-links.js'
import { escapeMarks } from './common-mark.js'
import { renderCut } from './compose-text.js'

/**
 * Teams takes 28 KB and counts a request about a fifth larger than it is. In the worst case JSON doubles a text; so all
 * parts together stay below 22 KB. Lengths are of Markdown, in bytes.
 */
const textMax = 7_000
const shortTextMax = 1_000
const titleMax = 600
const noteMax = 500
const filesMax = 600
/** Teams shows six actions. The URLs of all have so many bytes together. */
const actionRoom = { countMax: 6, urlBytesMax: 4_000, labelMax: 60 }

/** The style of the stripe behind the title (Adaptive Cards, "ContainerStyle"). */
const styles: Record<Severity, string> = {
  critical: 'attention',
  error: 'attention',
  warning: 'warning',
  info: 'accent',
  resolved: 'good',
}

/** A card of version 1.4 with a coloured title, the text in small Markdown, and links as buttons. */
export function renderAdaptiveCard(outline: Outline, severity: Severity, form: { short: boolean; plain: boolean }) {
  const write = form.plain ? flattenLines : escapeCardText
  const cut = (text: string, max: number): string => renderCut(text, max, 'bytes', write)
  const notes = outline.notes.slice(form.short ? -1 : 0)
  const files = form.short ? '' : outline.attachments.join(', ')
  const paragraphs = [
    cut(outline.text, form.short ? shortTextMax : textMax),
    ...notes.map((note) => `⚠️ ${cut(note, noteMax)}`),
    files === '' ? '' : `📎 ${cut(files, filesMax)}`,
  ].filter((paragraph) => paragraph !== '')
  return {
    type: 'AdaptiveCard',
    version: '1.4',
    msteams: { width: 'Full' },
    body: [
      {
        type: 'Container',
        style: styles[severity],
        bleed: true,
        items: [textBlock(`${outline.icon} ${cut(outline.title, titleMax)}`, { weight: 'Bolder', size: 'Medium' })],
      },
      ...paragraphs.map((paragraph) => textBlock(paragraph, {})),
      textBlock(cut(outline.foot, titleMax), { isSubtle: true, size: 'Small' }),
    ],
    actions: takeLinks(outline.links, form.short ? { ...actionRoom, countMax: 1 } : actionRoom).map(
      ({ label, url }) => ({ type: 'Action.OpenUrl', title: label, url }),
    ),
  }
}

function textBlock(text: string, style: Record<string, unknown>) {
  return { type: 'TextBlock', text, wrap: true, ...style }
}

/** A TextBlock runs lines together unless there is an empty one between them. */
function escapeCardText(text: string): string {
  return flattenLines(escapeMarks(text))
}

function flattenLines(text: string): string {
  return text.replace(/\n+/g, '\n\n')
}
