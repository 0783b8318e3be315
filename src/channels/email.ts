import type { Socket } from 'node:net'
import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { defineChannel } from './define-channel.js'
import { composeMail } from './email-message.js'
import { type OnwardMail, planOnward } from './mail-onward.js'
import { openSocket } from './open-socket.js'
import { outcomeFromError } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { quoteMail } from './quote-mail.js'
import { readAttachments } from './read-attachments.js'
import { redactText } from './redact-text.js'
import { mailAddress } from './settings.js'
import { type SmtpEnvelope, type SmtpFailure, type SmtpHop, submitMail } from './smtp-submission.js'
import { withAckLink } from './with-ack-link.js'

const sender = z
  .string()
  .max(400)
  .regex(
    /^(?:[^<>\r\n]{0,100}<[^\s<>@]+@[^\s<>@]+>|[^\s<>@,;]+@[^\s<>@,;]+)$/,
    'must be a mail address, or Name <address>',
  )

const settingsShape = z.strictObject({
  host: z.string().min(1).max(255).describe('The SMTP server.'),
  port: z.number().int().min(1).max(65_535).optional().describe('465 with secure, 587 with a password, else 25.'),
  secure: z.boolean().optional().describe('TLS from the first byte; the default on port 465.'),
  starttls: z
    .enum(['required', 'auto', 'off'])
    .optional()
    .describe('STARTTLS on a plain connection; `required` when there is a password, else `auto`.'),
  tls_verify: z.boolean().default(true).describe('Checks the certificate of the server.'),
  user: z.string().min(1).max(320).optional().describe('The name to log in with.'),
  password: z.string().min(1).max(1_000).optional().describe('Goes with the user.'),
  from: sender.optional().describe('The sender; mailtrigger@ this host, when left out.'),
  to: z
    .union([mailAddress, z.array(mailAddress).min(1).max(50)])
    .optional()
    .describe('Sends everything to these addresses, not to people.'),
  attach: z
    .enum(['original', 'attachments', 'none'])
    .default('attachments')
    .describe('What is sent along: the mail itself, its attachments, or nothing.'),
  quote: z.boolean().default(false).describe('Quotes the text of the mail itself below the message.'),
  reply_to: z
    .union([z.literal('sender'), mailAddress])
    .optional()
    .describe('Where answers go: `sender` is who the mail is from, by its Reply-To or From. To `from` when left out.'),
})
const settings = settingsShape.refine((given) => (given.user === undefined) === (given.password === undefined), {
  message: 'user and password go together',
  path: ['password'],
})
type Settings = z.infer<typeof settings>

export const email = defineChannel<Settings>({
  kind: 'email',
  label: 'Email',
  description: 'Sends mail through an SMTP server, to people by their own mail address unless another is given.',
  guide: {
    steps: [
      'Ask who runs your mail for the server that takes mail from programs, its port, a user and a password.',
      'Port 587 begins in plain text and turns to TLS; port 465 is TLS from its first byte.',
      'Name a sender which that server lets you use. Leave “to” empty to write to each recipient.',
    ],
    note: 'Providers with two-step sign-in want a password made for one app, not the one of the account.',
  },
  settings,
  address: {
    schema: mailAddress,
    hint: "a mail address; the person's own when none is given",
    defaultsToMail: true,
  },
  destination: ({ to }) => (to === undefined ? null : [to].flat().join(', ')),
  secrets: ['password'],
  capabilities: { textMax: 1_000_000, textUnit: 'code_points', dialect: 'html', attachments: true, idempotent: false },
  example: { settings: { host: 'smtp.example.org', user: 'gateway', password: null } },
  concurrency: 4,
  rates: { channel: null, address: null },
  async send(message, address, settings, context) {
    const recipients = settings.to === undefined ? [address ?? ''] : [settings.to].flat()
    if (recipients.some((recipient) => !mailAddress.safeParse(recipient).success)) {
      return { kind: 'permanent', scope: 'address', statusCode: null, text: 'the address is not a mail address' }
    }
    const attach = context.form === 'full' ? settings.attach : 'none'
    return submit(message, recipients, settings, attach, context)
  },
})

