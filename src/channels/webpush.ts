import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { wrongAddress } from './call-vendor.js'
import { cutText } from './cut-text.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { formatIso } from './format-iso.js'
import {
  type OutcomeFacts,
  outcomeFromAnswer,
  outcomeFromError,
  permanentFromAnswer,
  tooLongFromAnswer,
} from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { baseUrl, httpUrl } from './settings.js'
import { moveToBase, secretsOfUrl } from './webhook-url.js'
import { encryptPush, isPrivateKey, isPublicKey, type PushSubscription, signVapid } from './webpush-encrypt.js'

/** With every character escaped in JSON, title, text and URLs of these lengths stay below `plaintextBytesMax`. */
const textBytesMax = 1_000
const shortTextBytesMax = 300
const titleMax = 100
const urlMax = 500
const keyMax = 64
const topicMax = 32
const vapidMs = 12 * 3_600_000
const ttlMax = 28 * 86_400

const settings = z.strictObject({
  vapid_private_key: z
    .string()
    .regex(/^[\w-]{43}=?$/, 'must be 32 bytes in base64url')
    .refine(isPrivateKey, 'is no private key of P-256')
    .describe('Our VAPID key: what `npx web-push generate-vapid-keys` calls Private Key.'),
  subject: z
    .string()
    .max(500)
    .regex(/^(?:mailto:[^\s@]+@[^\s@]+|https:\/\/\S+)$/, 'must be mailto:… or https://…')
    .describe('Whom a push service may ask about what we send: mailto:… or https://….'),
  ttl: z
    .number()
    .int()
    .min(0)
    .max(ttlMax)
    .default(86_400)
    .describe('Seconds a push service keeps what an offline browser has not got.'),
  base_url: baseUrl.optional().describe('In place of the origin of every endpoint, for a proxy.'),
})
type Settings = z.infer<typeof settings>

const subscriptionShape = z.object({
  endpoint: httpUrl.refine((text) => text.startsWith('https://')),
  keys: z.object({
    p256dh: z.string().max(100).refine(isPublicKey),
    auth: z.string().regex(/^[\w-]{22}(?:==)?$/),
  }),
})

const subscriptionText = z
  .string()
  .max(4_000)
  .refine((text) => readSubscription(text) !== null, 'must be the JSON of a push subscription, with its keys')

const urgencies: Record<Severity, string> = {
  critical: 'high',
  error: 'high',
  warning: 'normal',
  info: 'low',
  resolved: 'normal',
}

/**
 * Pushes to browsers and installed web apps, end-to-end encrypted. The page that subscribed, with the public part of
 * `vapid_private_key`, shows what its service worker receives:
 *
 *     { "title", "body", "severity", "tag", "url": null | "…", "ack_url": null | "…", "delivery_id", "sent_at" }
 *
 * `tag` is the same for what belongs together: shown with it, a later message takes the place of an earlier one, as it
 * does at the push service while the browser is offline. `ack_url` is a page on which a person acknowledges.
 */
export const webpush = defineChannel<Settings>({
  kind: 'webpush',
  label: 'Web Push',
  description: 'Pushes to browsers and web apps that subscribed to a page of your own.',
  guide: {
    steps: [
      'Run `npx web-push generate-vapid-keys`, and enter the private key here.',
      'Your page subscribes with the public key. What it gets, as JSON, is the person’s address.',
      'Enter a mail address of yours (mailto:…), for the push services to ask.',
    ],
    note: 'A browser that takes its permission back is gone for good: it has to subscribe again.',
  },
  settings,
  address: {
    schema: subscriptionText,
    hint: 'what the browser\'s PushSubscription is as JSON, in single quotes: \'{"endpoint":…,"keys":…}\'',
    // Whoever knows the rest can push to the browser (RFC 8030, section 8.2).
    mask: (address) => new URL(readSubscription(address)?.endpoint ?? 'https://unreadable').host,
  },
  destination: () => null,
  secrets: ['vapid_private_key'],
  capabilities: { textMax: textBytesMax, textUnit: 'bytes', dialect: 'json', attachments: false, idempotent: true },
  example: {
    settings: { vapid_private_key: null, subject: 'mailto:ops@example.org' },
    // The browser of RFC 8291 section 5.
    address: JSON.stringify({
      endpoint: 'https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV',
      keys: {
        p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
        auth: 'BTBZMqHH6r4Tts7J_aSIgg',
      },
    }),
  },
  concurrency: 16,
  rates: { channel: null, address: null },
  async send(message, address, settings, context) {
    const subscription = readSubscription(address ?? '')
    if (subscription === null) return wrongAddress('the address is no push subscription')
    return push(message, subscription, settings, context)
  },
})

