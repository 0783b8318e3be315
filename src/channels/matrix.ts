import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, unknownMessage, wrongAddress } from './call-vendor.js'
import { cutText } from './cut-text.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { matrixHtml } from './dialects/matrix-html.js'
import { plainText } from './dialects/plain-text.js'
import { type MatrixMedia, readUploadMax, uploadFile } from './matrix-files.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { readAttachments } from './read-attachments.js'
import { sendFilesBehind } from './send-files.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/**
 * An event has at most 65,536 bytes as canonical JSON (Client-Server API, "Size limits"), the server's part of it
 * included. JSON writes at most two bytes for one of these, so both texts together leave a kilobyte in eight free.
 */
const plainBytesMax = 12_000
const htmlBytesMax = 16_000
const shortBytesMax = 1_000
const fallbackBytesMax = 400

const roomId = z
  .string()
  .max(255)
  .regex(
    /^![^\s/?#%]{1,254}$/,
    'must be a room id like !abc:example.org, from the advanced settings of the room (in quotes)',
  )

const settings = z.strictObject({
  base_url: baseUrl.describe('The homeserver, https://matrix.example.org, not the name in user ids.'),
  access_token: z
    .string()
    .regex(/^[\w.~+/=-]{1,1000}$/, 'must be an access token')
    .describe('Of the user that posts, who has to be in the room.'),
  room: roomId.optional().describe("Instead of each recipient's own room."),
  attach: z.enum(['attachments', 'none']).default('attachments').describe('Whether the files of a mail go along.'),
})
type Settings = z.infer<typeof settings>

export const matrix = defineChannel<Settings>({
  kind: 'matrix',
  label: 'Matrix',
  description:
    'Posts to Matrix rooms as a user of any homeserver; rooms with encryption show its messages as unencrypted.',
  guide: {
    steps: [
      'Make a user for MailTrigger on your homeserver, and sign in as it once.',
      'In Element: Settings, Help & About, Advanced shows its access token. Do not sign out afterwards: that ends the token.',
      'Invite the user to the room and accept. The room’s id (!…) stands under its settings, Advanced.',
    ],
    note: 'In rooms with encryption the messages are marked as not encrypted.',
  },
  settings,
  address: { schema: roomId, hint: 'the id of a room the bot has joined, like "!abc:example.org", in quotes' },
  destination: ({ room }) => room ?? null,
  secrets: ['access_token'],
  capabilities: {
    textMax: plainBytesMax,
    textUnit: 'bytes',
    dialect: 'matrix_html',
    attachments: true,
    idempotent: true,
  },
  example: {
    settings: { base_url: 'https://matrix.example.org', access_token: null, room: '!alerts:example.org' },
  },
  concurrency: 4,
  // Every homeserver has limits of its own, and says how long to wait.
  rates: { channel: null, address: null },
  send: postWithFiles,
  resolve(message, address, settings, context) {
    const before = readSent(context)
    const relation = before === null ? {} : { 'm.relates_to': { 'm.in_reply_to': { event_id: before.event } } }
    const content = { ...renderContent(message, context), ...relation }
    return postEvent(content, before?.room ?? address, settings, context)
  },
  async update(message, address, settings, context) {
    const before = readSent(context)
    if (before === null) return unknownMessage
    const content = {
      msgtype: 'm.text',
      // For clients that know no edits.
      body: cutText(`* ${outlineMessage(message).title}`, fallbackBytesMax, 'bytes'),
      'm.mentions': {},
      'm.new_content': renderContent(message, context),
      'm.relates_to': { rel_type: 'm.replace', event_id: before.event },
    }
    return postEvent(content, before.room ?? address, settings, context)
  },
})

/** The text first, for nobody is to wait for files; each of them is an event of its own behind it. */
async function postWithFiles(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  // A repeat comes behind what was sent with the files before.
  const attach = context.form === 'full' && context.sent === null ? settings.attach : 'none'
  const { files, notes } = await readAttachments(attach, message, context)
  const content = renderContent({ ...message, notes: [...message.notes, ...notes] }, context)
  const sent = await postEvent(content, address, settings, context)
  if (sent.kind !== 'delivered' || files.length === 0) return sent
  const room = sent.remote.room_id ?? ''
  const facts = factsOf(settings, context)
  const media: MatrixMedia = {
    baseUrl: settings.base_url,
    headers: authorize(settings),
    refuse: (answer) => readAnswer(answer, room, { ...context, form: 'short' }, facts),
  }
  const uploadMax = await readUploadMax(media, context)
  return sendFilesBehind(sent, files, async (file, number) => {
    const upload = await uploadFile(file, uploadMax, media, context, facts)
    if ('outcome' in upload) return upload.outcome
    return postEvent(upload.content, room, settings, context, `${context.deliveryId}-file-${number}`)
  })
}

/** The empty `m.mentions` says that the message mentions nobody, whatever names and `@room` its text has in it. */
function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const body = composeText(outline, plainText, { max: short ? shortBytesMax : plainBytesMax, unit: 'bytes', short })
  const content = { msgtype: 'm.text', body, 'm.mentions': {} }
  if (context.form === 'plain') return content
  const html = composeText(outline, matrixHtml, { max: short ? shortBytesMax : htmlBytesMax, unit: 'bytes', short })
  return { ...content, format: 'org.matrix.custom.html', formatted_body: html.replaceAll('\n', '<br>') }
}

