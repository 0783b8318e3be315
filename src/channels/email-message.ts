import MailComposer from 'nodemailer/lib/mail-composer'
import type { ChannelContext } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { formatSize } from '../domain/units.js'
import { cleanLine } from './clean-text.js'
import { renderMailHtml, renderMailText } from './dialects/mail-html.js'
import type { Outline } from './outline-message.js'
import type { SmtpEnvelope } from './smtp-submission.js'

export interface AttachedFile {
  filename: string
  contentType: string
  content: Buffer
}

/** Many servers take 25 MB; base64 makes a third more of it, and the mail around it wants room too. */
const attachedBytesMax = 15_000_000

/** `X-Priority` from 1 (highest) to 5; Outlook reads `Importance`, the others either. */
const priorities: Record<Severity, { xPriority: string; importance: string }> = {
  critical: { xPriority: '1', importance: 'high' },
  error: { xPriority: '2', importance: 'high' },
  warning: { xPriority: '3', importance: 'normal' },
  info: { xPriority: '4', importance: 'normal' },
  resolved: { xPriority: '5', importance: 'low' },
}

/**
 * Builds the bytes of a mail. The Message-ID comes from the delivery, so that a repeat after a lost answer is the same
 * mail to servers and clients; `Auto-Submitted` keeps vacation replies and other gateways from answering (RFC 3834).
 */
export async function composeMail(
  outline: Outline,
  severity: Severity,
  mail: {
    from: string
    to: string[]
    deliveryId: string
    hostname: string
    now: number
    /** The Message-ID of the mail this one follows upon. */
    inReplyTo: string | null
  },
  files: AttachedFile[],
): Promise<{ bytes: Buffer; messageId: string; envelope: SmtpEnvelope }> {
  const messageId = `<${mail.deliveryId.replace(/[^\w.-]/g, '_')}@${mail.hostname}>`
  const priority = priorities[severity]
  const composer = new MailComposer({
    from: mail.from,
    to: mail.to,
    subject: `${outline.icon} ${outline.title}`,
    date: new Date(mail.now),
    messageId,
    ...(mail.inReplyTo === null ? {} : { inReplyTo: mail.inReplyTo, references: mail.inReplyTo }),
    text: renderMailText(outline),
    html: renderMailHtml(outline),
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Priority': priority.xPriority,
      Importance: priority.importance,
    },
    attachments: files,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const from = /<([^<>]+)>$/.exec(mail.from)?.[1] ?? mail.from
  return { bytes: await composer.compile().build(), messageId, envelope: { from, to: mail.to } }
}

/** The files to send along, and notes on those left out because they are too large. */
export async function readAttachments(
  attach: 'original' | 'attachments' | 'none',
  message: Message,
  context: Pick<ChannelContext, 'loadMail' | 'loadRaw'>,
): Promise<{ files: AttachedFile[]; notes: string[] }> {
  // What a job raised has no mail behind it.
  if (attach === 'none' || message.mailId === null) return { files: [], notes: [] }
  if (attach === 'attachments' && message.attachments.length === 0) return { files: [], notes: [] }
  if (attach === 'original') {
    const content = asBuffer(await context.loadRaw())
    return keepSmall([{ filename: 'original.eml', contentType: 'message/rfc822', content }])
  }
  const { attachments } = await context.loadMail()
  return keepSmall(
    attachments.map(({ filename, contentType, content }) => ({
      filename: cleanLine(filename).replace(/[/\\]/g, '_') || 'unnamed',
      contentType: /^(?!multipart\/)[\w.+-]+\/[\w.+-]+$/i.test(contentType) ? contentType : 'application/octet-stream',
      content: asBuffer(content),
    })),
  )
}

function keepSmall(files: AttachedFile[]): { files: AttachedFile[]; notes: string[] } {
  const kept: AttachedFile[] = []
  const notes: string[] = []
  let total = 0
  for (const file of files) {
    if (total + file.content.length > attachedBytesMax) {
      notes.push(`${file.filename} (${formatSize(file.content.length)}) is too large to send along`)
    } else {
      kept.push(file)
      total += file.content.length
    }
  }
  return { files: kept, notes }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
