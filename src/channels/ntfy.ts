import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer, unknownMessage, wrongAddress } from './call-vendor.js'
import { cutText, measureText } from './cut-text.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { type NtfyFile, renderFurtherFile, renderWithFile } from './ntfy-files.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
  withoutFilesFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { readAttachments } from './read-attachments.js'
import { sendFilesBehind } from './send-files.js'
import { baseUrl } from './settings.js'

/** What is longer becomes an attachment without a word, or is refused (ntfy docs, "Limitations"). */
const messageBytesMax = 4_096
/** The server reads no more JSON than twice the message (server.go, handlePublish). */
const jsonBytesMax = 2 * messageBytesMax
const titleBytesMax = 512
const urlLengthMax = 1_000
const shortBytesMax = 1_000

const topicName = z.string().regex(/^[-_A-Za-z0-9]{1,64}$/, 'must be a topic: at most 64 of A-Z a-z 0-9 - _')

const settings = z
  .strictObject({
    base_url: baseUrl.prefault('https://ntfy.sh'),
    topic: topicName.optional().describe("Instead of each recipient's own topic."),
    token: z
      .string()
      .regex(/^[\w.-]{1,200}$/, 'must be an access token')
      .optional()
      .describe('An access token (tk_…) for topics that are protected.'),
    user: z
      .string()
      .regex(/^[^:\p{Cc}]{1,200}$/u, 'has a colon or a control character')
      .optional()
      .describe('With a password, instead of a token.'),
    password: z.string().min(1).max(1_000).optional().describe('Of the user.'),
    attach: z
      .enum(['attachments', 'none'])
      .default('attachments')
      .describe('Whether the files of a mail go along; the server keeps them for three hours, if nothing else is set.'),
  })
  .refine((given) => (given.user === undefined) === (given.password === undefined), {
    message: 'user and password go together',
    path: ['password'],
  })
  .refine((given) => given.token === undefined || given.user === undefined, 'needs either token or user and password')
type Settings = z.infer<typeof settings>

/**
 * Follow-ups carry the sequence id of the first message, which they take the place of (from ntfy 2.16 on; older servers
 * show them as messages of their own).
 */
export const ntfy = defineChannel<Settings>({
  kind: 'ntfy',
  label: 'ntfy',
  description: 'Pushes to the subscribers of ntfy topics, on ntfy.sh or a server of your own.',
  guide: {
    steps: [
      'Choose a topic that nobody guesses: on ntfy.sh whoever knows it reads along.',
      'Subscribe to it in the ntfy app.',
      'On a server with accounts, make a token (tk_…) that may write to the topic.',
    ],
    note: 'ntfy.sh takes 250 messages a day of each address for free.',
  },
  settings,
  address: { schema: topicName, hint: 'a topic name' },
  destination: ({ topic }) => topic ?? null,
  secrets: ['token', 'password'],
  capabilities: { textMax: messageBytesMax, textUnit: 'bytes', dialect: 'plain', attachments: true, idempotent: true },
  acknowledgedBy: 'button',
  example: { settings: { topic: 'alerts', token: null } },
  concurrency: 4,
  // ntfy docs, "Limitations": 60 requests at once, and one more every 5 seconds.
  rates: { channel: { count: 60, perMs: 300_000 }, address: null },
  send: (message, address, settings, context) =>
    publish(message, priorities[message.severity], address, settings, context),
  updatesOnce: true,
  async update(message, address, settings, context) {
    // Who acknowledged is good to know, but nothing to wake anybody for.
    return readSequence(context) === null ? unknownMessage : publish(message, 1, address, settings, context)
  },
})

const priorities: Record<Severity, number> = { critical: 5, error: 4, warning: 3, info: 2, resolved: 2 }

/** ntfy shows these tags as emoji before the title. */
const severityTags: Record<Severity, string> = {
  critical: 'red_circle',
  error: 'orange_circle',
  warning: 'yellow_circle',
  info: 'large_blue_circle',
  resolved: 'green_circle',
}

async function publish(
  message: Message,
  priority: number,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const topic = settings.topic ?? address
  if (topic === null || !topicName.safeParse(topic).success) return wrongAddress('the address is not an ntfy topic')
  const target = { topic, sequence: readSequence(context) ?? context.deliveryId }
  // What takes the place of a message, and a repeat, have been there with the files before.
  const attach = context.form === 'full' && context.sent === null ? settings.attach : 'none'
  const { files, notes } = await readAttachments(attach, message, context)
  const said = renderContent({ ...message, notes: [...message.notes, ...notes] }, context)
  const content = { priority, sequence_id: target.sequence, ...said }
  const [file, ...others] = files
  if (file === undefined) return postJson({ topic, ...content }, target, settings, context)
  const sent = await putFile(renderWithFile(content, file), target, settings, context)
  if (sent.kind !== 'accepted') return sent
  return sendFilesBehind(sent, others, (other, number) =>
    putFile(renderFurtherFile(other, number, context), target, settings, context),
  )
}

