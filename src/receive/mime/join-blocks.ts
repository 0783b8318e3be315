import type { Mail } from '../../domain/mail.js'
import { htmlToText } from './html-to-text.js'
import { mimeLimits, type Overrun } from './mime-limits.js'
import { cutText } from './text-part.js'

/** What a reader shows one below the other. An alternative is one block that has both forms. */
export interface Block {
  text: string
  html: string
}

/** The blocks of a mail as one text and one page; a block that has one form only is put into the other. */
export function joinBlocks(blocks: Block[], overruns: Overrun[]): Pick<Mail, 'text' | 'textSource' | 'html'> {
  const isHtml = blocks.some(({ html }) => !isBlank(html))
  const hasText = blocks.some(({ text }) => !isBlank(text))
  const text = joinNonBlank(textsOf(blocks, overruns))
  const html = isHtml ? joinNonBlank(blocks.map(({ text, html }) => (isBlank(html) ? quoteText(text) : html))) : ''
  if (text.length > mimeLimits.textLength) overruns.push({ limit: 'textLength', found: text.length })
  if (html.length > mimeLimits.htmlLength) overruns.push({ limit: 'htmlLength', found: html.length })
  return {
    text: cutText(text, mimeLimits.textLength),
    textSource: hasText ? 'text' : isHtml ? 'html' : 'none',
    html: html === '' ? null : cutText(html, mimeLimits.htmlLength),
  }
}

export function joinNonBlank(texts: string[]): string {
  return texts.filter((text) => !isBlank(text)).join('\n')
}

function textsOf(blocks: Block[], overruns: Overrun[]): string[] {
  let found = 0
  const texts = blocks.map(({ text, html }) => {
    if (!isBlank(text) || isBlank(html)) return text
    const room = Math.max(0, mimeLimits.htmlToTextLength - found)
    found += html.length
    return room === 0 ? '' : htmlToText(cutText(html, room))
  })
  if (found > mimeLimits.htmlToTextLength) overruns.push({ limit: 'htmlToTextLength', found })
  return texts
}

function isBlank(text: string): boolean {
  return !/\S/.test(text)
}

/** A text between parts that are HTML, as HTML. */
function quoteText(text: string): string {
  if (isBlank(text)) return ''
  return `<pre>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')}</pre>`
}
