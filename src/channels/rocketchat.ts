import { z } from 'zod'
import type { ChannelContext, Form, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { chatAddress, chatDestination, chatWebhookSettings } from './chat-webhook.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { rocketchatMarkdown } from './dialects/rocketchat-markdown.js'
import { type OutcomeFacts, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { severityColour } from './severity-colours.js'
import { moveToBase, secretsOfUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

/** In UTF-16 units: the default of the server's setting Message_MaxAllowedSize. */
const textMax = 5_000
const shortTextMax = 1_000

const settings = z.strictObject(chatWebhookSettings)
type Settings = z.infer<typeof settings>

export const rocketchat = defineChannel<Settings>({
  kind: 'rocketchat',
  label: 'Rocket.Chat',
  description: 'Posts to Rocket.Chat channels or people through an incoming integration.',
  guide: {
    steps: [
      'As an administrator: Workspace, Integrations, New, Incoming.',
      'Turn it on, choose a channel and the user to post as, save, and copy the webhook URL.',
      'To write to people or to other channels, allow the override of the destination channel.',
    ],
    note: null,
  },
  settings,
  address: chatAddress,
  destination: chatDestination,
  secrets: ['webhook_url'],
  capabilities: { textMax, textUnit: 'utf16', dialect: 'common_mark', attachments: false, idempotent: false },
  example: { settings: { webhook_url: null, channel: '#alerts' } },
  concurrency: 4,
  rates: { channel: null, address: null },
  async send(message, address, settings, context) {
    const channel = settings.direct ? address : (settings.channel ?? null)
    if (settings.direct && channel === null) return wrongAddress('no Rocket.Chat channel or person to send to')
    const { webhook_url, base_url, username } = settings
    const facts: OutcomeFacts = {
      now: context.now(),
      idempotent: false,
      waitScope: 'channel',
      waitHints: [{ header: 'x-ratelimit-reset', as: 'unix_milliseconds' }],
      secrets: secretsOfUrl(webhook_url),
    }
    const json = {
      ...renderContent(message, context),
      ...(channel === null ? {} : { channel }),
      ...(username === undefined ? {} : { alias: username }),
    }
    const call = { url: moveToBase(webhook_url, base_url), json }
    return callVendor(call, context, facts, (answer) => readAnswer(answer, context.form, settings, facts))
  },
})

function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const room = { max: short ? shortTextMax : textMax, unit: 'utf16' as const, short }
  if (context.form === 'plain') return { text: composeText(outline, rocketchatMarkdown, room) }
  const title = `${outline.icon} ${rocketchatMarkdown.bold(outline.title)}`
  const text = composeText(outline, rocketchatMarkdown, { ...room, titled: false })
  return { text: title, attachments: [{ color: severityColour(message.severity), text }] }
}

const verdict = z.object({ success: z.boolean(), error: z.string().optional() })

function readAnswer(answer: HttpAnswer, form: Form, { direct }: Settings, facts: OutcomeFacts): Outcome | null {
  const { status: statusCode } = answer
  if (statusCode === 429 || statusCode >= 500) return null
  const { data } = verdict.safeParse(parseJson(answer.text))
  if (statusCode < 300) {
    if (data?.success) return null
    // The script of an integration may take a call and post nothing.
    if (answer.text.trim() !== '') return strangeAnswer('Rocket.Chat')
    const text = 'Rocket.Chat answered without a word: the script of the integration posted nothing'
    return { kind: 'permanent', scope: 'message', statusCode, text }
  }
  const error = data?.error ?? ''
  if (/size|too long|max-allowed/i.test(error)) return tooLongFromAnswer(answer, form, facts)
  if (/overriding/i.test(error)) return permanentFromAnswer(answer, 'channel', facts)
  if (/invalid-(?:channel|room)/i.test(error)) return permanentFromAnswer(answer, direct ? 'address' : 'channel', facts)
  return null
}
