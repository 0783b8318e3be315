import { cutText } from '../cut-text.js'
import type { Outline } from '../outline-message.js'
import { composeText, type TextRoom } from './compose-text.js'
import { plainText } from './plain-text.js'
import { splitUrls } from './split-urls.js'

const urlsMax = 5

/**
 * Zulip's Markdown has no escapes: a backslash is a backslash (zulip/zulip#18202). So the mail's words stand in a code
 * block, where nothing is markup and nobody is called, and what can be followed stands below it.
 */
export function renderZulip(outline: Outline, room: TextRoom): string {
  const links = renderLinks(outline, room.short === true, Math.floor(room.max / 2))
  const begin = '```text\n'
  const end = links === '' ? '\n```' : `\n\`\`\`\n${links}`
  const max = room.max - begin.length - end.length
  const block = composeText(breakFences({ ...outline, links: [] }), plainText, { ...room, max })
  return `${begin}${block}${end}`
}

/** Links come first, then the URLs that stand in the text. One a line, as many as fit. */
function renderLinks({ links, text }: Outline, short: boolean, max: number): string {
  const labelled = links.map(({ label, url }) => `[${cleanLabel(label)}](${escapeUrl(url)})`)
  const found = splitUrls(text).filter(({ isUrl }) => isUrl)
  const urls = [...new Set(found.map(({ text }) => text))]
    .filter((url) => URL.canParse(url))
    .slice(0, urlsMax)
    .map((url) => escapeUrl(new URL(url).href))
  const wanted = short ? labelled.slice(0, 1) : [...labelled, ...urls]
  let used = 0
  return wanted
    .filter((line) => {
      if (used + line.length + 1 > max) return false
      used += line.length + 1
      return true
    })
    .join('\n')
}

/** What could be markup in a label becomes a space: a label says what is behind the link, and needs none of it. */
function cleanLabel(label: string): string {
  const cleaned = label.replace(/[\s`*_~[\]()<>|@#\\:$!&]+/g, ' ').trim()
  return cleaned === '' ? 'link' : cutText(cleaned, 80, 'code_points')
}

function escapeUrl(url: string): string {
  return url.replace(/[()<>`|\\]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Three in a row at the beginning of a line would end the block. */
function breakFences(outline: Outline): Outline {
  const broken = (text: string): string => text.replace(/`(?=`)/g, '`\u200b')
  return {
    ...outline,
    title: broken(outline.title),
    text: broken(outline.text),
    notes: outline.notes.map(broken),
    attachments: outline.attachments.map(broken),
    foot: broken(outline.foot),
  }
}
