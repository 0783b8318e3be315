import type { Mail } from '../../domain/mail.js'
import { AttachmentList } from './attachment-list.js'
import { readCalendar } from './calendar.js'
import { readFields } from './headers.js'
import { type Block, joinBlocks, joinNonBlank } from './join-blocks.js'
import { valueLimits } from './mime-limits.js'
import type { MimePart } from './mime-part.js'
import { type MimeReading, readMimeTree } from './mime-tree.js'
import { readSignedContent } from './signed-content.js'
import { readTextPart } from './text-part.js'
import { readTnef } from './tnef.js'
import { decodeTransfer } from './transfer-encoding.js'
import { extractUuFiles } from './uuencode.js'

export type MailBody = Pick<Mail, 'text' | 'textSource' | 'html' | 'attachments'>

/** What is shown only when a mail has nothing better to show, best first. */
const substitutes = ['winmail', 'calendar', 'other text', 'sealed', 'fragment'] as const

interface Gathered {
  blocks: Block[]
  substitutes: Map<(typeof substitutes)[number], Block>
  attachments: AttachmentList
  reading: MimeReading
}

/** Where a part stands: what is shown depends on the multipart around it (RFC 8621 4.1.4). */
interface Place {
  parent: string
  index: number
  signedDepth: number
}

/**
 * What a mail program would show of a mail: texts in their order, HTML in their place, the rest as attachments. An
 * attached mail is an attachment: its text must never trigger a rule meant for the mail around it.
 */
export async function readMailBody(root: MimePart, reading: MimeReading): Promise<MailBody> {
  const { overruns } = reading
  const gathered: Gathered = { blocks: [], substitutes: new Map(), attachments: new AttachmentList(), reading }
  await gather(root, { parent: '', index: 0, signedDepth: 0 }, gathered)
  overruns.push(...gathered.attachments.overruns())
  const isBlank = gathered.blocks.every(({ text, html }) => text.trim() === '' && html.trim() === '')
  const substitute = substitutes.map((kind) => gathered.substitutes.get(kind)).find((block) => block !== undefined)
  const blocks = isBlank && substitute ? [substitute] : gathered.blocks
  return { ...joinBlocks(blocks, overruns), attachments: gathered.attachments.items }
}

async function gather(part: MimePart, place: Place, into: Gathered): Promise<void> {
  if (part.type.startsWith('multipart/')) await gatherMultipart(part, place, into)
  else if (isShown(part, place)) gatherText(part, into)
  else if (/^application\/(vnd\.)?ms-tnef$/.test(part.type) || /^winmail\.dat$/i.test(part.filename)) {
    gatherTnef(part, into)
  } else if (/^application\/(x-)?pkcs7-mime$/.test(part.type)) await gatherSigned(part, place, into)
  else gatherAttachment(part, place, into)
}

async function gatherMultipart(part: MimePart, place: Place, into: Gathered): Promise<void> {
  const { type, parts } = part
  // Within another multipart this is text that lost its form; the mail as a whole is salvaged instead.
  if (!part.isDelimited && place.parent !== '')
    into.blocks.push({ text: readTextPart(part, into.reading.overruns), html: '' })
  if (type === 'multipart/encrypted') keep(into, 'sealed', encryptedNote)
  const blocks: Block[] = type === 'multipart/alternative' ? [] : into.blocks
  for (const [index, child] of parts.entries()) {
    await gather(child, { ...place, parent: type, index }, { ...into, blocks })
  }
  if (blocks === into.blocks) return
  into.blocks.push({
    text: joinNonBlank(blocks.map(({ text }) => text)),
    html: joinNonBlank(blocks.map(({ html }) => html)),
  })
}

/** The reports of mail servers and the like (RFC 6522): fields for machines that people can read, too. */
const reportTypes = new Set([
  'message/delivery-status',
  'message/global-delivery-status',
  'message/disposition-notification',
  'message/global-disposition-notification',
  'message/feedback-report',
])

function isShown({ type, disposition, filename }: MimePart, { parent, index }: Place): boolean {
  if (disposition === 'attachment') return false
  if (reportTypes.has(type)) return parent === 'multipart/report'
  if (type !== 'text/plain' && type !== 'text/html') return false
  return index === 0 || parent === 'multipart/alternative' || (parent !== 'multipart/related' && filename === '')
}

function gatherText(part: MimePart, into: Gathered): void {
  const content = readTextPart(part, into.reading.overruns)
  if (part.type === 'text/html') {
    into.blocks.push({ text: '', html: content })
    return
  }
  const { text, files } = extractUuFiles(content)
  into.blocks.push({ text, html: '' })
  for (const { filename, content } of files) into.attachments.addFile(filename, 'application/octet-stream', content)
}

function gatherTnef(part: MimePart, into: Gathered): void {
  const content = readTnef(decodeTransfer(part.content, part.encoding))
  const text = content?.text || content?.subject || ''
  if (text !== '' || content?.html) keep(into, 'winmail', { text, html: content?.html ?? '' })
  for (const file of content?.files ?? []) into.attachments.addFile(file.filename, file.contentType, file.content)
  if (!content?.files.length) into.attachments.addPart(part)
}

/** Signed around its content: what was signed is read in its place. Anything else of this type is encrypted. */
async function gatherSigned(part: MimePart, place: Place, into: Gathered): Promise<void> {
  const inner =
    place.signedDepth < valueLimits.signedDepth ? readSignedContent(decodeTransfer(part.content, part.encoding)) : null
  if (inner === null) {
    keep(into, 'sealed', encryptedNote)
    into.attachments.addPart(part)
    return
  }
  const { fields, bodyOffset } = readFields(inner)
  const root = await readMimeTree(fields, inner.subarray(bodyOffset), into.reading)
  await gather(root, { ...place, signedDepth: place.signedDepth + 1 }, into)
}

const encryptedNote: Block = { text: 'This mail is encrypted. The gateway cannot read it.\n', html: '' }

/** Texts that only programs read, and that would stand for nothing if they were shown. */
const unreadableTexts = /^text\/(calendar|css|directory|rtf|vcard|x-amp-html|x-vcard|javascript|rfc822-headers)$/

function gatherAttachment(part: MimePart, place: Place, into: Gathered): void {
  // Alternatives of the text for programs that know them; it is there in other words already.
  if (part.type === 'text/x-amp-html' && place.parent === 'multipart/alternative') return
  into.attachments.addPart(part)
  if (part.type === 'text/calendar') {
    const text = readCalendar(readTextPart(part, []))
    if (text !== null) keep(into, 'calendar', { text, html: '' })
  } else if (part.type === 'message/partial') keep(into, 'fragment', { text: readTextPart(part, []), html: '' })
  else if (part.type.startsWith('text/') && !unreadableTexts.test(part.type)) {
    // RFC 2046 4.1.4: an unknown kind of text may be shown as it is.
    const isFile = part.disposition === 'attachment' || part.filename !== ''
    if (!isFile) keep(into, 'other text', { text: readTextPart(part, into.reading.overruns), html: '' })
  }
}

function keep(into: Gathered, kind: (typeof substitutes)[number], block: Block): void {
  if (!into.substitutes.has(kind)) into.substitutes.set(kind, block)
}
