import { decodeText } from './charset.js'

const encodedWord = /=\?([^?\s*]+)(?:\*[^?]*)?\?([bq])\?([^?]*)\?=/gi

/**
 * Decodes the encoded words (`=?utf-8?B?…?=`) of a header value, RFC 2047. Blanks between two words vanish. The bytes of
 * neighbours in one charset are joined before they are decoded, because many senders cut a character in two there,
 * although section 5 forbids it. What is no encoded word stays as it is. Linear in the length of the value.
 */
export function decodeEncodedWords(value: string): string {
  if (!value.includes('=?')) return value
  let text = ''
  let end = 0
  let pending: { charset: string; bytes: Buffer[] } | null = null
  const flush = (): void => {
    if (pending) text += decodeText(Buffer.concat(pending.bytes), pending.charset)
    pending = null
  }
  for (const match of value.matchAll(encodedWord)) {
    const between = value.slice(end, match.index)
    const charset = (match[1] ?? '').toLowerCase()
    const bytes = decodeWord(match[2] ?? '', match[3] ?? '')
    if (pending && between.trim() === '') {
      if (pending.charset === charset) pending.bytes.push(bytes)
      else {
        flush()
        pending = { charset, bytes: [bytes] }
      }
    } else {
      flush()
      text += between
      pending = { charset, bytes: [bytes] }
    }
    end = match.index + match[0].length
  }
  flush()
  return text + value.slice(end)
}

function decodeWord(encoding: string, text: string): Buffer {
  if (encoding.toLowerCase() === 'b') return Buffer.from(text, 'base64')
  const unquoted = text
    .replaceAll('_', ' ')
    .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
  // A raw character beyond Latin-1 is illegal here; it keeps its UTF-8 bytes rather than being cut to one.
  return /[\u0100-\uffff]/.test(unquoted) ? Buffer.from(unquoted, 'utf8') : Buffer.from(unquoted, 'latin1')
}
