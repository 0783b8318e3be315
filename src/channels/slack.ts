import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { defineChannel } from './define-channel.js'
import { renderSlack, renderSlackText } from './dialects/slack-mrkdwn.js'
import { type OutcomeFacts, outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { redactText } from './redact-text.js'
import { baseUrl, httpUrl } from './settings.js'

const slackAddress = z
  .string()
  .regex(
    /^(?:[CDGUW][A-Z0-9]{5,20}|#?[\p{L}\p{N}._-]{1,80})$/u,
    'must be a channel or member id like C012AB3CD, or #channel',
  )

const settings = z
  .strictObject({
    webhook_url: httpUrl.optional(),
    bot_token: z
      .string()
      .regex(/^xox[a-z]-[\w-]+$/, 'must look like xoxb-…')
      .optional(),
    channel: slackAddress.optional(),
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
  settings,
  address: { schema: slackAddress, hint: 'a member id (U…), a channel id (C…) or #channel; needs bot_token' },
  destination: ({ webhook_url, channel }) => channel ?? (webhook_url === undefined ? null : new URL(webhook_url).host),
  secrets: ['webhook_url', 'bot_token'],
  capabilities: { textMax: 3_000, textUnit: 'utf16', dialect: 'slack_mrkdwn', attachments: false, idempotent: false },
  concurrency: 4,
  async send(message, address, settings, context) {
    const outline = outlineMessage(message)
    const content = {
      ...(context.form === 'plain'
        ? { text: renderSlackText(outline) }
        : renderSlack(outline, context.form === 'short')),
      unfurl_links: false,
      unfurl_media: false,
    }
    const facts = {
      now: context.now(),
      idempotent: false,
      waitScope: 'channel' as const,
      secrets: [settings.webhook_url, settings.bot_token],
    }
    try {
      if (settings.webhook_url !== undefined) {
        const url = moveToBase(settings.webhook_url, settings.base_url)
        return readWebhookAnswer(await post(url, content, {}, context), context.form, facts)
      }
      const channel = settings.channel ?? address
      if (channel === null)
        return { kind: 'permanent', scope: 'address', statusCode: null, text: 'no Slack channel to send to' }
      const url = `${settings.base_url ?? 'https://slack.com'}/api/chat.postMessage`
      const headers = { authorization: `Bearer ${settings.bot_token}` }
      const answer = await post(url, { channel, parse: 'none', link_names: false, ...content }, headers, context)
      return readBotAnswer(answer, context.form, {
        ...facts,
        waitScope: settings.channel === undefined ? 'address' : 'channel',
      })
    } catch (error) {
      return outcomeFromError(error, facts)
    }
  },
})

function post(
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

function moveToBase(webhookUrl: string, base: string | undefined): string {
  if (base === undefined) return webhookUrl
  const { pathname, search } = new URL(webhookUrl)
  return `${base}${pathname}${search}`
}

type Scope = 'message' | 'address' | 'channel'

/** What Slack's error words mean for a delivery. A word that is not here counts as temporary: it may be a new one. */
const scopeOfWord = new Map<string, Scope>([
  ['invalid_payload', 'message'],
  ['no_text', 'message'],
  ['too_many_attachments', 'message'],
  ['msg_too_long', 'message'],
  ['msg_blocks_too_long', 'message'],
  ['invalid_blocks', 'message'],
  ['invalid_blocks_format', 'message'],
  ['channel_not_found', 'address'],
  ['channel_is_archived', 'address'],
  ['is_archived', 'address'],
  ['not_in_channel', 'address'],
  ['user_not_found', 'address'],
  ['users_not_found', 'address'],
  ['user_disabled', 'address'],
  ['cannot_dm_bot', 'address'],
  ['messages_tab_disabled', 'address'],
  ['restricted_action', 'address'],
  ['no_service', 'channel'],
  ['no_active_hooks', 'channel'],
  ['no_team', 'channel'],
  ['team_disabled', 'channel'],
  ['action_prohibited', 'channel'],
  ['posting_to_general_channel_denied', 'channel'],
  ['invalid_token', 'channel'],
  ['invalid_auth', 'channel'],
  ['not_authed', 'channel'],
  ['account_inactive', 'channel'],
  ['token_revoked', 'channel'],
  ['token_expired', 'channel'],
  ['missing_scope', 'channel'],
  ['no_permission', 'channel'],
  ['ekm_access_denied', 'channel'],
])

/** Incoming webhooks answer `200 ok`, or an error status with the word as plain text. */
function readWebhookAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome {
  const word = answer.text.trim().toLowerCase()
  if (answer.status >= 400 && answer.status < 500 && answer.status !== 429) {
    const outcome = outcomeFromWord(word, answer.status, form, facts)
    if (outcome) return outcome
  }
  return outcomeFromAnswer(answer, facts)
}

/** The Web API says 200 to everything and the truth in the body: `{ ok, ts, channel }` or `{ ok: false, error }`. */
function readBotAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome {
  if (answer.status !== 200) return outcomeFromAnswer(answer, facts)
  const body = botAnswer.safeParse(parseJson(answer.text))
  if (!body.success) return { kind: 'unknown', text: 'the answer was not one of the Slack API' }
  const { ok, error, ts, channel } = body.data
  if (ok)
    return {
      kind: 'delivered',
      remote: { ts: ts ?? '', channel: channel ?? '' },
      statusCode: 200,
      text: `message ${ts}`,
    }
  const word = error ?? 'unknown_error'
  const retried = { ...answer, status: word === 'ratelimited' ? 429 : 503, text: word }
  return outcomeFromWord(word, answer.status, form, facts) ?? outcomeFromAnswer(retried, facts)
}

const botAnswer = z.object({
  ok: z.boolean(),
  error: z.string().optional(),
  ts: z.string().optional(),
  channel: z.string().optional(),
})

function outcomeFromWord(
  word: string,
  statusCode: number,
  form: ChannelContext['form'],
  facts: OutcomeFacts,
): Outcome | null {
  const scope = scopeOfWord.get(word)
  if (scope === undefined) return null
  const text = redactText(`Slack says ${word}`, facts.secrets)
  if (word.startsWith('invalid_blocks') && form === 'full') return { kind: 'degrade', to: 'plain', statusCode, text }
  if (word.startsWith('msg_') && form !== 'short') return { kind: 'degrade', to: 'short', statusCode, text }
  return { kind: 'permanent', scope, statusCode, text }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
