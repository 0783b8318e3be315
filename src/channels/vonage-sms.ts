import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { callableHook } from './callable-hook.js'
import { defineChannel } from './define-channel.js'
import { isGsm, renderSms, segmentsMax } from './dialects/sms.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { redactText } from './redact-text.js'
import { segmentLimit } from './segment-limit.js'
import { baseUrl, textOrNumber } from './settings.js'
import { receiptUrl, takeReceipt } from './vonage-receipt.js'
import { withAckLink } from './with-ack-link.js'

const settings = z.strictObject({
  api_key: z
    .string()
    .regex(/^[\w-]{1,50}$/, 'must be the API key of the dashboard')
    .describe('The API key, from the dashboard.'),
  api_secret: z.string().min(1).max(200).describe('Goes with the API key.'),
  from: textOrNumber(
    z.string().regex(/^(?:\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 ]{1,11})$/, 'must be a phone number or a sender name'),
  ).describe('A number, or a name of at most 11 characters where the country allows names.'),
  to: phoneNumber.optional().describe('Sends everything to this number, not to people.'),
  max_segments: segmentLimit,
  base_url: baseUrl.default('https://rest.nexmo.com'),
})
type Settings = z.infer<typeof settings>

export const vonageSms = defineChannel<Settings>({
  kind: 'vonage_sms',
  label: 'SMS (Vonage)',
  description: 'Sends text messages through Vonage, formerly Nexmo.',
  guide: {
    steps: [
      'In the Vonage dashboard, copy the API key and the API secret from the front page.',
      'Enter a number you rent there, or a name of at most 11 characters where the country allows names.',
    ],
    note: 'In the USA and Canada only a rented number works.',
  },
  settings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ to }) => to ?? null,
  secrets: ['api_secret'],
  capabilities: {
    textMax: segmentsMax,
    textUnit: 'sms_segments',
    dialect: 'sms',
    attachments: false,
    idempotent: false,
  },
  example: { settings: { api_key: 'abcd1234', api_secret: null, from: 'MailTrigger' }, address: '+4915112345678' },
  concurrency: 4,
  // Vonage, "SMS API throughput": 30 requests a second for a key.
  rates: { channel: { count: 30, perMs: 1_000 }, address: null },
  async send(message, address, settings, context) {
    const to = readPhoneNumber(settings.to ?? address)
    if (to === null) return wrongAddress('the address is not a phone number')
    const { api_key, api_secret, from, base_url, max_segments } = settings
    const segments = context.form === 'short' ? 1 : max_segments
    const text = renderSms(outlineMessage(withAckLink(message, context)), message.severity, segments)
    const hook = callableHook(context.hookUrl)
    const form = {
      api_key,
      api_secret,
      from: from.replace('+', ''),
      to: to.replace('+', ''),
      text,
      // Without it, Vonage sends question marks for what GSM 03.38 does not have.
      ...(isGsm(text) ? {} : { type: 'unicode' }),
      'client-ref': context.deliveryId.slice(0, 40),
      // Instead of the URL of the account's settings, which may be another program's.
      ...(hook === null ? {} : { callback: receiptUrl(hook, context.hookSecret) }),
    }
    const facts: OutcomeFacts = {
      now: context.now(),
      idempotent: false,
      waitScope: 'channel',
      secrets: [api_secret, context.hookSecret],
    }
    const call = { url: `${base_url}/sms/json`, form }
    return callVendor(call, context, facts, (answer) => readAnswer(answer, context.form, facts))
  },
  hearsResults: () => true,
  takeHook: takeReceipt,
})

const sentParts = z.object({
  messages: z
    .array(
      z.object({
        status: z.union([z.string(), z.number()]).transform(String),
        'message-id': z.string().optional(),
        'error-text': z.string().optional(),
      }),
    )
    .min(1),
})

/** Vonage, "Troubleshooting SMS", "SMS API error codes": throttled, internal error, too many binds. */
const transientStatuses = new Set(['1', '5', '10'])

/** Missing or wrong parameters and credentials, accounts that may not send, and a URL for receipts that is none. */
const channelStatuses = new Set(['2', '4', '8', '9', '11', '14', '15', '23', '32'])

/** Barred, not on the list of a trial account, of an unknown network, or no longer in use. */
const addressStatuses = new Set(['7', '29', '33'])

const tooLong = '12'

/** 200 whatever happens, and one status for each segment. Once a segment is on its way a repeat would come twice. */
function readAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome | null {
  if (answer.status !== 200) return null
  const read = sentParts.safeParse(parseJson(answer.text))
  if (!read.success) return strangeAnswer('the Vonage SMS API')
  const { messages } = read.data
  const sent = messages.filter(({ status }) => status === '0')
  const refused = messages.find(({ status }) => status !== '0')
  const ids = sent.flatMap((part) => part['message-id'] ?? []).join(',')
  if (refused === undefined) {
    const text = redactText(`message ${ids}`, facts.secrets)
    return { kind: 'accepted', remote: { message_id: ids }, statusCode: 200, text }
  }
  const { status } = refused
  const words = `status ${status}: ${refused['error-text'] ?? 'no reason given'}`
  if (sent.length > 0) {
    const text = redactText(`${sent.length} of ${messages.length} segments are on their way; ${words}`, facts.secrets)
    return { kind: 'accepted', remote: { message_id: ids }, statusCode: 200, text }
  }
  const said = { ...answer, text: words }
  if (transientStatuses.has(status)) return transientFromAnswer(said, facts)
  if (status === tooLong) return tooLongFromAnswer(said, form, facts)
  const scope = channelStatuses.has(status) ? 'channel' : addressStatuses.has(status) ? 'address' : 'message'
  return permanentFromAnswer(said, scope, facts)
}