function readSubscription(text: string): PushSubscription | null {
  return subscriptionShape.safeParse(parseJson(text)).data ?? null
}

async function push(
  message: Message,
  subscription: PushSubscription,
  { vapid_private_key, subject, ttl, base_url }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const { endpoint, keys } = subscription
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'address',
    // Whoever knows an endpoint and the keys of its subscription may push to that browser.
    secrets: [vapid_private_key, ...secretsOfUrl(endpoint), keys.auth, keys.p256dh],
  }
  const claims = { audience: new URL(endpoint).origin, expiresAt: context.now() + vapidMs, subject }
  const topic = topicOf(context.fingerprint)
  try {
    const answer = await context.request({
      method: 'POST',
      url: moveToBase(endpoint, base_url),
      headers: {
        ...signVapid(claims, vapid_private_key),
        'content-type': 'application/octet-stream',
        'content-encoding': 'aes128gcm',
        ttl: String(ttl),
        urgency: urgencies[message.severity],
        topic,
      },
      body: encryptPush(Buffer.from(JSON.stringify(renderPush(message, context))), subscription),
      signal: context.signal,
    })
    const outcome = readAnswer(answer, context, facts)
    return outcome.kind === 'accepted' ? { ...outcome, remote: { topic } } : outcome
  } catch (error) {
    return outcomeFromError(error, facts)
  }
}

function renderPush(message: Message, context: ChannelContext) {
  const outline = outlineMessage(message)
  const ackUrl = context.ack?.url ?? null
  const short = context.form === 'short'
  const max = short ? shortTextBytesMax : textBytesMax
  return {
    title: cutText(outline.title, titleMax, 'code_points'),
    // Links are beside the text: nobody can follow one in a notification.
    body: composeText({ ...outline, links: [] }, plainText, { max, unit: 'bytes', titled: false, short }),
    severity: message.severity,
    tag: dedupKey(context.fingerprint, keyMax),
    url: outline.links.find(({ url }) => url.length <= urlMax)?.url ?? null,
    ack_url: ackUrl === null || ackUrl.length > urlMax ? null : ackUrl,
    delivery_id: context.deliveryId,
    sent_at: formatIso(message.receivedAt),
  }
}

/** 32 characters of base64url at most (RFC 8030 section 5.4); the push service learns nothing from a hash. */
function topicOf(fingerprint: string): string {
  return createHash('sha256').update(fingerprint).digest('base64url').slice(0, topicMax)
}

/**
 * 404 and 410 end a subscription (RFC 8030 section 7.3). A refusal of our key is about all subscriptions, unless this
 * one was made for another key; anything else that is wrong with an endpoint is about that endpoint only.
 */
function readAnswer(answer: HttpAnswer, { form }: ChannelContext, facts: OutcomeFacts): Outcome {
  const { status, text } = answer
  if (status === 413) return tooLongFromAnswer(answer, form, facts)
  const isRefusal = status === 401 || status === 403
  const isOtherKey = isRefusal && /mismatch|do not correspond/i.test(text)
  const outcome = outcomeFromAnswer(answer, facts)
  if (isOtherKey || (outcome.kind === 'permanent' && !isRefusal && status !== 400)) {
    return permanentFromAnswer(answer, 'address', facts)
  }
  return outcome
}
