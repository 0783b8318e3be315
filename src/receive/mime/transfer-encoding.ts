import { decodeUuencoded } from './uuencode.js'

/**
 * The bytes behind a Content-Transfer-Encoding (RFC 2045 6). What is broken is read as far as it goes, and an encoding
 * that nobody knows leaves the bytes as they are. The result is never longer than what it was made of. Linear, which
 * the library beside the splitter (libqp 2.1) is not: 40,000 blanks in a line of quoted-printable hold it for 18 s.
 */
export function decodeTransfer(content: Buffer, encoding: string): Buffer {
  if (encoding === 'base64') return decodeBase64(content)
  if (/^quoted-?printable$/.test(encoding)) return decodeQuotedPrintable(content)
  if (/^(x-)?uu(e|encode)?$/.test(encoding)) return decodeUuencoded(content.toString('latin1')) ?? content
  return content
}

/**
 * Line breaks and junk are passed over. Some programs pad every line, or send several encoded texts in a row: what
 * follows a padding is read on up to the first line that is no base64, such as a footer that a mailing list added.
 */
function decodeBase64(content: Buffer): Buffer {
  const text = content.toString('latin1')
  const padding = text.indexOf('=')
  const first = Buffer.from(text, 'base64')
  if (padding < 0 || text.length - padding < 5) return first
  return Buffer.concat([first, decodePadded(content, padding)])
}

/** From a padding on. Each padding ends a text of its own; bits that are left over there are none of it. */
function decodePadded(content: Buffer, from: number): Buffer {
  const out = Buffer.allocUnsafe(content.length - from)
  let length = 0
  /** Of `out` up to the last line end: what a line gave that turns out to be none is taken back. */
  let whole = 0
  let bits = 0
  let count = 0
  for (let at = from; at < content.length; at++) {
    const byte = content[at] ?? 0
    if (byte === lineFeed) whole = length
    if (byte === equals) count = 0
    if (byte === lineFeed || byte === equals || byte === carriageReturn) continue
    const value = base64Values[byte] ?? noBase64
    if (value === noBase64) return out.subarray(0, whole)
    bits = ((bits << 6) | value) & 0xffffff
    count += 6
    if (count < 8) continue
    count -= 8
    out[length++] = bits >> count
  }
  return out.subarray(0, length)
}

const noBase64 = 255
const base64Values = Uint8Array.from({ length: 256 }, (_, byte) => {
  const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.indexOf(String.fromCharCode(byte))
  return value < 0 ? noBase64 : value
})

const equals = 0x3d
const lineFeed = 0x0a
const carriageReturn = 0x0d

/** RFC 2045 6.7. Blanks that stand at the end of a line were added on the way. */
function decodeQuotedPrintable(content: Buffer): Buffer {
  const out = Buffer.allocUnsafe(content.length)
  let length = 0
  /** Of `out` without the blanks that may turn out to be the end of a line. */
  let solid = 0
  let at = 0
  while (at < content.length) {
    const byte = content[at] ?? 0
    if (byte === equals) {
      const code = hexByte(content[at + 1], content[at + 2])
      const softEnd = code === null ? endOfSoftBreak(content, at + 1) : null
      if (softEnd === null) out[length++] = code ?? equals
      at = softEnd ?? (code === null ? at + 1 : at + 3)
      solid = length
      continue
    }
    if (byte === lineFeed) {
      if (content[at - 1] !== carriageReturn) length = solid
      out[length++] = byte
      solid = length
    } else if (byte === carriageReturn && content[at + 1] === lineFeed) {
      length = solid
      out[length++] = byte
      solid = length
    } else {
      out[length++] = byte
      if (byte !== 0x20 && byte !== 0x09) solid = length
    }
    at++
  }
  return out.subarray(0, length)
}

function hexByte(high: number | undefined, low: number | undefined): number | null {
  const value = hexDigit(high) * 16 + hexDigit(low)
  return Number.isNaN(value) ? null : value
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return Number.NaN
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30
  const letter = byte | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN
}

/** After the line end that an `=` takes back, blanks before it included; null where there is none. */
function endOfSoftBreak(content: Buffer, from: number): number | null {
  let at = from
  while (content[at] === 0x20 || content[at] === 0x09) at++
  while (content[at] === carriageReturn) at++
  if (content[at] === lineFeed) return at + 1
  return at >= content.length ? at : null
}
