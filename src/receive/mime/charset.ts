import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'
import iconv from 'iconv-lite'

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

/** Where Node's decoders lack thousands of characters that iconv-lite has: the extensions of Hong Kong, Windows and DOS. */
const betterDecoded: Record<string, string> = {
  big5: 'big5-hkscs',
  'euc-kr': 'cp949',
  gbk: 'gbk',
  ibm866: 'cp866',
  shift_jis: 'shift_jis',
}

/** What iconv-lite takes for names of charsets and are none: encodings of bytes, and what every object has. */
const noCharsets = new Set(['base64', 'hex', 'binary', 'internal', 'constructor'])

/**
 * Bytes to text, whatever the bytes are. A byte order mark says more than a label. A known charset is believed, but for
 * three labels that are often wrong: what says US-ASCII and is valid UTF-8 is UTF-8; what says UTF-8 and has nothing that
 * even begins as UTF-8 does is windows-1252, as is everything that says ISO-8859-1 (WHATWG Encoding 4.2), because
 * that is what senders who say so send. Without a charset, or with an unknown one, what is valid UTF-8 is UTF-8 and the
 * rest is windows-1252, which gives every byte a character.
 */
export function decodeText(bytes: Uint8Array, charset: string | null): string {
  const marked = markedCharset(bytes)
  if (marked !== null) return new TextDecoder(marked).decode(bytes)
  if (isUtf8Name(charset)) return decodeLabelledUtf8(bytes)
  if (charset === null || isAsciiName(charset)) return isUtf8(bytes) ? decodeUtf8(bytes) : decodeWindows1252(bytes)
  const decode = decoderFor(charset)
  if (decode === null) return isUtf8(bytes) ? decodeUtf8(bytes) : decodeWindows1252(bytes)
  return decode(bytes)
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

/** Node knows the charsets of browsers; iconv-lite the older ones of DOS, Macs and mail (UTF-7, UTF-32). */
function decoderFor(charset: string): ((bytes: Uint8Array) => string) | null {
  if (charset.length > 60) return null
  const name = charset
    .trim()
    .toLowerCase()
    .replace(/^["']+|["']+$/g, '')
  try {
    const decoder = new TextDecoder(aliases[name] ?? name)
    const better = betterDecoded[decoder.encoding]
    if (better !== undefined) return (bytes) => iconv.decode(asBuffer(bytes), better)
    return decoder.encoding === 'windows-1252' ? decodeWindows1252 : (bytes) => decoder.decode(bytes)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
  }
  if (noCharsets.has(name.replace(/[^a-z0-9]/g, '')) || !iconv.encodingExists(name)) return null
  return (bytes) => iconv.decode(asBuffer(bytes), name)
}

/** Without anything that begins as UTF-8 does the label is wrong; otherwise the text is UTF-8 that was damaged. */
function decodeLabelledUtf8(bytes: Uint8Array): string {
  const text = decodeUtf8(bytes)
  if (!text.includes('\ufffd') || /[\xc2-\xf4][\x80-\xbf]/.test(asBuffer(bytes).toString('latin1'))) return text
  return decodeWindows1252(bytes)
}

function markedCharset(bytes: Uint8Array): string | null {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return 'utf-8'
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return bytes[0] === 0xff && bytes[1] === 0xfe && (bytes[2] !== 0 || bytes[3] !== 0) ? 'utf-16le' : null
}

function isAsciiName(charset: string): boolean {
  return /^["']?(us-)?ascii["']?$/i.test(charset.trim())
}

function isUtf8Name(charset: string | null): boolean {
  return charset !== null && /^utf-?8$/i.test(charset.trim())
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** At most so many bytes, and not through a UTF-8 character: the rest of the text would then count as no UTF-8. */
export function cutBytes(bytes: Uint8Array, bytesMax: number): Uint8Array {
  if (bytes.length <= bytesMax) return bytes
  let end = bytesMax
  while (end > bytesMax - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
