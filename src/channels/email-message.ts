import MailComposer from 'nodemailer/lib/mail-composer'
import type { Severity } from '../domain/message.js'
import { renderMailHtml, renderMailText } from './dialects/mail-html.js'
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
