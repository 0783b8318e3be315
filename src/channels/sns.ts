import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, wrongAddress } from './call-vendor.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { renderSms } from './dialects/sms.js'
import type { OutcomeFacts } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { segmentLimit } from './segment-limit.js'
import { baseUrl } from './settings.js'
import { signAws } from './sign-aws.js'
import { readSnsAnswer } from './sns-answers.js'
import { withAckLink } from './with-ack-link.js'

/** SNS takes 262,144 bytes, attributes included. */
const messageBytesMax = 250_000
const shortBytesMax = 10_000
/** "Less than 100 characters long" (SNS API Reference, Publish). */
const subjectMax = 99
const groupIdMax = 128

const settings = z.strictObject({
  region: z
    .string()
    .regex(/^[a-z]{2}(?:-[a-z]+){1,3}-\d$/, 'must be a region like eu-central-1')
    .describe('The AWS region.'),
  access_key_id: z
    .string()
    .regex(/^[A-Z0-9]{16,128}$/, 'must be 16 to 128 capital letters and digits')
    .describe('Of a user that may sns:Publish.'),
  secret_access_key: z.string().min(16).max(200).describe('Goes with the access key.'),
  session_token: z.string().min(1).max(5_000).optional().describe('Of temporary credentials.'),
  topic_arn: z
    .string()
    .regex(
      /^arn:aws[\w-]*:sns:[a-z0-9-]+:\d{12}:[\w-]{1,256}(?:\.fifo)?$/,
      'must look like arn:aws:sns:eu-central-1:123456789012:name',
    )
    .optional()
    .describe("Publishes everything to this topic; without it, SMS go to people's numbers."),
  sender_id: z
    .string()
    .regex(/^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/, 'must be 1 to 11 letters and digits')
    .optional()
    .describe('The name an SMS comes from, where the country allows names.'),
  max_segments: segmentLimit,
  base_url: baseUrl.optional(),
})
type Settings = z.infer<typeof settings>

export const sns = defineChannel<Settings>({
  kind: 'sns',
  label: 'Amazon SNS',
  description: 'Publishes to an Amazon SNS topic, or sends SMS to people through SNS.',
  guide: {
    steps: [
      'In IAM, make a user that may `sns:Publish`, and an access key for it.',
      'Enter the region and the ARN of the topic; leave the ARN empty to send text messages to people.',
    ],
    note: 'A new account sends text messages to verified numbers only.',
  },
  settings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ topic_arn }) => topic_arn ?? null,
  secrets: ['secret_access_key', 'session_token'],
  capabilities: {
    textMax: messageBytesMax,
    textUnit: 'bytes',
    dialect: 'plain',
    attachments: false,
    idempotent: false,
  },
  example: {
    settings: { region: 'eu-central-1', access_key_id: 'AKIAIOSFODNN7EXAMPLE', secret_access_key: null },
    address: '+4915112345678',
  },
  concurrency: 8,
  // Service quotas of SNS: 20 SMS a second; to topics 300 and more, by region.
  rates: { channel: { count: 20, perMs: 1_000 }, address: null },
  async send(message, address, settings, context): Promise<Outcome> {
    const { topic_arn: topic } = settings
    if (topic !== undefined) return publish(renderForTopic(message, topic, context), settings, context)
    const to = readPhoneNumber(address)
    if (to === null) return wrongAddress('the address is not a phone number')
    return publish(renderForPhone(message, to, settings, context), settings, context)
  },
})

function publish(fields: Record<string, string>, settings: Settings, context: ChannelContext): Promise<Outcome> {
  const { region, access_key_id, secret_access_key, session_token } = settings
  const credentials = {
    accessKeyId: access_key_id,
    secretAccessKey: secret_access_key,
    sessionToken: session_token ?? null,
  }
  const facts: OutcomeFacts = {
    now: context.now(),
    // Only FIFO topics have a key, and drop what comes again within five minutes.
    idempotent: fields.MessageDeduplicationId !== undefined,
    waitScope: 'channel',
    secrets: [secret_access_key, session_token],
  }
  const form = { Action: 'Publish', Version: '2010-03-31', ...fields }
  const url = `${settings.base_url ?? `https://sns.${region}.${domainOf(region)}`}/`
  const body = new URLSearchParams(form).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const call = { method: 'POST' as const, url, headers, body, region, service: 'sns' }
  const signed = signAws(call, credentials, context.now())
  return callVendor({ url, headers: signed, form }, context, facts, (answer) =>
    readSnsAnswer(answer, context.form, facts),
  )
}

function domainOf(region: string): string {
  return region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com'
}

/** The severity is an attribute, too, so that subscriptions can filter by it. */
function renderForTopic(message: Message, topic: string, context: ChannelContext): Record<string, string> {
  const outline = outlineMessage(withAckLink(message, context))
  const isShort = context.form === 'short'
  const room = { max: isShort ? shortBytesMax : messageBytesMax, unit: 'bytes' as const, short: isShort }
  // FIFO topics deliver a group in order, and a repeat with the same key once.
  const fifo = {
    MessageGroupId: dedupKey(context.fingerprint, groupIdMax).replaceAll(' ', '_'),
    MessageDeduplicationId: dedupKey(context.deliveryId, groupIdMax),
  }
  return {
    TopicArn: topic,
    Subject: renderSubject(outline.title, message.severity),
    Message: composeText(outline, plainText, room).replace(/[\ufffe\uffff]/g, ''),
    ...listAttributes({ severity: message.severity }),
    ...(topic.endsWith('.fifo') ? fifo : {}),
  }
}

/** Printable ASCII that begins with a letter. What has no such spelling is only in the message. */
function renderSubject(title: string, severity: Severity): string {
  const ascii = title
    .replace(/ß/g, 'ss')
    .normalize('NFKD')
    .replace(/[^\x20-\x7e]/g, '')
  const shown = ascii.replace(/ +/g, ' ').trim()
  return `${severity.toUpperCase()}: ${shown === '' ? 'alert' : shown}`.slice(0, subjectMax).trimEnd()
}

function renderForPhone(
  message: Message,
  to: string,
  { sender_id, max_segments }: Settings,
  context: ChannelContext,
): Record<string, string> {
  const segments = context.form === 'short' ? 1 : max_segments
  return {
    PhoneNumber: to,
    Message: renderSms(outlineMessage(withAckLink(message, context)), message.severity, segments),
    ...listAttributes({
      'AWS.SNS.SMS.SMSType': 'Transactional',
      ...(sender_id === undefined ? {} : { 'AWS.SNS.SMS.SenderID': sender_id }),
    }),
  }
}

function listAttributes(attributes: Record<string, string>): Record<string, string> {
  const fields = Object.entries(attributes).flatMap(([name, value], index) => {
    const entry = `MessageAttributes.entry.${index + 1}`
    return [
      [`${entry}.Name`, name],
      [`${entry}.Value.DataType`, 'String'],
      [`${entry}.Value.StringValue`, value],
    ]
  })
  return Object.fromEntries(fields)
}
