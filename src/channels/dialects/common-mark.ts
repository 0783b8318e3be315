import type { TextWriter } from './compose-text.js'

/**
 * Markdown as Mattermost, Gotify, ntfy, Zulip and others read it (CommonMark 0.31). Every character that could begin
 * markup is escaped, and what would ring everybody's bell (`@channel`, `@all`) is taken apart by a character nobody
 * sees: it is the mail's text, not ours.
 */
export const commonMark: TextWriter = {
  text: escapeCommonMark,
  bold: (text) => `**${escapeCommonMark(text)}**`,
  italic: (text) => `*${escapeCommonMark(text)}*`,
  link: (label, url) => `[${escapeCommonMark(label)}](${escapeLinkTarget(url)})`,
  url: (url) => `<${url}>`,
}

const indentMax = 64

/** Shows the text as it is: lines stay lines, and spaces at their beginning make no code block. */
export function escapeCommonMark(text: string): string {
  return escapeMarks(text).replace(/\n/g, '  \n')
}

/** The same for dialects where a line break is one anyway. */
export function escapeMarks(text: string): string {
  return text
    .replace(/[\\`*_~[\]<>|#&$]/g, '\\$&')
    .replace(/^([ \t]*)([-+=])/gm, '$1\\$2')
    .replace(/^([ \t]*\d{1,9})([.)])/gm, '$1\\$2')
    .replace(/^[ \t]+/gm, (space) => '\u00a0'.repeat(Math.min(indentMax, space.replaceAll('\t', '    ').length)))
    .replace(/(^|[^\p{L}\p{N}])@(?=\p{L})/gmu, '$1@\u200b')
}

/** A link target has no spaces already; brackets and backslashes would end it. */
export function escapeLinkTarget(url: string): string {
  return url.replace(/[()\\<>|]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}