/** The same transaction id again gives the event of the first time (Client-Server API, "Transaction identifiers"). */
async function postEvent(
  content: Record<string, unknown>,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
  transaction = context.deliveryId,
): Promise<Outcome> {
  const room = settings.room ?? address
  if (room === null || !roomId.safeParse(room).success) return wrongAddress('the address is not a Matrix room')
  const path = `${encodeURIComponent(room)}/send/m.room.message/${encodeURIComponent(transaction)}`
  const call = {
    method: 'PUT' as const,
    url: `${settings.base_url}/_matrix/client/v3/rooms/${path}`,
    headers: authorize(settings),
    json: content,
  }
  const facts = factsOf(settings, context)
  return callVendor(call, context, facts, (answer) => readAnswer(answer, room, context, facts))
}

function authorize({ access_token }: Settings): Record<string, string> {
  return { authorization: `Bearer ${access_token}` }
}

/** Null when no event is known. An event is of one room only. */
function readSent({ sent }: ChannelContext): { event: string; room: string | null } | null {
  const event = sent?.event_id ?? ''
  return /^\$\S{1,254}$/.test(event) ? { event, room: sent?.room_id ?? null } : null
}

function factsOf({ access_token }: Settings, context: ChannelContext): OutcomeFacts {
  return {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    waitHints: [{ json: ['retry_after_ms'], as: 'milliseconds' }],
    secrets: [access_token],
  }
}

/** What Matrix's error codes say that the status does not (Client-Server API, "Standard error response"). */
const scopeOfCode = new Map<string, 'message' | 'address' | 'channel'>([
  // Not in the room, or not allowed to write there.
  ['M_FORBIDDEN', 'address'],
  ['M_UNSUPPORTED_ROOM_VERSION', 'address'],
  ['M_ROOM_NOT_FOUND', 'address'],
  ['M_UNKNOWN_TOKEN', 'channel'],
  ['M_MISSING_TOKEN', 'channel'],
  ['M_USER_DEACTIVATED', 'channel'],
  ['M_USER_LOCKED', 'channel'],
  ['M_USER_SUSPENDED', 'channel'],
  ['M_CONSENT_NOT_GIVEN', 'channel'],
  ['M_UNRECOGNIZED', 'channel'],
  ['M_BAD_JSON', 'message'],
  ['M_NOT_JSON', 'message'],
  ['M_INVALID_PARAM', 'message'],
])

const posted = z.object({ event_id: z.string().min(1) })
const refused = z.object({ errcode: z.string() })

function readAnswer(answer: HttpAnswer, room: string, { form }: ChannelContext, facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status === 200) {
    const { data } = posted.safeParse(body)
    if (data === undefined) return strangeAnswer('Matrix')
    const remote = { event_id: data.event_id, room_id: room }
    return { kind: 'delivered', remote, statusCode: 200, text: `event ${data.event_id}` }
  }
  const code = refused.safeParse(body).data?.errcode ?? ''
  if (code === 'M_LIMIT_EXCEEDED') return transientFromAnswer(answer, facts)
  if (code === 'M_TOO_LARGE' || answer.status === 413) return tooLongFromAnswer(answer, form, facts)
  const scope = scopeOfCode.get(code)
  return scope === undefined || answer.status >= 500 ? null : permanentFromAnswer(answer, scope, facts)
}
