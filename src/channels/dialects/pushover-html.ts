import type { TextWriter } from './compose-text.js'
import { escapeHtml } from './mail-html.js'

/** The few tags Pushover knows (Pushover API, "Styling your messages"); line breaks stay as they are. */
export const pushoverHtml: TextWriter = {
  text: escapeHtml,
  bold: (text) => `<b>${escapeHtml(text)}</b>`,
  italic: (text) => `<i>${escapeHtml(text)}</i>`,
  link: (label, url) => `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`,
}
