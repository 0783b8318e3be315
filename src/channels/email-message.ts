import MailComposer from 'nodemailer/lib/mail-composer'
import { hopHeader, writeHops } from '../domain/mail-loop.js'
import type { Severity } from '../domain/message.js'
import { escapeHtml, renderMailHtml, renderMailText } from './dialects/mail-html.js'
import type { OnwardMail } from './mail-onward.js'
import type { Outline } from './outline-message.js'
import type { AttachedFile } from './read-attachments.js'
import type { SmtpEnvelope } from './smtp-submission.js'

/** `X-Priority` from 1 (highest) to 5; Outlook reads `Importance`, the others either. */
const priorities: Record<Severity, { xPriority: string; importance: string }> = {
  critical: { xPriority: '1', importance: 'high' },
  error: { xPriority: '2', importance: 'high' },
  warning: { xPriority: '3', importance: 'normal' },
  info: { xPriority: '4', importance: 'normal' },
  resolved: { xPriority: '5', importance: 'low' },
}

/** What a mail is made of beside what it says. */
export interface MailFrame extends OnwardMail {
  /** `Name <address>`, or the address alone. */
  from: string
  to: string[]
  /** Where answers go, when not to `from`. */
  replyTo: string | null
  deliveryId: string
  hostname: string
  /** See `ChannelContext.instance`. */
  instance: string
  now: number
  /** The Message-ID of the mail this one follows upon. */
  inReplyTo: string | null
}

/**
 * Builds the bytes of a mail. The Message-ID comes from the delivery, so that a repeat after a lost answer is the same
 * mail to servers and clients; `Auto-Submitted` (RFC 3834), and `X-Auto-Response-Suppress` for Exchange, keep vacation
 * replies and other gateways from answering. What is made of a bounce has the null return path.
 * @param quoted the original in plain text, to stand below
 */
export async function composeMail(
  outline: Outline,
  severity: Severity,
  mail: MailFrame,
  files: AttachedFile[],
  quoted: string | null,
): Promise<{ bytes: Buffer; messageId: string; envelope: SmtpEnvelope }> {
  const messageId = `<${mail.deliveryId.replace(/[^\w.-]/g, '_')}@${mail.hostname}>`
  const from = readSender(mail.from)
  const composer = new MailComposer({
    from,
    to: mail.to,
    ...(mail.replyTo === null ? {} : { replyTo: { name: '', address: mail.replyTo } }),
    subject: `${outline.icon} ${outline.title}`,
    date: new Date(mail.now),
    messageId,
    ...(mail.inReplyTo === null ? {} : { inReplyTo: mail.inReplyTo, references: mail.inReplyTo }),
    text: renderMailText(outline) + (quoted === null ? '' : `\n${quoted}\n`),
    html: withQuote(renderMailHtml(outline), quoted),
    headers: listHeaders(severity, mail),
    // As on the wire, so that the size announced there is right.
    newline: 'windows',
    // A mail within a mail would be shown as a part of it, and not as a file.
    attachments: files.map((file) => ({ ...file, contentDisposition: 'attachment' as const })),
    disableFileAccess: true,
    disableUrlAccess: true,
  })
  const envelope = { from: mail.isBackscatter ? '' : from.address, to: mail.to }
  return { bytes: await composer.compile().build(), messageId, envelope }
}

function listHeaders(severity: Severity, mail: MailFrame): { key: string; value: string }[] {
  const priority = priorities[severity]
  return [
    { key: 'Auto-Submitted', value: 'auto-generated' },
    { key: 'X-Auto-Response-Suppress', value: mail.isBackscatter ? 'All' : 'OOF, AutoReply' },
    ...(mail.isBackscatter ? [{ key: 'Precedence', value: 'bulk' }] : []),
    ...writeHops(mail.gateways, mail.instance).map((value) => ({ key: hopHeader, value })),
    { key: 'X-Priority', value: priority.xPriority },
    { key: 'Importance', value: priority.importance },
  ]
}

/** Given as parts: a comma in the name would else make two senders of it. */
function readSender(from: string): { name: string; address: string } {
  const [, name = '', address] = /^(.*?)\s*<([^<>]+)>$/.exec(from) ?? []
  return address === undefined ? { name: '', address: from } : { name: name.replace(/^"(.*)"$/, '$1'), address }
}

function withQuote(html: string, quoted: string | null): string {
  if (quoted === null) return html
  const style =
    'margin:16px 0 0;padding:0 0 0 12px;border-left:3px solid #ccc;white-space:pre-wrap;overflow-wrap:anywhere'
  return html.replace('</body>', () => `<blockquote style="${style}">${escapeHtml(quoted)}</blockquote>\n</body>`)
}
