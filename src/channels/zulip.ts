import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, unknownMessage, wrongAddress } from './call-vendor.js'
import { cutText } from './cut-text.js'
import { defineChannel } from './define-channel.js'
import { renderZulip } from './dialects/zulip-markdown.js'
import { type OutcomeFacts, permanentFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { baseUrl, mailAddress, textOrNumber } from './settings.js'
import { withAckLink } from './with-ack-link.js'
import { type UploadedFile, uploadFiles } from './zulip-files.js'

/** Zulip cuts what is longer without a word (Zulip API, "Send a message"). Both are characters. */
const contentMax = 10_000
const topicMax = 60
const shortMax = 1_000
/** Zulip itself marks a topic that is over so ("Resolve a topic"); the mark counts. */
const resolvedMark = '✔ '

const userName = z.union([mailAddress, z.string().regex(/^\d{1,12}$/)])

const settings = z.strictObject({
  base_url: baseUrl.describe("The organization's URL."),
  email: mailAddress.describe('Of the bot that posts.'),
  api_key: z
    .string()
    .regex(/^[\w-]{1,200}$/, 'must be the API key of a bot')
    .describe("The bot's key."),
  attach: z.enum(['attachments', 'none']).default('attachments').describe('Whether the files of a mail are uploaded.'),
  channel: z.string().min(1).max(60).optional().describe('Instead of direct messages to the recipients.'),
  topic: z.string().min(1).max(topicMax).optional().describe('One for everything, instead of one for each title.'),
})
type Settings = z.infer<typeof settings>

/** Where a message goes, as Zulip's fields say it. */
type Target = { type: 'stream'; to: string; topic: string } | { type: 'direct'; to: string }

export const zulip = defineChannel<Settings>({
  kind: 'zulip',
  label: 'Zulip',
  description: 'Posts as a bot to a channel of Zulip, one topic for an alert and its end, or to people.',
  guide: {
    steps: [
      'In your organization: Personal settings, Bots, Add a new bot, of the type Incoming webhook or Generic.',
      'Copy the bot’s mail address and its API key.',
      'Name the channel to post to, or leave it empty to write to people.',
    ],
    note: 'A bot of the type Incoming webhook can only post: that is enough.',
  },
  settings,
  address: { schema: textOrNumber(userName), hint: 'the mail address or user id somebody has on Zulip' },
  destination: ({ channel }) => channel ?? null,
  secrets: ['api_key'],
  capabilities: {
    textMax: contentMax,
    textUnit: 'code_points',
    dialect: 'common_mark',
    attachments: true,
    idempotent: false,
  },
  example: {
    settings: {
      base_url: 'https://example.zulipchat.com',
      email: 'alerts-bot@example.zulipchat.com',
      api_key: null,
      channel: 'ops',
    },
  },
  concurrency: 4,
  // Zulip API, "Rate limits": 200 requests a minute, by default.
  rates: { channel: { count: 200, perMs: 60_000 }, address: null },
  send: post,
  async resolve(message, address, settings, context) {
    const outcome = await post(message, address, settings, context)
    if (outcome.kind === 'delivered') await resolveTopic(settings, context, outcome.remote)
    return outcome
  },
  async update(message, _address, settings, context) {
    const id = readMessageId(context.sent)
    if (id === null) return unknownMessage
    const form = { content: renderContent(message, [], context) }
    const call = { ...callOf('PATCH', `messages/${id}`, settings), form }
    const facts = { ...factsOf(settings, context), idempotent: true }
    return callVendor(call, context, facts, (answer) => readAnswer(answer, { message_id: id }, settings, facts))
  },
})

async function post(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const target = findTarget(message, address, settings, context)
  if (target === null) return wrongAddress('the address is not a user of Zulip')
  // A repeat refers to what is there already.
  const attach = context.form === 'full' && context.sent === null ? settings.attach : 'none'
  const { links, notes } = await uploadFiles(attach, message, callOf('POST', 'user_uploads', settings), context)
  const content = renderContent({ ...message, notes: [...message.notes, ...notes] }, links, context)
  const call = { ...callOf('POST', 'messages', settings), form: { ...target, content } }
  const facts = factsOf(settings, context)
  const remote: Record<string, string> = target.type === 'stream' ? { topic: target.topic } : {}
  return callVendor(call, context, facts, (answer) => readAnswer(answer, remote, settings, facts))
}

/** What follows an alert goes to its topic, whatever its own title. */
function findTarget(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Target | null {
  if (settings.channel !== undefined) {
    const known = settings.topic ?? context.sent?.topic
    const topic = known ?? cutText(outlineMessage(message).title, topicMax - resolvedMark.length, 'code_points')
    return { type: 'stream', to: settings.channel, topic }
  }
  const user = userName.safeParse(address).data
  if (user === undefined) return null
  return { type: 'direct', to: JSON.stringify([/^\d+$/.test(user) ? Number(user) : user]) }
}

function renderContent(message: Message, files: UploadedFile[], context: ChannelContext): string {
  const short = context.form === 'short'
  const outline = outlineMessage(withAckLink(message, context))
  const links = [...outline.links, ...files]
  return renderZulip({ ...outline, links }, { max: short ? shortMax : contentMax, unit: 'code_points', short })
}

/**
 * Marks the topic as resolved, which Zulip does by its name. It is not always allowed, and whether it works changes
 * nothing: the message that it is over has arrived.
 */
async function resolveTopic(settings: Settings, context: ChannelContext, sent: Record<string, string>): Promise<void> {
  const { topic, message_id: id } = sent
  // A topic for everything is never over.
  if (settings.topic !== undefined || topic === undefined || id === undefined) return
  if (topic.startsWith(resolvedMark)) return
  const form = {
    topic: `${resolvedMark}${topic}`,
    propagate_mode: 'change_all',
    send_notification_to_old_thread: 'false',
    send_notification_to_new_thread: 'false',
  }
  const call = { ...callOf('PATCH', `messages/${id}`, settings), form }
  await callVendor(call, context, factsOf(settings, context), () => null)
}

function callOf(method: 'POST' | 'PATCH', path: string, { base_url, email, api_key }: Settings) {
  return {
    method,
    url: `${base_url}/api/v1/${path}`,
    headers: { authorization: `Basic ${encodeLogin(email, api_key)}` },
  }
}

function encodeLogin(email: string, apiKey: string): string {
  return Buffer.from(`${email}:${apiKey}`).toString('base64')
}

function readMessageId(sent: Record<string, string> | null): string | null {
  const id = sent?.message_id ?? ''
  return /^\d{1,16}$/.test(id) ? id : null
}

function factsOf({ email, api_key }: Settings, context: ChannelContext): OutcomeFacts {
  return {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    waitHints: [{ json: ['retry-after'], as: 'seconds' }],
    secrets: [api_key, encodeLogin(email, api_key)],
  }
}

/** What Zulip's codes say that the status does not (Zulip API, "Error handling"). */
const scopeOfCode = new Map<string, 'message' | 'address' | 'channel'>([
  ['STREAM_DOES_NOT_EXIST', 'address'],
  ['TOPIC_WILDCARD_MENTION_NOT_ALLOWED', 'message'],
  ['STREAM_WILDCARD_MENTION_NOT_ALLOWED', 'message'],
  ['INVALID_API_KEY', 'channel'],
  ['UNAUTHORIZED', 'channel'],
  ['USER_DEACTIVATED', 'channel'],
  ['REALM_DEACTIVATED', 'channel'],
  ['NONEXISTENT_SUBDOMAIN', 'channel'],
])

const zulipAnswer = z.object({
  result: z.enum(['success', 'error']),
  id: z.number().int().optional(),
  code: z.string().optional(),
  msg: z.string().optional(),
})

/** `sent` is what is known of the message beside the id of the answer. */
function readAnswer(
  answer: HttpAnswer,
  sent: Record<string, string>,
  settings: Settings,
  facts: OutcomeFacts,
): Outcome | null {
  const body = zulipAnswer.safeParse(parseJson(answer.text)).data
  if (answer.status === 200) {
    const id = body?.id?.toString() ?? sent.message_id
    if (body?.result !== 'success' || id === undefined) return strangeAnswer('Zulip')
    return { kind: 'delivered', remote: { ...sent, message_id: id }, statusCode: 200, text: `message ${id}` }
  }
  if (answer.status < 400 || answer.status >= 500 || answer.status === 429) return null
  const scope = scopeOfCode.get(body?.code ?? '')
  if (scope !== undefined) return permanentFromAnswer(answer, scope, facts)
  if (answer.status === 404) return permanentFromAnswer(answer, 'channel', facts)
  // People that are not there have no code of their own: "Invalid email 'tim@example.org'", "Invalid user ID 7".
  const isUnknownUser = settings.channel === undefined && /invalid (?:email|user)/i.test(body?.msg ?? '')
  return isUnknownUser ? permanentFromAnswer(answer, 'address', facts) : null
}
