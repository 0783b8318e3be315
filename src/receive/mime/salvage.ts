import type { Mail, RawMail } from '../../domain/mail.js'
import { cutBytes, decodeUndeclared } from './charset.js'
import { describeHeader } from './fields.js'
import { readHeaders } from './headers.js'

const bodyBytesMax = 1_000_000

/**
 * The mail that MIME parsing could not give: its header, and its body as it came. Linear and small, so that it may run
 * on a thread that must not wait; `malformed` says why this was needed.
 */
export function salvageMail(raw: RawMail, malformed: string): Mail {
  const block = readHeaders(raw.raw)
  const body = cutBytes(raw.raw.subarray(block.bodyOffset), bodyBytesMax)
  const text = decodeUndeclared(body, null).replaceAll('\r\n', '\n').replaceAll('\0', '')
  return {
    ...describeHeader(raw, block),
    text,
    textSource: 'raw',
    html: null,
    attachments: [],
    malformed,
    auth: raw.auth ?? null,
  }
}
