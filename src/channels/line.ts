import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { deriveUuid } from './derive-uuid.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** LINE counts UTF-16 units (Messaging API, "Character counting"). */
const textMax = 5_000
const shortTextMax = 1_000

const chatId = z.string().regex(/^[UCR][0-9a-f]{32}$/, 'must be a user, group or room id: U, C or R and 32 digits')

const settings = z.strictObject({
  channel_access_token: z.string().min(1).max(1_000).describe('The long-lived token of the Messaging API channel.'),
  to: chatId.optional().describe('Sends everything here, not to people.'),
  base_url: baseUrl.default('https://api.line.me'),
})
type Settings = z.infer<typeof settings>

export const line = defineChannel<Settings>({
  kind: 'line',
  label: 'LINE',
  description: 'Pushes messages to LINE users, groups and rooms as an official account.',
  guide: {
    steps: [
      'In the LINE Developers console, make a provider and a Messaging API channel.',
      'On the tab Messaging API, issue a long-lived channel access token.',
      'Your own user id stands on the tab Basic settings; those of others come in webhook events.',
    ],
    note: 'A person has to be a friend of the official account. The free plan has a monthly quota.',
  },
  settings,
  address: { schema: chatId, hint: 'a user id (U…), group id (C…) or room id (R…), as webhook events have them' },
  destination: ({ to }) => to ?? null,
  secrets: ['channel_access_token'],
  capabilities: { textMax, textUnit: 'utf16', dialect: 'plain', attachments: false, idempotent: true },
  example: { settings: { channel_access_token: null }, address: 'U0123456789abcdef0123456789abcdef' },
  concurrency: 8,
  // Messaging API, "Rate limits": 2,000 requests a second.
  rates: { channel: { count: 2_000, perMs: 1_000 }, address: null },
  send: push,
})

/** The retry key makes LINE take a delivery once, however often it is sent within 24 hours. */
async function push(
  message: Message,
  address: string | null,
  { channel_access_token, to, base_url }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const chat = to ?? address
  if (chat === null || !chatId.safeParse(chat).success) return wrongAddress('the address is not a LINE id')
  const isShort = context.form === 'short'
  const room = { max: isShort ? shortTextMax : textMax, unit: 'utf16' as const, short: isShort }
  const text = composeText(outlineMessage(withAckLink(message, context)), plainText, room)
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    secrets: [channel_access_token],
  }
  const call = {
    url: `${base_url}/v2/bot/message/push`,
    headers: {
      authorization: `Bearer ${channel_access_token}`,
      'x-line-retry-key': deriveUuid(context.deliveryId),
    },
    json: {
      to: chat,
      messages: [{ type: 'text', text }],
      notificationDisabled: message.severity === 'info' || message.severity === 'resolved',
    },
  }
  return callVendor(call, context, facts, (answer) => readAnswer(answer, context.form, facts))
}

const pushed = z.object({ sentMessages: z.array(z.object({ id: z.string() })).min(1) })
const refusal = z.object({
  message: z.string(),
  details: z.array(z.object({ message: z.string().optional(), property: z.string().optional() })).optional(),
})

/** 409 says that a request with the same retry key was accepted before; it names what was sent. */
function readAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome | null {
  const { status } = answer
  const body = parseJson(answer.text)
  const sent = pushed.safeParse(body)
  if ((status === 200 || status === 409) && sent.success) {
    const id = sent.data.sentMessages.map((part) => part.id).join(',')
    const text = redactText(`message ${id}${status === 409 ? ' was accepted before' : ''}`, facts.secrets)
    return { kind: 'accepted', remote: { message_id: id }, statusCode: status, text }
  }
  if (status === 200) return strangeAnswer('the LINE Messaging API')
  const refused = refusal.safeParse(body)
  if (!refused.success) return status === 413 ? tooLongFromAnswer(answer, form, facts) : null
  const { message, details = [] } = refused.data
  const reasons = details.map((detail) => [detail.property, detail.message].filter(Boolean).join(': '))
  const said = { ...answer, text: [message, ...reasons].join('; ') }
  if (status === 409) return { kind: 'accepted', remote: {}, statusCode: 409, text: 'the message was accepted before' }
  // The quota of the month comes back with the next one, or with another plan: repeats would all be refused.
  if (status === 429) {
    return /monthly/i.test(message) ? permanentFromAnswer(said, 'channel', facts) : transientFromAnswer(said, facts)
  }
  if (status === 413) return tooLongFromAnswer(said, form, facts)
  if (status !== 400) return null
  if (/length must be between/i.test(said.text)) return tooLongFromAnswer(said, form, facts)
  const isAboutTo = /'to'|failed to send messages/i.test(message) || details.some(({ property }) => property === 'to')
  return permanentFromAnswer(said, isAboutTo ? 'address' : 'message', facts)
}
