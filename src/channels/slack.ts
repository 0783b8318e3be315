import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { defineChannel } from './define-channel.js'
import { renderSlack, renderSlackText } from './dialects/slack-mrkdwn.js'
import { type OutcomeFacts, outcomeFromError } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { baseUrl } from './settings.js'
import { readBotAnswer, readWebhookAnswer } from './slack-answers.js'
import { moveToBase, secretsOfUrl, webhookUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

const slackAddress = z
  .string()
  .regex(
    /^(?:[CDGUW][A-Z0-9]{5,20}|#?[\p{L}\p{N}._-]{1,80})$/u,
    'must be a channel or member id like C012AB3CD, or #channel',
  )

const settings = z
  .strictObject({
    webhook_url: webhookUrl.optional(),
    bot_token: z
      .string()
      .regex(/^xox[a-z]-[\w-]+$/, 'must look like xoxb-…')
      .optional()
      .describe('The token of a bot with chat:write; then messages are changed when somebody acknowledges.'),
    channel: slackAddress.optional().describe('The bot posts everything here, not to people.'),
    mention: z
      .array(
        z
          .string()
          .regex(/^(?:channel|here|everyone|[USW][A-Z0-9]{5,20})$/, 'must be channel, here, or an id like U012AB3CD'),
      )
      .max(20)
      .default([])
      .describe('Whom to mention with each alert: channel, here, everyone, or ids of members and user groups.'),
    base_url: baseUrl.optional(),
  })
  .refine(
    (given) => (given.webhook_url === undefined) !== (given.bot_token === undefined),
    'needs either webhook_url or bot_token',
  )
  .refine((given) => given.channel === undefined || given.bot_token !== undefined, {
    message: 'only a bot_token can choose the channel; a webhook posts where it was made for',
    path: ['channel'],
  })
type Settings = z.infer<typeof settings>

export const slack = defineChannel<Settings>({
  kind: 'slack',
  label: 'Slack',
  description: 'Posts to Slack through an incoming webhook, or as a bot to a channel or to people.',
  guide: {
    steps: [
      'At api.slack.com/apps, make an app in your workspace.',
      'For one channel: turn on Incoming Webhooks, add one to the workspace, and copy its URL.',
      'For several channels and people: give the app the bot scope `chat:write`, install it, and copy the token (xoxb-…).',
      'A bot has to be invited to each channel: `/invite @bot`.',
    ],
    note: 'With the bot’s token, messages are changed when somebody acknowledges; a webhook cannot do that.',
  },
  settings,
  address: { schema: slackAddress, hint: 'a member id (U…), a channel id (C…) or #channel; needs bot_token' },
  destination: ({ webhook_url, channel }) => channel ?? (webhook_url === undefined ? null : new URL(webhook_url).host),
  secrets: ['webhook_url', 'bot_token'],
  capabilities: { textMax: 3_000, textUnit: 'utf16', dialect: 'slack_mrkdwn', attachments: false, idempotent: false },
  example: { settings: { bot_token: null }, address: 'U012AB3CD' },
  concurrency: 4,
  // Slack, "Rate limits": one message a second to a channel, and through an incoming webhook.
  rates: { channel: { count: 1, perMs: 1_000 }, address: { count: 1, perMs: 1_000 } },
  send: (message, address, settings, context) => post(message, { address, thread: null }, settings, context),
  // The end of an alert answers in its thread. A repeat must not: threads wake nobody.
  resolve: (message, address, settings, context) => post(message, { address, thread: context.sent }, settings, context),
  update: changeMessage,
})

async function post(
  message: Message,
  to: { address: string | null; thread: Record<string, string> | null },
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  // What is over calls nobody.
  const isOver = to.thread !== null || message.severity === 'resolved'
  const content = addMentions(renderContent(message, context), isOver ? [] : settings.mention)
  const facts = factsOf(settings, context)
  const channel = settings.channel ?? to.address
  try {
    if (settings.webhook_url !== undefined) {
      const url = moveToBase(settings.webhook_url, settings.base_url)
      return readWebhookAnswer(await postJson(url, content, {}, context), context.form, facts)
    }
    if (channel === null)
      return { kind: 'permanent', scope: 'address', statusCode: null, text: 'no Slack channel to send to' }
    const thread = to.thread?.ts ? { channel: to.thread.channel || channel, thread_ts: to.thread.ts } : {}
    const answer = await callApi('chat.postMessage', { channel, ...thread, ...content }, settings, context)
    return readBotAnswer(answer, context.form, facts)
  } catch (error) {
    return outcomeFromError(error, facts)
  }
}

async function changeMessage(
  message: Message,
  _address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  if (settings.webhook_url !== undefined) {
    const text = 'nothing to do: what an incoming webhook posted cannot be changed'
    return { kind: 'accepted', remote: {}, statusCode: null, text }
  }
  const { ts, channel } = context.sent ?? {}
  if (!ts || !channel) {
    const text = 'it is not known which message was sent'
    return { kind: 'permanent', scope: 'message', statusCode: null, text }
  }
  const facts = factsOf(settings, context)
  try {
    const answer = await callApi('chat.update', { channel, ts, ...renderContent(message, context) }, settings, context)
    return readBotAnswer(answer, context.form, facts)
  } catch (error) {
    return outcomeFromError(error, facts)
  }
}

function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const rendered =
    context.form === 'plain' ? { text: renderSlackText(outline) } : renderSlack(outline, context.form === 'short')
  return { ...rendered, unfurl_links: false, unfurl_media: false }
}

/** Whatever the mail says is escaped; these are the only words that call anybody. */
function addMentions(content: ReturnType<typeof renderContent>, mentions: string[]) {
  if (mentions.length === 0) return content
  const text = mentions.map(writeMention).join(' ')
  const calling = { type: 'section', text: { type: 'mrkdwn', text } }
  const blocks = 'blocks' in content ? { blocks: [calling, ...content.blocks] } : {}
  return { ...content, text: `${text} ${content.text}`, ...blocks }
}

/** Slack, "Formatting text for app surfaces": members, user groups (`S…`), and everybody by a word. */
function writeMention(mention: string): string {
  if (/^[a-z]/.test(mention)) return `<!${mention}>`
  return mention.startsWith('S') ? `<!subteam^${mention}>` : `<@${mention}>`
}

function factsOf(settings: Settings, context: ChannelContext): OutcomeFacts {
  const hasOwnPlace = settings.webhook_url !== undefined || settings.channel !== undefined
  return {
    now: context.now(),
    idempotent: false,
    waitScope: hasOwnPlace ? 'channel' : 'address',
    secrets: [...(settings.webhook_url === undefined ? [] : secretsOfUrl(settings.webhook_url)), settings.bot_token],
  }
}

function callApi(
  method: 'chat.postMessage' | 'chat.update',
  content: Record<string, unknown>,
  settings: Settings,
  context: ChannelContext,
): Promise<HttpAnswer> {
  const url = `${settings.base_url ?? 'https://slack.com'}/api/${method}`
  const headers = { authorization: `Bearer ${settings.bot_token}` }
  return postJson(url, { parse: 'none', link_names: false, ...content }, headers, context)
}

function postJson(
  url: string,
  content: unknown,
  headers: Record<string, string>,
  context: ChannelContext,
): Promise<HttpAnswer> {
  return context.request({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(content),
    signal: context.signal,
  })
}
