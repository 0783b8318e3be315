import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { type EventType, renderEvent } from './event-json.js'
import { type MqttBroker, type PublishResult, publishMqtt } from './mqtt-publish.js'
import { openSocket } from './open-socket.js'
import { outcomeFromError } from './outcome-from-answer.js'
import { redactText } from './redact-text.js'

/** With characters of four bytes it stays below the 128 KB of the tightest brokers that many use. */
const textMax = 20_000
const shortTextMax = 1_000

/** No wildcards, and none of the topics a broker keeps for itself (MQTT 3.1.1 section 4.7). */
const topicText = z
  .string()
  .min(1)
  .max(500)
  .regex(/^(?!\$)[^#+\p{Cc}\p{Surrogate}]+$/u, 'must be a topic without wildcards')

const brokerUrl = z
  .string()
  .max(500)
  .regex(/^mqtts?:\/\/[^\s/?#@]+\/?$/i, 'must be mqtt://host:port or mqtts://host:port')
  .refine((text) => URL.canParse(text), 'is no URL')

const settings = z
  .strictObject({
    url: brokerUrl.describe('The broker: mqtt://host:1883, or mqtts://host:8883 with TLS.'),
    topic: topicText.optional().describe('Publishes everything to this topic, not to those of people.'),
    qos: z
      .union([z.literal(0), z.literal(1), z.literal(2)])
      .default(1)
      .describe('0 hopes, 1 waits for the receipt of the broker, 2 delivers exactly once to subscribers.'),
    retain: z.boolean().default(false).describe('Keeps the last message of a topic for those who subscribe later.'),
    version: z
      .union([z.literal(4), z.literal(5)])
      .default(4)
      .describe('The protocol, 4 is MQTT 3.1.1; with 5 brokers say why they refuse a message.'),
    username: z.string().min(1).max(500).optional().describe('The user at the broker.'),
    password: z.string().min(1).max(1_000).optional().describe('The password of that user.'),
    tls_verify: z.boolean().default(true).describe('False takes any certificate.'),
    ca: z
      .string()
      .max(100_000)
      .regex(/-----BEGIN CERTIFICATE-----/, 'must be certificates in PEM')
      .optional()
      .describe('Certificates in PEM, to trust instead of the system’s.'),
  })
  .refine(({ username, password }) => password === undefined || username !== undefined, {
    message: 'a password needs a username',
    path: ['password'],
  })
type Settings = z.infer<typeof settings>

/** Publishes the documents of `event-json.ts`, for home automation and programs that listen to a broker. */
export const mqtt = defineChannel<Settings>({
  kind: 'mqtt',
  label: 'MQTT',
  description: 'Publishes each notification as JSON to a topic of an MQTT broker; needs the package mqtt.',
  guide: {
    steps: [
      'Run `npm install mqtt` beside MailTrigger, once.',
      'Enter the broker, and a user that may publish to the topic.',
      'A topic here gets everything; without it, each person has a topic.',
    ],
    note: null,
  },
  settings,
  address: { schema: topicText, hint: 'a topic like home/tim/alerts' },
  destination: ({ topic }) => topic ?? null,
  secrets: ['password'],
  capabilities: { textMax, textUnit: 'code_points', dialect: 'json', attachments: false, idempotent: false },
  example: {
    settings: { url: 'mqtts://broker.example.org:8883', topic: 'alerts/ops', username: 'gateway', password: null },
  },
  concurrency: 4,
  rates: { channel: null, address: null },
  send: (message, address, settings, context) => publish('notification', message, address, settings, context),
  resolve: (message, address, settings, context) =>
    publish('notification.resolved', message, address, settings, context),
  updatesOnce: true,
  update: (message, address, settings, context) =>
    publish('notification.acknowledged', message, address, settings, context),
})

async function publish(
  type: EventType,
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const topic = settings.topic ?? address ?? ''
  if (!topicText.safeParse(topic).success) return wrongAddress('the address is no topic')
  const { qos, retain } = settings
  const payload = renderEvent(type, message, address, context, context.form === 'short' ? shortTextMax : textMax)
  const broker = brokerOf(settings)
  const open = () => openSocket(broker.host, broker.port, context)
  let result: PublishResult
  try {
    result = await publishMqtt(broker, { topic, payload, qos, retain }, open, context.signal)
  } catch (error) {
    const secrets = [settings.password]
    return outcomeFromError(error, { now: context.now(), idempotent: false, waitScope: 'delivery', secrets })
  }
  if (!result.ok) return outcomeOfFailure(result, settings, context)
  const text = qos === 0 ? 'sent, without a receipt' : 'the broker has it'
  return { kind: 'accepted', remote: { topic }, statusCode: null, text }
}

function brokerOf({ url, version, tls_verify, ca, username, password }: Settings): MqttBroker {
  const { protocol, hostname, port } = new URL(url)
  const tls = protocol === 'mqtts:'
  const login = username === undefined ? null : { user: username, password: password ?? null }
  const host = hostname.replace(/^\[|\]$/g, '')
  return {
    host,
    port: Number(port || (tls ? 8883 : 1883)),
    tls,
    version,
    verifiesTls: tls_verify,
    ca: ca ?? null,
    login,
  }
}

/** Reasons that pass: unavailable, busy, shutting down, over a quota or a rate (MQTT 5 section 2.4). */
const passing = new Set([136, 137, 139, 151, 159])
/** Not authorised, the topic is invalid, retaining or this QoS is not supported: other topics may fare better. */
const aboutTopic = new Set([135, 144])
const tooLarge = 149
const invalidPayload = 153

function outcomeOfFailure(
  { stage, code, text: words }: Extract<PublishResult, { ok: false }>,
  { password, ca }: Settings,
  { form }: ChannelContext,
): Outcome {
  const text = redactText(words, [password, ca])
  const permanent = (scope: 'message' | 'address' | 'channel'): Outcome => {
    return { kind: 'permanent', scope, statusCode: code, text }
  }
  if (stage === 'library') return permanent('channel')
  if (code === null) {
    if (stage === 'publish') return { kind: 'unknown', text }
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
  }
  // 3 is the one answer of MQTT 3.1.1 that passes.
  if (passing.has(code) || code === 3) {
    return { kind: 'transient', waitMs: null, waitScope: 'channel', statusCode: code, text }
  }
  if (stage === 'connect') return permanent('channel')
  if (code === tooLarge && form !== 'short') return { kind: 'degrade', to: 'short', statusCode: code, text }
  if (aboutTopic.has(code)) return permanent('address')
  return permanent(code === tooLarge || code === invalidPayload ? 'message' : 'channel')
}
