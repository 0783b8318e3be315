import type { Outline } from '../outline-message.js'
import { takeLinks } from '../take-links.js'
import { composeText, renderCut } from './compose-text.js'
import { escapeHtml } from './mail-html.js'
import { plainText } from './plain-text.js'

/**
 * A message has 32,000 bytes with everything in it (Google Chat, "Limits"). JSON at worst doubles a text, and escaping
 * is counted in; lengths are of the HTML, in bytes.
 */
const textMax = 9_000
const shortTextMax = 1_000
const titleMax = 1_000
const plainMax = 12_000
const noteMax = 1_000
const filesMax = 1_000
const buttonRoom = { countMax: 10, urlBytesMax: 4_000, labelMax: 60 }

export interface ChatContent {
  text: string
  cardsV2?: { cardId: string; card: { sections: { widgets: ChatWidget[] }[] } }[]
}

export type ChatWidget =
  | { textParagraph: { text: string } }
  | { buttonList: { buttons: { text: string; onClick: { openLink: { url: string } } }[] } }

/** The title as text, which notifications show, and all else as a card, where HTML entities show any text as it is. */
export function renderGoogleChat(outline: Outline, short: boolean): ChatContent {
  const notes = outline.notes.slice(short ? -1 : 0)
  const files = short ? '' : outline.attachments.join(', ')
  const paragraphs = [
    cutHtml(outline.text, short ? shortTextMax : textMax),
    [
      ...notes.map((note) => `⚠️ ${cutHtml(note, noteMax)}`),
      ...(files === '' ? [] : [`📎 ${cutHtml(files, filesMax)}`]),
    ].join('<br>'),
    `<i>${cutHtml(outline.foot, noteMax)}</i>`,
  ].filter((paragraph) => paragraph !== '')
  const buttons = takeLinks(outline.links, short ? { ...buttonRoom, countMax: 1 } : buttonRoom).map(
    ({ label, url }) => ({ text: label, onClick: { openLink: { url } } }),
  )
  const widgets: ChatWidget[] = [
    ...paragraphs.map((text) => ({ textParagraph: { text } })),
    ...(buttons.length > 0 ? [{ buttonList: { buttons } }] : []),
  ]
  return { text: renderTitle(outline), cardsV2: [{ cardId: 'message', card: { sections: [{ widgets }] } }] }
}

/** The same without a card. */
export function renderGoogleChatText(outline: Outline): ChatContent {
  const writer = { ...plainText, text: breakMarkup, bold: breakMarkup, link: renderLink }
  return { text: composeText(outline, writer, { max: plainMax, unit: 'bytes' }) }
}

function renderTitle({ icon, title }: Outline): string {
  return `${icon} ${renderCut(title, titleMax, 'bytes', breakMarkup)}`
}

function renderLink(label: string, url: string): string {
  return `<${url.replaceAll('|', '%7C').replaceAll('>', '%3E')}|${breakMarkup(label).replaceAll('|', '¦')}>`
}

/** Text has no escapes; what follows `<` here (`<users/all>` calls everybody) is taken apart by a word joiner. */
function breakMarkup(text: string): string {
  return text.replaceAll('<', '<\u2060').replace(/[*_~`]/g, '$&\u2060')
}

function cutHtml(text: string, max: number): string {
  return renderCut(text, max, 'bytes', (part) => escapeHtml(part).replaceAll('\n', '<br>'))
}
