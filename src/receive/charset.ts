import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'

/** Names that mail programs write and the WHATWG encoding standard does not know. */
const aliases: Record<string, string> = {
  cp932: 'shift_jis',
  cp936: 'gbk',
  cp949: 'euc-kr',
  cp950: 'big5',
  'cp-850': 'windows-1252',
  utf8mb4: 'utf-8',
  'x-gbk': 'gbk',
}

/**
 * Bytes to text, whatever the bytes are. A known charset is believed; without one, or with an unknown one, what is
 * valid UTF-8 is UTF-8 and the rest is windows-1252, which gives every byte a character. "ISO-8859-1" and "US-ASCII"
 * mean windows-1252, as in browsers (WHATWG Encoding 4.2), because that is what senders who say so send.
 */
export function decodeText(bytes: Uint8Array, charset: string | null): string {
  if (isUtf8Name(charset)) return decodeUtf8(bytes)
  const decoder = charset === null ? null : decoderFor(charset)
  if (decoder === null) return isUtf8(bytes) ? decodeUtf8(bytes) : decodeWindows1252(bytes)
  return decoder.encoding === 'windows-1252' ? decodeWindows1252(bytes) : decoder.decode(bytes)
}

/** For text that ought to be UTF-8 and says nothing else; a declared charset is only a second guess. */
export function decodeUndeclared(bytes: Uint8Array, hint: string | null): string {
  return isUtf8(bytes) ? decodeUtf8(bytes) : decodeText(bytes, isUtf8Name(hint) ? null : hint)
}

/** Invalid sequences become U+FFFD. Far cheaper than making a decoder, and nearly all text comes this way. */
function decodeUtf8(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('utf8')
}

/** What windows-1252 has at 0x80 to 0x9f; five places are empty and stay what they are. */
const windows1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/** Node's own decoder gives control characters for these 27 letters and quotes, as if the bytes were Latin-1. */
function decodeWindows1252(bytes: Uint8Array): string {
  return asBuffer(bytes)
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, (character) => windows1252[character.charCodeAt(0) - 0x80] ?? character)
}

function decoderFor(charset: string): TextDecoder | null {
  if (charset.length > 60) return null
  const name = charset
    .trim()
    .toLowerCase()
    .replace(/^["']+|["']+$/g, '')
  try {
    return new TextDecoder(aliases[name] ?? name)
  } catch (error) {
    if (error instanceof RangeError) return null
    throw error
  }
}

function isUtf8Name(charset: string | null): boolean {
  return charset !== null && /^utf-?8$/i.test(charset.trim())
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
