import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { cutText } from './cut-text.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { pushoverHtml } from './dialects/pushover-html.js'
import { type OutcomeFacts, permanentFromAnswer, withoutFilesFromAnswer } from './outcome-from-answer.js'
import { type Outline, outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { readAttachments } from './read-attachments.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** Pushover API, "Limits". */
const messageMax = 1_024
const titleMax = 250
const urlMax = 512
const urlTitleMax = 100
const imageBytesMax = 5_242_880
const shortMax = 300

const key = z.string().regex(/^[A-Za-z0-9]{30}$/, 'must be 30 letters and digits')
const seconds = z.number().int().max(10_800)

const settings = z.strictObject({
  base_url: baseUrl.prefault('https://api.pushover.net'),
  token: key.describe('The API token of an application of yours.'),
  user: key.optional().describe('A user key or group key, instead of the keys of recipients.'),
  device: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,25}$/, 'must be a device name')
    .optional()
    .describe('Only this device of the user.'),
  sound: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,20}$/, 'must be the name of a sound')
    .optional()
    .describe('A sound of Pushover, or one that was uploaded.'),
  emergency: z
    .strictObject({ retry: seconds.min(30).default(60), expire: seconds.min(30).default(3_600) })
    .optional()
    .describe('What is critical sounds every `retry` seconds for `expire` seconds, until somebody acknowledges it.'),
})
type Settings = z.infer<typeof settings>

export const pushover = defineChannel<Settings>({
  kind: 'pushover',
  label: 'Pushover',
  description: 'Pushes to phones by Pushover, on request until somebody acknowledges.',
  guide: {
    steps: [
      'At pushover.net, make an application, and copy its API token.',
      'Each person’s user key stands on the front page after signing in; a delivery group has a key of its own.',
      'For alarms that sound until somebody acknowledges, enter how often and for how long.',
    ],
    note: null,
  },
  settings,
  address: { schema: key, hint: 'a user key or group key' },
  destination: ({ user }) => (user === undefined ? null : `${user.slice(0, 4)}…`),
  secrets: ['token'],
  capabilities: {
    textMax: messageMax,
    textUnit: 'utf16',
    dialect: 'pushover_html',
    attachments: true,
    idempotent: false,
  },
  example: {
    settings: { token: null, emergency: { retry: 60, expire: 3_600 } },
    address: 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG',
  },
  // Pushover API, "Being friendly to our API": no more than two connections.
  concurrency: 2,
  // The only published limit is of a month, and its end is told with the answer.
  rates: { channel: null, address: null },
  send: push,
  async resolve(message, address, settings, context) {
    const cancelled = await cancelEmergency(settings, context)
    return isSettled(cancelled) ? push(message, address, settings, context) : cancelled
  },
  update: (_message, _address, settings, context) => cancelEmergency(settings, context),
})

const priorities: Record<Severity, number> = { critical: 1, error: 1, warning: 0, info: -1, resolved: 0 }

async function push(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const user = settings.user ?? address
  if (user === null || !key.safeParse(user).success) return wrongAddress('the address is not a Pushover key')
  const { token, device, sound } = settings
  const facts = factsOf(settings, context)
  const image = context.form === 'full' ? await readImage(message, context) : null
  const json = {
    token,
    user,
    device,
    sound,
    timestamp: unixSeconds(message.receivedAt),
    ...renderContent(outlineMessage(withAckLink(message, context)), context),
    ...urgency(message.severity, settings, context),
    ...image,
  }
  const url = `${settings.base_url}/1/messages.json`
  return callVendor({ url, json }, context, facts, (answer) =>
    answer.status === 413 && image !== null
      ? withoutFilesFromAnswer(answer, facts)
      : readAnswer(answer, settings, facts),
  )
}

/** The first image of the mail that Pushover takes: it has room for one (Pushover API, "Attachments"). */
async function readImage(message: Message, context: ChannelContext) {
  const isImage = (type: string): boolean => /^image\/(?:jpeg|png|gif)$/i.test(type)
  // The mail is read only when there is something in it to send.
  if (!message.attachments.some(({ contentType, sizeBytes }) => isImage(contentType) && sizeBytes <= imageBytesMax)) {
    return null
  }
  const { files } = await readAttachments('attachments', message, context)
  const image = files.find(({ contentType, content }) => isImage(contentType) && content.length <= imageBytesMax)
  if (image === undefined) return null
  return { attachment_base64: image.content.toString('base64'), attachment_type: image.contentType }
}

