/** What the Bot API server makes of a text with `parse_mode: HTML`: the text that is shown, or why it is refused. */
export type ParsedHtml = { ok: true; text: string; entities: number } | { ok: false; description: string }

const knownTags = new Set([
  'b',
  'strong',
  'i',
  'em',
  'u',
  'ins',
  's',
  'strike',
  'del',
  'code',
  'pre',
  'a',
  'blockquote',
  'tg-spoiler',
  'span',
  'tg-emoji',
])
const namedEntities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"' }

/** Parses as strictly as the server: an unknown tag, an open tag at the end or a stray end tag refuses the message. */
export function parseTelegramHtml(html: string): ParsedHtml {
  const open: string[] = []
  let text = ''
  let entities = 0
  for (let at = 0; at < html.length; ) {
    if (html[at] !== '<') {
      const end = html.indexOf('<', at) < 0 ? html.length : html.indexOf('<', at)
      text += decodeEntities(html.slice(at, end))
      at = end
      continue
    }
    const tag = /^<(\/?)([a-z][a-z0-9-]*)((?:\s+[a-z_-]+(?:="[^"<]*")?)*)\s*>/i.exec(html.slice(at))
    const name = tag?.[2]?.toLowerCase() ?? ''
    if (!tag) return refuse(`Unsupported start tag at byte offset ${at}`)
    if (!knownTags.has(name)) return refuse(`Unsupported start tag "${name}" at byte offset ${at}`)
    if (tag[1] === '/') {
      if (open.pop() !== name) return refuse(`Unmatched end tag at byte offset ${at}`)
      entities++
    } else {
      open.push(name)
    }
    at += tag[0].length
  }
  if (open.length > 0) return refuse(`Can't find end tag corresponding to start tag "${open.at(-1)}"`)
  return { ok: true, text, entities }
}

/** Only four names and numeric references are decoded; any other `&…;` stays as it is written. */
function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]+));/gi, (whole, decimal, hex, name) => {
    if (name) return namedEntities[name] ?? whole
    const codePoint = decimal ? Number(decimal) : Number.parseInt(hex, 16)
    return codePoint > 0 && codePoint <= 0x10ffff ? String.fromCodePoint(codePoint) : whole
  })
}

function refuse(reason: string): ParsedHtml {
  return { ok: false, description: `Bad Request: can't parse entities: ${reason}` }
}
