import { fingerprintOf } from './fingerprint.js'
import type { Draft } from './step.js'

/** What templates see: the mail, the route's variables at the top, the lookups by name, the message so far. */
export function templateScope(draft: Draft): Record<string, unknown> {
  const { mail, message } = draft
  return {
    ...draft.variables,
    mail: {
      id: mail.id,
      subject: mail.subject,
      from: mail.from[0]?.address ?? mail.envelope.from,
      from_name: mail.from[0]?.name ?? '',
      to: [...mail.to, ...mail.cc].map((address) => address.address),
      rcpt: mail.envelope.to,
      sender: mail.envelope.from,
      date: new Date(mail.date).toISOString(),
      text: mail.text,
      headers: Object.fromEntries(Object.entries(mail.headers).map(([name, values]) => [name, values.join(', ')])),
      attachments: mail.attachments.map((attachment) => attachment.filename),
    },
    variables: draft.variables,
    lookups: Object.fromEntries(Object.entries(draft.lookups).map(([name, lookup]) => [name, lookup.data])),
    recipients: draft.recipients,
    route: draft.route.name,
    title: message.title,
    text: message.text,
    severity: message.severity,
    labels: message.labels,
    event: draft.event,
    fingerprint: fingerprintOf(draft),
  }
}
