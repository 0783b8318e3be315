import type { TextWriter } from './compose-text.js'
import { escapeHtml } from './mail-html.js'

/** Of the tags that Matrix clients show (Matrix specification 1.11, section 11.3.1.2) the few a message needs. */
export const matrixHtml: TextWriter = {
  text: escapeLines,
  bold: (text) => `<strong>${escapeLines(text)}</strong>`,
  italic: (text) => `<em>${escapeLines(text)}</em>`,
  link: (label, url) => writeLink(label, url),
  url: (url) => writeLink(url, url),
}

function writeLink(label: string, url: string): string {
  return `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`
}

function escapeLines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>')
}
