import {
  type Attachment as ParsedAttachment,
  type ParsedMail,
  type SimpleParserOptions,
  simpleParser,
} from 'mailparser'
import type { Attachment, Mail, RawMail } from '../domain/mail.js'
import { trimBoundaryLines } from './boundaries.js'
import { decodeText } from './charset.js'
import { describeHeader } from './fields.js'
import { firstField, type HeaderBlock, readHeaders, toLine } from './headers.js'
import { htmlToText } from './html-to-text.js'
import { salvageMail } from './salvage.js'

const textLengthMax = 1_000_000
const htmlLengthMax = 2_000_000
const attachmentsMax = 100
const filenameLengthMax = 255

const parserOptions: SimpleParserOptions & { ignoreEmbedded: boolean } = {
  // Each of the four turns text into something nobody asked for; one HTML mail can cost 18 s and 1.6 GB by it.
  skipHtmlToText: true,
  skipTextToHtml: true,
  skipTextLinks: true,
  skipImageLinks: true,
  // An attached mail is an attachment: its text must never trigger a rule meant for the mail around it.
  ignoreEmbedded: true,
}

/**
 * Makes a `Mail` of the stored bytes. Never rejects for what is in them: what the MIME parser cannot take comes back
 * salvaged, with `malformed` saying why. It may take long and use much memory, so `createParser` runs it in a thread.
 */
export async function parseMail(raw: RawMail): Promise<Mail> {
  const block = readHeaders(raw.raw)
  try {
    const parsed = await simpleParser(toParsable(raw.raw, block), parserOptions)
    const body = readBody(parsed)
    const isEmpty = body.textSource === 'none' && body.attachments.length === 0
    if (isEmpty && lacksBoundary(raw.raw, block)) return salvageMail(raw, 'a multipart whose boundary is nowhere')
    return { ...describeHeader(raw, block), ...body, malformed: null, auth: null }
  } catch (error) {
    return salvageMail(raw, `the MIME parser gave up: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Bytes the MIME parser understands: regular line ends, a header block, bare boundary lines. Copies only when it must. */
function toParsable(raw: Uint8Array, block: HeaderBlock): Buffer {
  const bytes = asBuffer(raw)
  if (!block.isIrregular) return trimBoundaryLines(bytes)
  if (block.fields.length === 0) return Buffer.concat([Buffer.from('\r\n'), bytes.subarray(block.bodyOffset)])
  const lines = bytes.toString('latin1').split('\n').map(withoutCarriageReturns)
  return trimBoundaryLines(Buffer.from(lines.join('\r\n'), 'latin1'))
}

/** The parser then takes the whole body for a preamble, and gives nothing of it. */
function lacksBoundary(raw: Uint8Array, block: HeaderBlock): boolean {
  const type = firstField(block, 'content-type')?.slice(0, 1_000) ?? ''
  if (!/^multipart\//i.test(type)) return false
  const [, quoted, plain] = /boundary\s{0,10}=\s{0,10}(?:"([^"]+)"|([^\s";]+))/i.exec(type) ?? []
  const boundary = quoted ?? plain
  return boundary === undefined || !asBuffer(raw).includes(`--${boundary}`, block.bodyOffset)
}

/** By hand, since `/\r+$/` takes quadratic time on a long run of them. */
function withoutCarriageReturns(line: string): string {
  let end = line.length
  while (end > 0 && line[end - 1] === '\r') end--
  return line.slice(0, end)
}

type Body = Pick<Mail, 'text' | 'textSource' | 'html' | 'attachments'>

/** The text part, else text made from the HTML, else a body whose type the parser did not know, else nothing. */
function readBody(parsed: ParsedMail): Body {
  const text = clean(parsed.text ?? '')
  const html = clean(parsed.html || '')
  if (text.trim() === '' && html === '') {
    const odd = parsed.attachments.findIndex(isUnlabelledText)
    const content = parsed.attachments[odd]
    if (content) return readOddBody(content, parsed.attachments.toSpliced(odd, 1))
  }
  return withText(text, html, parsed.attachments)
}

function readOddBody(content: ParsedAttachment, others: ParsedAttachment[]): Body {
  const type = content.headers.get('content-type')
  const charset = typeof type === 'object' && 'params' in type ? (type.params.charset ?? null) : null
  const text = clean(decodeText(content.content, charset).replaceAll('\r\n', '\n'))
  return /^text\/html/i.test(content.contentType) ? withText('', text, others) : withText(text, '', others)
}

function withText(text: string, html: string, attachments: ParsedAttachment[]): Body {
  const source = text.trim() !== '' ? 'text' : html !== '' ? 'html' : 'none'
  return {
    text: cut(source === 'html' ? htmlToText(html) : text, textLengthMax),
    textSource: source,
    html: html === '' ? null : cut(html, htmlLengthMax),
    attachments: attachments.slice(0, attachmentsMax).map(toAttachment),
  }
}

/** `Content-Type: text`, `text/plain charset=utf-8` and their kin: a body in all but name. */
function isUnlabelledText(part: ParsedAttachment): boolean {
  const isNamed = part.filename !== undefined || part.contentDisposition === 'attachment'
  return !isNamed && (!part.contentType || /^text\b/i.test(part.contentType) || !part.contentType.includes('/'))
}

function toAttachment(part: ParsedAttachment, index: number): Attachment {
  const content = ownBytes(part.content)
  const contentId = cut(toLine(part.cid ?? ''), filenameLengthMax)
  const fallback = part.contentType === 'message/rfc822' ? 'message.eml' : `attachment-${index + 1}`
  return {
    filename: cut(toLine(part.filename ?? ''), filenameLengthMax) || fallback,
    contentType: toLine(part.contentType || 'application/octet-stream').toLowerCase(),
    sizeBytes: content.byteLength,
    content,
    ...(contentId ? { contentId } : {}),
  }
}

/** Small buffers are slices of a pool that Node shares; a copy of its own can be handed to another thread. */
function ownBytes(buffer: Buffer): Uint8Array {
  const isWhole = buffer.byteLength === buffer.buffer.byteLength
  return isWhole ? new Uint8Array(buffer.buffer, 0, buffer.byteLength) : new Uint8Array(buffer)
}

function asBuffer(raw: Uint8Array): Buffer {
  return Buffer.from(raw.buffer, raw.byteOffset, raw.byteLength)
}

function clean(text: string): string {
  return text.replaceAll('\0', '')
}

/** Never through the middle of a character of two UTF-16 units. */
function cut(text: string, lengthMax: number): string {
  if (text.length <= lengthMax) return text
  const isTorn = /[\ud800-\udbff]/.test(text[lengthMax - 1] ?? '')
  return text.slice(0, isTorn ? lengthMax - 1 : lengthMax)
}
