import type { Config } from '../domain/config.js'
import type { Attachment, Mail } from '../domain/mail.js'
import { readOrigin } from '../domain/mail-loop.js'
import type { Message } from '../domain/message.js'
import { noControl } from '../domain/notification.js'
import type { Route } from '../domain/route.js'
import { expandRecipients } from './expand-recipients.js'
import type { Draft } from './step.js'

/** Message and recipients before the first step: the mail as it came. */
export function startDraft(route: Route, mail: Mail, variables: Record<string, string>, config: Config): Draft {
  return {
    mail,
    route,
    recipients: expandRecipients(mail.envelope.to, config, false),
    variables,
    lookups: {},
    attached: [],
    message: startMessage(mail, route),
    event: route.event,
    fingerprint: null,
    flagged: null,
    held: null,
    deliveries: [],
    planned: [],
    unreached: [],
    dropped: false,
    control: noControl,
    resolves: [],
  }
}

export function startMessage(mail: Mail, route: Pick<Route, 'severity' | 'labels'>): Message {
  const sender = mail.from[0]
  return {
    title: mail.subject || '(no subject)',
    text: mail.text,
    severity: route.severity ?? 'warning',
    from: sender?.address || mail.envelope.from || 'unknown sender',
    labels: { ...route.labels },
    links: [],
    attachments: mail.attachments.map(withoutContent),
    notes: mail.malformed ? [`the mail is malformed: ${mail.malformed}`] : [],
    mailId: mail.id,
    receivedAt: mail.receivedAt,
    origin: readOrigin(mail),
  }
}

function withoutContent({ filename, contentType, sizeBytes }: Attachment): Omit<Attachment, 'content'> {
  return { filename, contentType, sizeBytes }
}