/** The first link is shown as the button of the message, the others in it. */
function renderContent(outline: Outline, { form }: ChannelContext) {
  const [first, ...others] = outline.links
  const button = first !== undefined && first.url.length <= urlMax ? first : null
  const room = { max: form === 'short' ? shortMax : messageMax, unit: 'utf16' as const, titled: false }
  const writer = form === 'plain' ? plainText : pushoverHtml
  const links = button === null ? outline.links : others
  return {
    title: cutText(`${outline.icon} ${outline.title}`, titleMax, 'utf16'),
    message: composeText({ ...outline, links }, writer, { ...room, short: form === 'short' }),
    ...(form === 'plain' ? {} : { html: 1 }),
    ...(button && { url: button.url, url_title: cutText(button.label, urlTitleMax, 'utf16') }),
  }
}

function urgency(severity: Severity, { emergency }: Settings, { ack, fingerprint }: ChannelContext) {
  if (severity !== 'critical' || emergency === undefined) return { priority: priorities[severity] }
  // Who acknowledges in the app is heard of by a POST to the page that the link leads to.
  const callback = ack === null || ack.url === null ? {} : { callback: ack.url }
  return { priority: 2, ...emergency, ...callback, tags: tagOf(fingerprint) }
}

/** Tags are divided by commas, and part of a URL; a fingerprint may have anything in it. */
function tagOf(fingerprint: string): string {
  return dedupKey(fingerprint, 64)
}

/** Stops the sounding of every emergency with this fingerprint (Receipts API, "Cancelling by tag"). */
async function cancelEmergency(settings: Settings, context: ChannelContext): Promise<Outcome> {
  if (settings.emergency === undefined || context.sent?.receipt === undefined) return nothingSounds
  const facts = { ...factsOf(settings, context), idempotent: true }
  const tag = encodeURIComponent(tagOf(context.fingerprint))
  const call = { url: `${settings.base_url}/1/receipts/cancel_by_tag/${tag}.json`, form: { token: settings.token } }
  return callVendor(call, context, facts, (answer) => readAnswer(answer, settings, facts))
}

const nothingSounds: Outcome = {
  kind: 'accepted',
  remote: {},
  statusCode: null,
  text: 'nothing to do: it sounded once only',
}

/** An emergency that cannot be cancelled ends by itself; what may still be cancelled later comes first. */
function isSettled({ kind }: Outcome): boolean {
  return kind === 'accepted' || kind === 'permanent'
}

function unixSeconds(ms: number): number | undefined {
  return ms >= 1_000 && ms < 4_102_444_800_000 ? Math.floor(ms / 1_000) : undefined
}

function factsOf({ token }: Settings, context: ChannelContext): OutcomeFacts {
  return {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    waitHints: [{ header: 'x-limit-app-reset', as: 'unix_seconds' }],
    secrets: [token],
  }
}

const pushoverAnswer = z.object({
  status: z.number(),
  request: z.string().optional(),
  receipt: z.string().optional(),
  token: z.string().optional(),
  user: z.string().optional(),
})

/** `status` 1 is success; any 4xx but 429 would be refused again, and names the field that is wrong. */
function readAnswer(answer: HttpAnswer, { user }: Settings, facts: OutcomeFacts): Outcome | null {
  const body = pushoverAnswer.safeParse(parseJson(answer.text)).data
  if (answer.status === 200) {
    if (body?.status !== 1) return strangeAnswer('Pushover')
    const remote = {
      ...(body.request !== undefined && { request: body.request }),
      ...(body.receipt !== undefined && { receipt: body.receipt }),
    }
    return { kind: 'accepted', remote, statusCode: 200, text: `request ${body.request ?? 'taken'}` }
  }
  if (answer.status < 400 || answer.status >= 500 || answer.status === 429) return null
  if (body?.token === 'invalid') return permanentFromAnswer(answer, 'channel', facts)
  if (body?.user === 'invalid') return permanentFromAnswer(answer, user === undefined ? 'address' : 'channel', facts)
  return answer.status === 401 || answer.status === 404
    ? permanentFromAnswer(answer, 'channel', facts)
    : permanentFromAnswer(answer, 'message', facts)
}
