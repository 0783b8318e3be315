import { z } from 'zod'
import type { ChannelContext, Form, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { renderGoogleChat, renderGoogleChatText } from './dialects/google-chat.js'
import { type OutcomeFacts, permanentFromAnswer, tooRichFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { moveToBase, secretsOfUrl, webhookBase, webhookUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

const settings = z.strictObject({
  webhook_url: webhookUrl,
  base_url: webhookBase,
})
type Settings = z.infer<typeof settings>

export const googlechat = defineChannel<Settings>({
  kind: 'googlechat',
  label: 'Google Chat',
  description: 'Posts cards to a Google Chat space through a webhook.',
  guide: {
    steps: [
      'Open the space in Google Chat in a browser, and its menu: Apps and integrations.',
      'Add a webhook and copy its URL, with key and token.',
    ],
    note: 'All webhooks of a space share 60 messages a minute.',
  },
  settings,
  address: null,
  destination: ({ webhook_url }) => new URL(webhook_url).host,
  secrets: ['webhook_url'],
  capabilities: { textMax: 9_000, textUnit: 'bytes', dialect: 'google_chat', attachments: false, idempotent: true },
  concurrency: 2,
  // Google Chat, "Limits": 60 messages a minute to a space, by all of its webhooks together.
  rates: { channel: { count: 60, perMs: 60_000 }, address: null },
  send: (message, _address, settings, context) => post(message, null, settings, context),
  // The end of an alert answers in its thread. A repeat must not: threads wake few.
  resolve: (message, _address, settings, context) => post(message, context.sent?.thread || null, settings, context),
})

async function post(
  message: Message,
  thread: string | null,
  { webhook_url, base_url }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const url = new URL(moveToBase(webhook_url, base_url))
  // The message of an earlier attempt with the same id is given instead of a second one.
  url.searchParams.set('requestId', context.deliveryId)
  if (thread !== null) url.searchParams.set('messageReplyOption', 'REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD')
  const outline = outlineMessage(withAckLink(message, context))
  const content =
    context.form === 'plain' ? renderGoogleChatText(outline) : renderGoogleChat(outline, context.form === 'short')
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    secrets: secretsOfUrl(webhook_url),
  }
  const call = { url: url.href, json: { ...content, ...(thread === null ? {} : { thread: { name: thread } }) } }
  return callVendor(call, context, facts, (answer) => readAnswer(answer, context.form, facts))
}

const sentMessage = z.object({ name: z.string(), thread: z.object({ name: z.string() }).optional() })
const refusal = z.object({ error: z.object({ status: z.string(), message: z.string() }) })

function readAnswer(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status < 300) {
    const { data } = sentMessage.safeParse(body)
    if (data === undefined) return strangeAnswer('Google Chat')
    const remote = { name: data.name, thread: data.thread?.name ?? '' }
    return { kind: 'delivered', remote, statusCode: answer.status, text: `message ${data.name}` }
  }
  const { data } = refusal.safeParse(body)
  switch (data?.error.status) {
    case 'INVALID_ARGUMENT':
      // A key that is not valid is an invalid argument, too.
      if (/\b(?:key|token)\b/i.test(data.error.message)) return permanentFromAnswer(answer, 'channel', facts)
      return tooRichFromAnswer(answer, form, facts)
    case 'UNAUTHENTICATED':
    case 'PERMISSION_DENIED':
    case 'NOT_FOUND':
      return permanentFromAnswer(answer, 'channel', facts)
    default:
      return null
  }
}
