import type { NewNotification } from '../domain/delivery.js'
import type { Mail } from '../domain/mail.js'
import type { Message } from '../domain/message.js'
import { readPlusKeys } from '../domain/plus-address.js'
import { fingerprintOf } from './fingerprint.js'
import type { Draft } from './step.js'

/** What templates see: the mail, the route's variables at the top, the lookups by name, the message so far. */
export function templateScope(draft: Draft): Record<string, unknown> {
  const { variables, lookups } = draft
  return {
    ...variables,
    mail: describeMail(draft.mail),
    variables,
    lookups: Object.fromEntries(Object.entries(lookups).map(([name, lookup]) => [name, lookup.data])),
    recipients: draft.recipients,
    rcpt_key: keyOf(draft.mail),
    route: draft.route.name,
    ...describeMessage(draft.message),
    event: draft.event,
    fingerprint: fingerprintOf(draft),
  }
}

/** The same names where no route's steps made the message: there are no variables and lookups, and mostly no mail. */
export function noticeScope(
  { route, event, fingerprint }: Pick<NewNotification, 'route' | 'event' | 'fingerprint'>,
  message: Message,
  { mail, recipients }: { mail: Mail | null; recipients: string[] },
): Record<string, unknown> {
  return {
    mail: mail && describeMail(mail),
    variables: {},
    lookups: {},
    recipients,
    rcpt_key: mail && keyOf(mail),
    route,
    ...describeMessage(message),
    event,
    fingerprint,
  }
}

function describeMail(mail: Mail): Record<string, unknown> {
  return {
    id: mail.id,
    subject: mail.subject,
    from: mail.from[0]?.address ?? mail.envelope.from,
    from_name: mail.from[0]?.name ?? '',
    to: [...mail.to, ...mail.cc].map((address) => address.address),
    rcpt: mail.envelope.to,
    rcpt_keys: readPlusKeys(mail.envelope.to),
    sender: mail.envelope.from,
    date: new Date(mail.date).toISOString(),
    text: mail.text,
    headers: Object.fromEntries(Object.entries(mail.headers).map(([name, values]) => [name, values.join(', ')])),
    attachments: mail.attachments.map((attachment) => attachment.filename),
    auth: mail.auth && { spf: mail.auth.spf, dkim: mail.auth.dkim, dmarc: mail.auth.dmarc },
  }
}

/** Null, which Liquid takes for false, when no recipient has a key. */
function keyOf(mail: Mail): string | null {
  return readPlusKeys(mail.envelope.to)[0] ?? null
}

function describeMessage({ title, text, severity, labels }: Message): Record<string, unknown> {
  return { title, text, severity, labels }
}
