import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, unknownMessage, wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
  withoutFilesFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { type AttachedFile, readAttachments } from './read-attachments.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** What is longer, Signal's apps show only in part until it is tapped (they send it as an attachment). */
const messageBytesMax = 2_000
const shortBytesMax = 500
/** Signal names no time to wait for; without a captcha it is a day, and asking again makes it no longer. */
const throttledMs = 3_600_000

const group = z.string().regex(/^group\.[A-Za-z0-9+/=_-]{1,200}$/)
const account = z.string().regex(/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
const recipient = z.union([phoneNumber, group, account], 'must be a phone number, group.… or an account id')

const settings = z.strictObject({
  base_url: baseUrl.describe('The signal-cli-rest-api server.'),
  number: phoneNumber.describe('The account that sends.'),
  recipients: z
    .array(recipient)
    .min(1)
    .max(50)
    .optional()
    .describe('People and groups that get everything, instead of the recipients.'),
  attach: z.enum(['attachments', 'none']).default('attachments').describe('Whether the files of a mail go along.'),
})
type Settings = z.infer<typeof settings>

export const signal = defineChannel<Settings>({
  kind: 'signal',
  label: 'Signal',
  description: 'Sends to people and groups on Signal, through a signal-cli-rest-api server of your own.',
  guide: {
    steps: [
      'Run signal-cli-rest-api, and link it to an account: open `/v1/qrcodelink?device_name=mailtrigger` of it, and scan the code in Signal under Linked devices.',
      'Enter its address and the number of that account.',
      'Groups are named by the id (group.…) which `/v1/groups/<number>` of it lists.',
    ],
    note: 'After many messages to strangers Signal asks for a captcha, which the server’s log explains.',
  },
  settings,
  address: { schema: recipient, hint: `${phoneHint}, group.… or an account id` },
  destination: ({ recipients }) => recipients?.join(', ') ?? null,
  secrets: [],
  capabilities: {
    textMax: messageBytesMax,
    textUnit: 'bytes',
    dialect: 'plain',
    attachments: true,
    idempotent: false,
  },
  example: { settings: { base_url: 'http://signal:8080', number: '+4915100000000' }, address: '+4915112345678' },
  // signal-cli sends one message of an account after the other.
  concurrency: 1,
  rates: { channel: null, address: null },
  send: (message, address, settings, context) => post(message, null, address, settings, context),
  async update(message, address, settings, context) {
    const timestamp = context.sent?.timestamp ?? ''
    if (!/^\d{10,16}$/.test(timestamp)) return unknownMessage
    return post(message, Number(timestamp), address, settings, context)
  },
})

/** A message is known by the moment it was sent at; with one to edit, the message takes its place. */
async function post(
  message: Message,
  edited: number | null,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const recipients = (settings.recipients ?? [address]).map(readRecipient).filter((one) => one !== null)
  if (recipients.length === 0) return wrongAddress('the address is not one of Signal')
  const short = context.form === 'short'
  // What takes the place of a message keeps its files.
  const attach = edited === null && context.form === 'full' ? settings.attach : 'none'
  const { files, notes } = await readAttachments(attach, message, context)
  const outline = outlineMessage(withAckLink({ ...message, notes: [...message.notes, ...notes] }, context))
  const max = short ? shortBytesMax : messageBytesMax
  const call = {
    url: `${settings.base_url}/v2/send`,
    json: {
      number: readPhoneNumber(settings.number),
      recipients,
      message: composeText(outline, plainText, { max, unit: 'bytes', short }),
      // Its styles know no escapes, so that a mail's own stars would be taken for ours.
      text_mode: 'normal',
      ...(files.length > 0 && { base64_attachments: files.map(encodeFile) }),
      ...(edited !== null && { edit_timestamp: edited }),
    },
  }
  const facts = factsOf(context, edited !== null)
  return callVendor(call, context, facts, (answer) =>
    readAnswer(answer, { edited, hasFiles: files.length > 0 }, context, facts),
  )
}

/** A data URI with the name in it, whose separators a name must not have (signal-cli, "send --attachment"). */
function encodeFile({ filename, contentType, content }: AttachedFile): string {
  const name = filename.replace(/[^\p{L}\p{N} ._-]/gu, '_')
  return `data:${contentType};filename=${name};base64,${content.toString('base64')}`
}

function readRecipient(address: string | null): string | null {
  const isNamed = group.safeParse(address).success || account.safeParse(address).success
  return isNamed ? address : readPhoneNumber(address)
}

function factsOf(context: ChannelContext, idempotent: boolean): OutcomeFacts {
  return { now: context.now(), idempotent, waitScope: 'channel', secrets: [] }
}

/** Whose fault a refusal is stands in its words only, which are those of signal-cli. */
const scopeOfWords: [RegExp, 'message' | 'address' | 'channel'][] = [
  [/specified account does not exist|^user \S+ is not registered|authorization failed/i, 'channel'],
  // A new phone has a new identity, which whoever runs the server has to trust first.
  [
    /untrusted identit|unregistered (?:user|recipient)|is not a registered user|group not found|invalid group/i,
    'address',
  ],
  [/couldn't process request/i, 'message'],
]

const posted = z.object({ timestamp: z.union([z.string(), z.number()]).transform(String) })
const refused = z.object({ error: z.string() })

/** Signal's own servers are behind this one: what it says in a 400 without known words may pass. */
function readAnswer(
  answer: HttpAnswer,
  { edited, hasFiles }: { edited: number | null; hasFiles: boolean },
  { form }: ChannelContext,
  facts: OutcomeFacts,
): Outcome | null {
  const { status } = answer
  const body = parseJson(answer.text)
  if (status === 200 || status === 201) {
    const { data } = posted.safeParse(body)
    if (data === undefined) return strangeAnswer('signal-cli-rest-api')
    // Later changes name the first message, not the one that took its place.
    const timestamp = edited === null ? data.timestamp : String(edited)
    return { kind: 'delivered', remote: { timestamp }, statusCode: status, text: `message ${data.timestamp}` }
  }
  const words = refused.safeParse(body).data?.error ?? ''
  if (status === 429 || /captcha|rate limit/i.test(words)) {
    return transientFromAnswer(answer, { ...facts, waitHints: [{ alwaysMs: throttledMs }] })
  }
  if (status === 413 && hasFiles) return withoutFilesFromAnswer(answer, facts)
  if (status === 413) return tooLongFromAnswer(answer, form, facts)
  if (status === 404) return permanentFromAnswer(answer, 'channel', facts)
  if (status !== 400) return null
  const scope = scopeOfWords.find(([pattern]) => pattern.test(words))?.[1]
  return scope === undefined ? transientFromAnswer(answer, facts) : permanentFromAnswer(answer, scope, facts)
}
