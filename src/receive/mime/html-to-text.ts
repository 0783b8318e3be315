import { convert, type HtmlToTextOptions } from 'html-to-text'
import { mimeLimits, valueLimits } from './mime-limits.js'

const lengthMax = mimeLimits.htmlToTextLength

/**
 * The text of a mail that came as HTML alone, for conditions and for channels without HTML. Table cells stand apart,
 * letters keep their case, links show where they lead, and what the sender hid from view is left out. Blanks that do
 * not break become ordinary ones, since nobody types them into a rule. At most 256 KB in and out.
 */
export function htmlToText(html: string): string {
  const text = convert(cutOpenTags(html.slice(0, lengthMax)).replace(constructorTag, '<$1x'), options)
  return text
    .replace(/[\u00a0\u2007\u202f]/g, ' ')
    .replace(/(?:\u00ad|\u034f|\u200b|\ufeff)/gu, '')
    .slice(0, lengthMax)
}

/** html-to-text looks tags up in a plain object, takes this one for found there, and throws. */
const constructorTag = /<(\/?)constructor(?![a-z])/gi

/**
 * Cuts HTML where more tags are open than a mail can mean. The HTML parser takes quadratic time on them: 87,000 in
 * 256 KB cost it 7 s. A page that leaves its paragraphs open comes to as many as the converter takes children.
 */
function cutOpenTags(html: string): string {
  const open = new Map<string, number>()
  let total = 0
  for (const { 1: slash, 2: written = '', index } of html.matchAll(/<(\/?)([a-z]{1,20})/gi)) {
    const name = written.toLowerCase()
    const same = open.get(name) ?? 0
    if (isVoid.test(name) || (slash && same === 0)) continue
    open.set(name, same + (slash ? -1 : 1))
    total += slash ? -1 : 1
    if (total > valueLimits.htmlToTextOpenTags) return html.slice(0, index)
  }
  return html
}

const isVoid = /^(area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$/

const withoutUppercase = ['h1', 'h2', 'h3', 'h4', 'h5', 'h6'].map((selector) => ({
  selector,
  options: { uppercase: false },
}))

const options: HtmlToTextOptions = {
  wordwrap: false,
  // 900 nested blockquotes around 20,000 lines take 18 s and 1.6 GB without these. Depth matters most, because the
  // converter writes each level's prefix on every line.
  limits: {
    maxInputLength: lengthMax,
    maxDepth: valueLimits.htmlToTextDepth,
    maxChildNodes: valueLimits.htmlToTextOpenTags,
    maxBaseElements: 4,
    ellipsis: '...',
  },
  formatters: {
    cell: (element, walk, builder) => {
      walk(element.children, builder)
      builder.addInline(' ')
    },
  },
  selectors: [
    ...withoutUppercase,
    { selector: 'tr', format: 'block', options: { leadingLineBreaks: 1, trailingLineBreaks: 1 } },
    { selector: 'td', format: 'cell' },
    { selector: 'th', format: 'cell' },
    { selector: 'a', options: { hideLinkHrefIfSameAsText: true } },
    // The alternative text says what the picture says; its address says nothing.
    { selector: 'img', options: { linkBrackets: false, pathRewrite: () => '' } },
    { selector: '[hidden]', format: 'skip' },
    { selector: '[style*="display:none"]', format: 'skip' },
    { selector: '[style*="display: none"]', format: 'skip' },
  ],
}
