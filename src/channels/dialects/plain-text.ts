import type { TextWriter } from './compose-text.js'

/** No markup at all. */
export const plainText: TextWriter = {
  text: (text) => text,
  bold: (text) => text,
  italic: (text) => text,
  link: (label, url) => (label === url ? url : `${label}: ${url}`),
}
