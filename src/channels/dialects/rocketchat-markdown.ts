import type { TextWriter } from './compose-text.js'

/**
 * Rocket.Chat's own Markdown: `*bold*`, `_italic_`, a line break is one. It knows few escapes, so what could begin
 * markup or ring everybody's bell is taken apart by a character nobody sees.
 */
export const rocketchatMarkdown: TextWriter = {
  text: breakMarkup,
  bold: (text) => `*${breakMarkup(text)}*`,
  italic: (text) => `_${breakMarkup(text)}_`,
  link: (label, url) => `[${breakMarkup(label)}](${url.replaceAll('(', '%28').replaceAll(')', '%29')})`,
  url: (url) => url,
}

function breakMarkup(text: string): string {
  return text
    .replace(/[*_~`|[\]<]/g, '$&\u2060')
    .replace(/^([ \t]*)([#>+-]|\d{1,9}[.)])(?=\s)/gm, '$1$2\u2060')
    .replace(/(^|[^\p{L}\p{N}])@(?=\p{L})/gmu, '$1@\u200b')
}
