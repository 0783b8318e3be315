import type { Mail, RawMail } from '../domain/mail.js'
import { decodeUndeclared } from './charset.js'
import { describeHeader } from './fields.js'
import { readHeaders } from './headers.js'

const bodyBytesMax = 1_000_000

/**
 * The mail that MIME parsing could not give: its header, and its body as it came. Linear and small, so that it may run
 * on a thread that must not wait; `malformed` says why this was needed.
 */
export function salvageMail(raw: RawMail, malformed: string): Mail {
  const block = readHeaders(raw.raw)
  const body = raw.raw.subarray(block.bodyOffset, block.bodyOffset + bodyBytesMax)
  const text = decodeUndeclared(withoutTornCharacter(body), null).replaceAll('\r\n', '\n').replaceAll('\0', '')
  return { ...describeHeader(raw, block), text, textSource: 'raw', html: null, attachments: [], malformed, auth: null }
}

/** A cut may go through a UTF-8 character, and the whole body would then count as no UTF-8. */
function withoutTornCharacter(body: Uint8Array): Uint8Array {
  if (body.length < bodyBytesMax) return body
  let end = body.length
  while (end > body.length - 4 && ((body[end - 1] ?? 0) & 0xc0) === 0x80) end--
  return body.subarray(0, ((body[end - 1] ?? 0) & 0x80) === 0 ? end : end - 1)
}
