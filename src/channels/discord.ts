import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, unknownMessage } from './call-vendor.js'
import { cutText } from './cut-text.js'
import { defineChannel } from './define-channel.js'
import { composeText, renderCut } from './dialects/compose-text.js'
import { discordMarkdown } from './dialects/discord-markdown.js'
import { readDiscordRefusal } from './discord-answers.js'
import { encodeMultipart } from './encode-multipart.js'
import { formatIso } from './format-iso.js'
import { type OutcomeFacts, withoutFilesFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { type AttachedFile, readAttachments } from './read-attachments.js'
import { severityColours } from './severity-colours.js'
import { moveToBase, secretsOfUrl, webhookBase, webhookUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

/** Limits in UTF-16 units, markup included (Discord, "Embed limits"; all texts of an embed have 6,000 together). */
const embedTitleMax = 256
const embedTextMax = 4_096
const embedFooterMax = 1_000
const contentMax = 2_000
const shortMax = 600
const filesMax = 10
/** Of all files together; servers with boosts take more. */
const filesBytesMax = 10_000_000
/** Discord blocks clients that do not name themselves in this form (Discord, "User Agent"). */
const userAgent = 'DiscordBot (https://mailtrigger.app, 1)'

// In quotes: YAML would read it as a number, and round it to another's id.
const snowflake = z.string().regex(/^\d{15,20}$/, 'must be an id of 15 to 20 digits, in quotes')

const settings = z
  .strictObject({
    webhook_url: webhookUrl,
    thread_id: snowflake.optional().describe('Posts to this thread of the channel.'),
    thread_name: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe('Starts a thread of this name for each alert: forum channels need one.'),
    mention_roles: z.array(snowflake).max(20).default([]).describe('Ids of roles to mention with each alert.'),
    mention_users: z.array(snowflake).max(20).default([]).describe('Ids of members to mention with each alert.'),
    on_resolve: z
      .enum(['edit', 'message'])
      .default('edit')
      .describe('When it is over: `edit` turns the alert green in its place, `message` posts another one.'),
    attach: z
      .enum(['attachments', 'none'])
      .default('attachments')
      .describe("What is sent along: the mail's attachments, at most 10 and 10 MB, or nothing."),
    username: z.string().min(1).max(80).optional().describe('The name to post under, instead of the webhook’s.'),
    base_url: webhookBase,
  })
  .refine(({ thread_id, thread_name }) => thread_id === undefined || thread_name === undefined, {
    message: 'goes without thread_id: a message is in one thread',
    path: ['thread_name'],
  })
type Settings = z.infer<typeof settings>

export const discord = defineChannel<Settings>({
  kind: 'discord',
  label: 'Discord',
  description: 'Posts coloured embeds to a Discord channel or thread through a webhook.',
  guide: {
    steps: [
      'Open the settings of the channel, then Integrations, then Webhooks.',
      'Make a webhook and copy its URL.',
      'For a thread, turn on developer mode and copy the thread’s id. A forum needs a name for its threads.',
    ],
    note: 'Ids of roles and members are copied in developer mode, too: a right click on them.',
  },
  settings,
  address: null,
  destination: ({ webhook_url, thread_id }) => `${new URL(webhook_url).host}${thread_id ? ` thread ${thread_id}` : ''}`,
  secrets: ['webhook_url'],
  capabilities: {
    textMax: embedTextMax,
    textUnit: 'utf16',
    dialect: 'discord_markdown',
    attachments: true,
    idempotent: false,
  },
  example: { settings: { webhook_url: null, mention_roles: ['200000000000000001'] } },
  concurrency: 2,
  // Discord publishes its limits in headers only; a webhook is given about five messages in two seconds.
  rates: { channel: { count: 5, perMs: 2_000 }, address: null },
  send: post,
  resolve: (message, address, settings, context) =>
    settings.on_resolve === 'edit' && context.sent?.message_id
      ? edit(message, address, settings, context)
      : post(message, address, settings, context),
  update: edit,
})

const sentMessage = z.object({ id: z.string(), channel_id: z.string() })

async function post(
  message: Message,
  _address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const url = new URL(moveToBase(settings.webhook_url, settings.base_url))
  // Without it Discord answers before it has tried to save the message.
  url.searchParams.set('wait', 'true')
  if (settings.thread_id !== undefined) url.searchParams.set('thread_id', settings.thread_id)
  const { mention_roles, mention_users, thread_name, username } = settings
  const isOver = message.severity === 'resolved'
  const mentions = isOver ? [] : [...mention_roles.map((id) => `<@&${id}>`), ...mention_users.map((id) => `<@${id}>`)]
  const attached = await readAttachments(context.form === 'full' ? settings.attach : 'none', message, context)
  const { files, notes } = keepFiles(attached)
  const json = {
    ...renderContent({ ...message, notes: [...message.notes, ...notes] }, mentions.join(' '), context),
    // Whatever the mail says, only whom the settings name is called.
    allowed_mentions: { parse: [], roles: mention_roles, users: mention_users },
    ...(thread_name === undefined ? {} : { thread_name }),
    ...(username === undefined ? {} : { username }),
  }
  const call = { url: url.href, headers: { 'user-agent': userAgent } }
  const facts = factsOf(settings, context)
  if (files.length === 0) {
    return callVendor({ ...call, json }, context, facts, (answer) => readAnswer(answer, settings, context))
  }
  const parts = files.map((file, index) => ({ name: `files[${index}]`, file }))
  const bytes = encodeMultipart({ name: 'payload_json', value: json }, parts, context.deliveryId)
  return callVendor({ ...call, bytes }, context, facts, (answer) =>
    answer.status === 413 ? withoutFilesFromAnswer(answer, facts) : readAnswer(answer, settings, context),
  )
}

/** As many files as a message takes (Discord, "Uploading files"), and notes on the others. */
function keepFiles({ files, notes }: { files: AttachedFile[]; notes: string[] }) {
  let sizeBytes = 0
  const kept = files
    .filter(({ content }) => {
      if (sizeBytes + content.length > filesBytesMax) return false
      sizeBytes += content.length
      return true
    })
    .slice(0, filesMax)
  const left = files.length - kept.length
  return { files: kept, notes: left === 0 ? notes : [...notes, `attachments left out, for want of room: ${left}`] }
}

/** Puts the message in place of the one that was sent. An edit calls nobody. */
async function edit(
  message: Message,
  _address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const { message_id, channel_id } = context.sent ?? {}
  if (!/^\d{1,20}$/.test(message_id ?? '')) return unknownMessage
  const url = new URL(moveToBase(settings.webhook_url, settings.base_url))
  url.pathname += `/messages/${message_id}`
  const thread = settings.thread_id ?? (settings.thread_name === undefined ? undefined : channel_id)
  if (thread) url.searchParams.set('thread_id', thread)
  const json = { content: '', embeds: [], ...renderContent(message, '', context), allowed_mentions: { parse: [] } }
  const call = { method: 'PATCH' as const, url: url.href, headers: { 'user-agent': userAgent }, json }
  return callVendor(call, context, factsOf(settings, context), (answer) => readAnswer(answer, settings, context))
}

function renderContent(message: Message, mentions: string, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  if (context.form === 'plain') {
    const text = composeText(outline, discordMarkdown, { max: contentMax - mentions.length - 1, unit: 'utf16' })
    return { content: `${mentions}\n${text}`.trim() }
  }
  const timestamp = formatIso(message.receivedAt)
  const title = renderCut(outline.title, embedTitleMax - outline.icon.length - 1, 'utf16', discordMarkdown.text)
  const room = { max: short ? shortMax : embedTextMax, unit: 'utf16' as const, short, titled: false }
  const embed = {
    title: `${outline.icon} ${title}`,
    description: composeText({ ...outline, foot: '' }, discordMarkdown, room),
    color: severityColours[message.severity],
    footer: { text: cutText(outline.foot, embedFooterMax, 'utf16') },
    ...(timestamp === null ? {} : { timestamp }),
  }
  return { ...(mentions === '' ? {} : { content: mentions }), embeds: [embed] }
}

function readAnswer(answer: HttpAnswer, settings: Settings, context: ChannelContext): Outcome | null {
  if (answer.status >= 300) return readDiscordRefusal(answer, context.form, factsOf(settings, context))
  const sent = sentMessage.safeParse(parseJson(answer.text))
  if (!sent.success) return strangeAnswer('Discord')
  const remote = { message_id: sent.data.id, channel_id: sent.data.channel_id }
  return { kind: 'delivered', remote, statusCode: answer.status, text: `message ${sent.data.id}` }
}

function factsOf({ webhook_url }: Settings, context: ChannelContext): OutcomeFacts {
  return {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    waitHints: [{ json: ['retry_after'], as: 'seconds' }],
    secrets: secretsOfUrl(webhook_url),
  }
}
