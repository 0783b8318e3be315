import { z } from 'zod'
import type { ChannelContext, Form, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, wrongAddress } from './call-vendor.js'
import { chatAddress, chatDestination, chatWebhookSettings } from './chat-webhook.js'
import { defineChannel } from './define-channel.js'
import { commonMark } from './dialects/common-mark.js'
import { composeText } from './dialects/compose-text.js'
import { type OutcomeFacts, permanentFromAnswer, tooRichFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { severityColour } from './severity-colours.js'
import { moveToBase, secretsOfUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

/** In characters; what is longer would be split into several posts (Mattermost, "Incoming webhooks"). */
const textMax = 16_383
const shortTextMax = 2_000

const settings = z.strictObject({
  ...chatWebhookSettings,
  priority: z
    .boolean()
    .default(false)
    .describe(
      'Marks critical messages urgent and errors important, and asks whoever reads one to acknowledge it to Mattermost.',
    ),
})
type Settings = z.infer<typeof settings>

const priorities: Partial<Record<Severity, string>> = { critical: 'urgent', error: 'important' }

export const mattermost = defineChannel<Settings>({
  kind: 'mattermost',
  label: 'Mattermost',
  description: 'Posts to Mattermost channels or people through an incoming webhook.',
  guide: {
    steps: [
      'In the menu of the server: Integrations, then Incoming Webhooks. An administrator may have to allow them.',
      'Make one for a channel, and copy its URL.',
      'To write to people, turn on “direct”, and do not lock the webhook to its channel.',
    ],
    note: null,
  },
  settings,
  address: chatAddress,
  destination: chatDestination,
  secrets: ['webhook_url'],
  capabilities: { textMax, textUnit: 'code_points', dialect: 'common_mark', attachments: false, idempotent: false },
  example: { settings: { webhook_url: null, direct: true }, address: '@tim' },
  concurrency: 4,
  // A server of one's own has the limits one gives it; the default is ten requests a second.
  rates: { channel: { count: 10, perMs: 1_000 }, address: null },
  async send(message, address, settings, context) {
    const channel = settings.direct ? address : (settings.channel ?? null)
    if (settings.direct && channel === null) return wrongAddress('no Mattermost channel or person to send to')
    const { webhook_url, base_url, username } = settings
    const facts: OutcomeFacts = {
      now: context.now(),
      idempotent: false,
      waitScope: 'channel',
      secrets: secretsOfUrl(webhook_url),
    }
    const json = {
      ...renderContent(message, context),
      ...(channel === null ? {} : { channel }),
      ...(username === undefined ? {} : { username }),
      ...(settings.priority ? renderPriority(message) : {}),
    }
    const call = { url: moveToBase(webhook_url, base_url), json }
    return callVendor(call, context, facts, (answer) => readRefusal(answer, context.form, settings, facts))
  },
})

function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const room = { max: short ? shortTextMax : textMax, unit: 'code_points' as const, short }
  if (context.form === 'plain') return { text: composeText(outline, commonMark, room) }
  const title = `${outline.icon} ${commonMark.bold(outline.title)}`
  const text = composeText(outline, commonMark, { ...room, titled: false })
  const fallback = `${outline.icon} ${outline.title}`
  return { text: title, attachments: [{ fallback, color: severityColour(message.severity), text }] }
}

function renderPriority({ severity }: Message) {
  const priority = priorities[severity]
  return priority === undefined ? {} : { priority: { priority, requested_ack: true } }
}

const refusal = z.object({ id: z.string() })

function readRefusal(answer: HttpAnswer, form: Form, { direct }: Settings, facts: OutcomeFacts): Outcome | null {
  const { data } = refusal.safeParse(parseJson(answer.text))
  if (data === undefined || answer.status < 400 || answer.status >= 500 || answer.status === 429) return null
  if (/\.parse\.|\.(?:text|attachments)\./.test(data.id)) return tooRichFromAnswer(answer, form, facts)
  // Of a webhook that posts to people, only the one place may be missing or closed.
  const isPlace = /\.(?:channel|user|permissions|channel_locked)\./.test(data.id)
  return permanentFromAnswer(answer, isPlace && direct ? 'address' : 'channel', facts)
}