interface Target {
  topic: string
  sequence: string
}

function postJson(json: unknown, target: Target, settings: Settings, context: ChannelContext): Promise<Outcome> {
  const call = { url: `${settings.base_url}/`, headers: authorize(settings), json }
  return callVendor(call, context, factsOf(settings, context), (answer) =>
    readAnswer(answer, target.sequence, settings, context),
  )
}

function putFile(
  { headers, body }: NtfyFile,
  { topic, sequence }: Target,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const call = {
    method: 'PUT' as const,
    url: `${settings.base_url}/${topic}`,
    headers: { ...authorize(settings), ...headers },
    bytes: { contentType: 'application/octet-stream', body },
  }
  const facts = factsOf(settings, context)
  return callVendor(call, context, facts, (answer) =>
    refusesFile(answer) ? withoutFilesFromAnswer(answer, facts) : readAnswer(answer, sequence, settings, context),
  )
}

/**
 * No room for files, or none are allowed; 41301 is that this one is too large, or too much of today's traffic. A server
 * in front may think so, too, or may not like the long headers.
 */
function refusesFile({ status, text }: HttpAnswer): boolean {
  const code = refused.safeParse(parseJson(text)).data?.code ?? 0
  return [40_014, 41_301, 42_905].includes(code) || (code === 0 && (status === 413 || status === 431))
}

/** The message's text, as much of it as leaves the whole within what the server reads. */
function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(message)
  const { ack, form } = context
  const click = outline.links[0]?.url
  const content = {
    title: cutText(outline.title, titleBytesMax, 'bytes'),
    tags: [severityTags[message.severity]],
    ...(click === undefined || click.length > urlLengthMax ? {} : { click }),
    ...(ack === null || ack.url === null ? {} : { actions: [acknowledge(ack.url)] }),
  }
  const compose = (max: number): string =>
    composeText(outline, plainText, { max, unit: 'bytes', short: form === 'short', titled: false })
  const whole = compose(form === 'short' ? shortBytesMax : messageBytesMax)
  // 200 bytes hold the topic, the sequence id, the priority and their names.
  const room = jsonBytesMax - 200 - jsonBytes(content)
  // At worst, JSON writes two bytes for one.
  return { ...content, message: jsonBytes(whole) <= room ? whole : compose(Math.floor(room / 2) - 2) }
}

function jsonBytes(value: unknown): number {
  return measureText(JSON.stringify(value), 'bytes')
}

/** Pressed on the phone, it acknowledges at once: the POST is what the page behind the link would do. */
function acknowledge(url: string) {
  return { action: 'http', label: 'Acknowledge', url, method: 'POST', clear: true }
}

function readSequence({ sent }: ChannelContext): string | null {
  const sequence = sent?.sequence_id ?? ''
  return /^[-_A-Za-z0-9]{1,64}$/.test(sequence) ? sequence : null
}

function authorize({ token, user, password }: Settings): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (user === undefined) return {}
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` }
}

function factsOf(settings: Settings, context: ChannelContext): OutcomeFacts {
  const { token, user, password } = settings
  const basic = user === undefined ? undefined : Buffer.from(`${user}:${password}`).toString('base64')
  return { now: context.now(), idempotent: true, waitScope: 'channel', secrets: [token, password, basic] }
}

const published = z.object({ id: z.string().min(1) })
const refused = z.object({ code: z.number() })
/** Messages and bandwidth of a day. No answer of ntfy says how long to wait. */
const dailyQuotas = [42_905, 42_908]

/** ntfy's own codes (server/errors.go): the HTTP status with two more digits. */
function readAnswer(answer: HttpAnswer, sequence: string, settings: Settings, context: ChannelContext): Outcome | null {
  const facts = factsOf(settings, context)
  const body = parseJson(answer.text)
  if (answer.status === 200) {
    const { data } = published.safeParse(body)
    if (data === undefined) return strangeAnswer('ntfy')
    const remote = { message_id: data.id, sequence_id: sequence }
    return { kind: 'accepted', remote, statusCode: 200, text: `message ${data.id}` }
  }
  const code = refused.safeParse(body).data?.code ?? 0
  // 40009, 40010: no topic of such a name. 50701: nobody has subscribed to this UnifiedPush topic.
  if ([40_009, 40_010, 50_701].includes(code)) return permanentFromAnswer(answer, 'address', facts)
  if ([40_014, 41_301, 41_303].includes(code)) return tooLongFromAnswer(answer, context.form, facts)
  if (answer.status === 429) {
    const alwaysMs = dailyQuotas.includes(code) ? 3_600_000 : 10_000
    return transientFromAnswer(answer, { ...facts, waitHints: [{ alwaysMs }] })
  }
  if (answer.status === 404) return permanentFromAnswer(answer, 'channel', facts)
  if (answer.status === 403 && settings.topic === undefined) return permanentFromAnswer(answer, 'address', facts)
  return null
}
