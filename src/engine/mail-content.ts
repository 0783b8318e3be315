import { ApiError } from '../domain/errors.js'
import type { Address, Attachment, Mail } from '../domain/mail.js'
import type { Store } from '../store/store.js'
import type { Engine } from './engine.js'
import { inlinePictures } from './inline-pictures.js'

/** A mail as a person reads it: what parsing made of its bytes, without the bytes of its attachments. */
export interface MailContent {
  subject: string
  from: Address[]
  to: Address[]
  cc: Address[]
  date: string
  message_id: string | null
  headers: Record<string, string[]>
  text: string
  text_source: Mail['textSource']
  html: string | null
  attachments: { filename: string; content_type: string; size_bytes: number }[]
  malformed: string | null
}

const parseTimeoutMs = 15_000

/** What is in a stored mail. Rejects with `ApiError`. */
export function offerMailContent(engine: Pick<Engine, 'store' | 'current'>) {
  return {
    async readMailContent(mailId: string): Promise<MailContent> {
      return describe(await parseStored(engine, mailId))
    },
    /** Its HTML with the pictures that it brought along in place; null when it has none. */
    async readMailHtml(mailId: string): Promise<string | null> {
      const { html, attachments } = await parseStored(engine, mailId)
      return html === null ? null : inlinePictures(html, attachments)
    },
    /** Counted from 0, in the order of the mail. */
    async readAttachment(mailId: string, index: number): Promise<Attachment> {
      const { attachments } = await parseStored(engine, mailId)
      const attachment = attachments[index]
      if (!attachment) throw new ApiError(404, 'not_found', `mail ${mailId} has no attachment ${index}`)
      return attachment
    },
  }
}

async function parseStored(
  { store, current }: { store: Pick<Store, 'readRawMail'>; current: Engine['current'] },
  mailId: string,
): Promise<Mail> {
  const raw = await store.readRawMail(mailId)
  if (!raw) throw new ApiError(404, 'not_found', `there is no mail ${mailId}`, 'retention may have deleted it')
  return current().parts.parse(raw, AbortSignal.timeout(parseTimeoutMs))
}

function describe(mail: Mail): MailContent {
  const { subject, from, to, cc, headers, text, html, malformed } = mail
  return {
    subject,
    from,
    to,
    cc,
    date: new Date(mail.date).toISOString(),
    message_id: mail.messageId,
    headers,
    text,
    text_source: mail.textSource,
    html,
    attachments: mail.attachments.map(({ filename, contentType, sizeBytes }) => {
      return { filename, content_type: contentType, size_bytes: sizeBytes }
    }),
    malformed,
  }
}
