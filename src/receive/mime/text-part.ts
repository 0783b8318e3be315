import { cutBytes, decodeText } from './charset.js'
import { joinFlowedLines } from './flowed.js'
import { mimeLimits, type Overrun } from './mime-limits.js'
import type { MimePart } from './mime-part.js'
import { decodeTransfer } from './transfer-encoding.js'

/** Of UTF-8, UTF-16 and every charset of the East: no character takes more. */
const bytesPerCharacterMax = 4

/** The text of a part with LF as line end and without NUL, which no store and no regex wants. */
export function readTextPart(part: MimePart, overruns: Overrun[]): string {
  const limit = part.type === 'text/html' ? 'htmlLength' : 'textLength'
  const bytes = decodeTransfer(part.content, part.encoding)
  const bytesMax = mimeLimits[limit] * bytesPerCharacterMax
  const text = decodeText(cutBytes(bytes, bytesMax), charsetOf(part, bytes))
    .replace(/\r{1,9}\n/g, '\n')
    .replaceAll('\0', '')
  const isFlowed = part.type === 'text/plain' && part.parameters.get('format')?.toLowerCase() === 'flowed'
  const shown = isFlowed ? joinFlowedLines(text, part.parameters.get('delsp')?.toLowerCase() === 'yes') : text
  const found = bytes.length > bytesMax ? bytes.length : shown.length
  if (found > mimeLimits[limit]) overruns.push({ limit, found })
  return cutText(shown, mimeLimits[limit])
}

/** HTML says it in itself when its header does not. */
function charsetOf(part: MimePart, bytes: Buffer): string | null {
  const declared = part.parameters.get('charset')?.trim()
  if (declared) return declared
  if (part.type !== 'text/html') return null
  return (
    /<meta[^>]{1,200}charset\s{0,5}=\s{0,5}["']?([\w.:-]{2,40})/i.exec(bytes.toString('latin1', 0, 2_000))?.[1] ?? null
  )
}

/** Never through the middle of a character of two UTF-16 units. */
export function cutText(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const isTorn = /[\ud800-\udbff]/.test(text[lengthMax - 1] ?? '')
  return text.slice(0, isTorn ? lengthMax - 1 : lengthMax)
}
