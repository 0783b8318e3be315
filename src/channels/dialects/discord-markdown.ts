import { escapeLinkTarget, escapeMarks } from './common-mark.js'
import type { TextWriter } from './compose-text.js'

/**
 * Discord's own Markdown (Discord, "Message formatting"): a line break is one, `<…>` keeps a URL from growing a preview.
 * With `<` escaped no `<@id>` or `<#id>` of a mail becomes a mention; what may ring is up to `allowed_mentions` anyway.
 */
export const discordMarkdown: TextWriter = {
  text: escapeMarks,
  bold: (text) => `**${escapeMarks(text)}**`,
  italic: (text) => `*${escapeMarks(text)}*`,
  link: (label, url) => `[${escapeMarks(label)}](${escapeLinkTarget(url)})`,
  url: (url) => `<${url}>`,
}
