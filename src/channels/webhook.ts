import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { defineChannel } from './define-channel.js'
import { describeEvent, type EventType, eventNames } from './event-json.js'
import { fillJson, namesIn } from './fill-json.js'
import { outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'
import { httpUrl } from './settings.js'

const textMax = 100_000

/** What a body of one's own may ask for. */
const bodyNames: readonly string[] = ['type', 'timestamp', ...eventNames]

const settings = z.strictObject({
  url: httpUrl.describe('Where to post; people see it, so a token in it belongs into a variable.'),
  method: z.enum(['POST', 'PUT']).default('POST').describe('The HTTP method.'),
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'is not a header name'),
      z.string().regex(/^\P{Cc}*$/u, 'has a control character'),
    )
    .default({})
    .describe('Headers of your own, such as authorization.'),
  secret: z
    .string()
    .min(1)
    .max(1_000)
    .optional()
    .describe('Signs the body: X-Webhook-Signature, and webhook-signature of Standard Webhooks.'),
  body: z
    .record(z.string(), z.unknown())
    .refine((body) => namesIn(body).every((name) => bodyNames.includes(name)), {
      message: `has a name in braces that is none of ${bodyNames.join(', ')}`,
    })
    .optional()
    .describe(
      'A JSON document of your own, in whose texts `{{ title }}`, `{{ labels.host }}` and so on are filled in.',
    ),
})
type Settings = z.infer<typeof settings>

/**
 * Posts one JSON document per notification, one when it is over, and one when somebody acknowledged it: see
 * `event-json.ts`; or a document of the user's own. It is the same on every attempt. `webhook-id` and `idempotency-key` carry the delivery's id, so a
 * receiver can drop a repeat; `webhook-timestamp` is the attempt's. With a `secret`, the exact bytes sent are signed
 * twice: as `X-Webhook-Signature: sha256=<hex>` and by Standard Webhooks 1.0 as `webhook-signature: v1,<base64>`.
 */
export const webhook = defineChannel<Settings>({
  kind: 'webhook',
  label: 'Webhook',
  description: 'Posts each notification as signed JSON to a URL of your own.',
  guide: {
    steps: [
      'Enter a URL of yours that takes JSON by POST. What comes is shown under docs/samples.',
      'With a secret each request is signed: `X-Webhook-Signature` is the HMAC-SHA256 of the body.',
      'Whatever answers 2xx has taken it; 410 means never again.',
    ],
    note: 'To please a service with a format of its own, write the body as JSON, with `{{ title }}` and `{{ text }}` in it.',
  },
  settings,
  address: null,
  destination: ({ url }) => new URL(url).host,
  // The URL is not among them: people need to see it. A token in it is hidden when it comes from a variable.
  secrets: ['headers', 'secret'],
  capabilities: { textMax, textUnit: 'code_points', dialect: 'json', attachments: false, idempotent: true },
  example: { settings: { url: 'https://hooks.example.org/alerts', secret: null } },
  concurrency: 32,
  rates: { channel: null, address: null },
  send: (message, address, settings, context) => post('notification', message, address, settings, context),
  resolve: (message, address, settings, context) => post('notification.resolved', message, address, settings, context),
  updatesOnce: true,
  update: (message, address, settings, context) =>
    post('notification.acknowledged', message, address, settings, context),
})

async function post(
  type: EventType,
  message: Message,
  address: string | null,
  { url, method, headers, secret, body: template }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const facts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel' as const,
    secrets: [secret, url, new URL(url).search, ...Object.values(headers)],
  }
  const event = describeEvent(type, message, address, context, textMax)
  const body = JSON.stringify(template === undefined ? event : fillJson(template, { ...event, ...event.data }))
  try {
    const answer = await context.request({
      method,
      url,
      headers: { 'content-type': 'application/json', ...headers, ...signWebhook(body, secret, context) },
      body,
      signal: context.signal,
    })
    const outcome = outcomeFromAnswer(answer, facts)
    return outcome.kind === 'accepted' ? { ...outcome, remote: { webhook_id: context.deliveryId } } : outcome
  } catch (error) {
    return outcomeFromError(error, facts)
  }
}

/**
 * The headers that identify and sign a webhook (Standard Webhooks 1.0, "Webhook metadata" and "Signature scheme"). A
 * secret `whsec_<base64>` stands for the decoded bytes there; `X-Webhook-Signature` keys with the secret as written.
 */
export function signWebhook(
  body: string,
  secret: string | undefined,
  context: Pick<ChannelContext, 'deliveryId' | 'now'>,
): Record<string, string> {
  const id = context.deliveryId
  const timestamp = String(Math.floor(context.now() / 1_000))
  const identity = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'idempotency-key': id }
  if (secret === undefined) return identity
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
  const standard = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  const hex = createHmac('sha256', secret).update(body).digest('hex')
  return { ...identity, 'webhook-signature': `v1,${standard}`, 'x-webhook-signature': `sha256=${hex}` }
}