async function submit(
  message: Message,
  recipients: string[],
  settings: Settings,
  attach: Settings['attach'],
  context: ChannelContext,
): Promise<Outcome> {
  const onward = await planOnward(message, context)
  if (onward === null) return refuse('not sent: the bounce of a mail that was itself made of a bounce')
  // Whose own automatic answer it is must not get it: the program that wrote it would answer again.
  const to = onward.isBackscatter ? recipients.filter((one) => !isSame(one, message.from)) : recipients
  if (to.length === 0) return refuse(`not sent to ${message.from}, whose automatic answer it is`)
  const mail = await compose(message, to, settings, attach, onward, context)
  const hop = toHop(settings, context.hostname)
  const secrets = [settings.password]
  let socket: Socket
  try {
    socket = await openSocket(hop.host, hop.port, context)
  } catch (error) {
    return outcomeFromError(error, { now: context.now(), idempotent: false, waitScope: 'delivery', secrets })
  }
  const result = await submitMail(socket, hop, mail.envelope, mail.bytes, context.signal)
  if (!result.ok) return outcomeFromFailure(result, mail, secrets)
  const refused = result.refused.map((recipient) => `; not accepted for ${recipient.address}: ${recipient.text}`)
  const text = redactText(`${result.response}${refused.join('')}`, secrets)
  return { kind: 'accepted', remote: { message_id: mail.messageId }, statusCode: result.code, text }
}

async function compose(
  message: Message,
  to: string[],
  settings: Settings,
  attach: Settings['attach'],
  onward: OnwardMail,
  context: ChannelContext,
) {
  const attached = await readAttachments(attach, message, context)
  const omitted = attach === 'none' && settings.attach !== 'none' ? ['sent without attachments: it was too large'] : []
  const notes = [...message.notes, ...attached.notes, ...omitted]
  const outline = outlineMessage(withAckLink({ ...message, notes }, context))
  const quoted = settings.quote && message.mailId !== null ? quoteMail(await context.loadMail()) : null
  const { deliveryId, hostname, instance } = context
  const frame = {
    ...onward,
    from: settings.from ?? `MailTrigger <mailtrigger@${hostname}>`,
    to,
    replyTo: (settings.reply_to === 'sender' ? message.origin?.replyTo : settings.reply_to) ?? null,
    deliveryId,
    hostname,
    instance,
    now: context.now(),
    // Follow-ups join the thread of the first mail, so `send` is all that the end of an alert needs.
    inReplyTo: context.sent?.message_id ?? null,
  }
  const composed = await composeMail(outline, message.severity, frame, attached.files, quoted)
  return { ...composed, hasFiles: attached.files.length > 0 }
}

function refuse(text: string): Outcome {
  return { kind: 'permanent', scope: 'message', statusCode: null, text }
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}

function toHop(settings: Settings, hostname: string): SmtpHop {
  const secure = settings.secure ?? settings.port === 465
  const { user, password } = settings
  return {
    host: settings.host,
    port: settings.port ?? (secure ? 465 : password === undefined ? 25 : 587),
    secure,
    starttls: settings.starttls ?? (password === undefined ? 'auto' : 'required'),
    verifiesTls: settings.tls_verify,
    login: user === undefined ? null : { user, password: password ?? '' },
    hostname,
  }
}

/**
 * SMTP replies as outcomes (RFC 5321 section 4.2.1: 4yz may succeed later, 5yz never). Whose fault a 5yz is follows
 * from the command it answered. Without any reply only the final dot matters: before it nothing was accepted.
 */
function outcomeFromFailure(
  failure: SmtpFailure,
  { hasFiles, envelope }: { hasFiles: boolean; envelope: SmtpEnvelope },
  secrets: (string | undefined)[],
): Outcome {
  const { stage, code: statusCode } = failure
  const text = redactText(failure.text, secrets)
  const isTooLarge = statusCode === 552 || failure.isTooLarge || /\b5\.3\.4\b|\b5\.2\.3\b/.test(text)
  if (isTooLarge) {
    if (hasFiles) return { kind: 'degrade', to: 'no_attachment', statusCode, text }
    return { kind: 'permanent', scope: 'message', statusCode, text }
  }
  if (statusCode === null) {
    if (stage === 'sent') return { kind: 'unknown', text }
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode, text }
  }
  if (statusCode < 500 || stage === 'connect')
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode, text }
  const scopes = {
    login: 'channel',
    // A server that wants no null sender takes every other mail of the channel.
    sender: envelope.from === '' ? 'message' : 'channel',
    recipient: 'address',
    data: 'message',
    sent: 'message',
  } as const
  return { kind: 'permanent', scope: scopes[stage], statusCode, text }
}
