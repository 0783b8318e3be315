import { createHmac } from 'node:crypto'
import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { cleanText } from './clean-text.js'
import { cutText } from './cut-text.js'
import { defineChannel } from './define-channel.js'
import { outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { httpUrl } from './settings.js'

const textMax = 100_000

const settings = z.strictObject({
  url: httpUrl,
  method: z.enum(['POST', 'PUT']).default('POST'),
  headers: z
    .record(
      z.string().regex(/^[!#$%&'*+.^_`|~\w-]+$/, 'is not a header name'),
      z.string().regex(/^\P{Cc}*$/u, 'has a control character'),
    )
    .default({}),
  secret: z.string().min(1).max(1_000).optional(),
})
type Settings = z.infer<typeof settings>

/**
 * Posts one JSON document per notification, one when it is over, and one when somebody acknowledged it:
 *
 *     { "type": "notification" | "notification.resolved" | "notification.acknowledged",
 *       "timestamp": "<ISO time the mail came in>",
 *       "data": { "delivery_id", "mail_id", "fingerprint", "recipient": null | "…", "title", "text", "severity",
 *                 "labels": {}, "notes": [], "from", "links": [{ "label", "url" }],
 *                 "attachments": [{ "filename", "content_type", "size" }], "received_at", "ack_url": null | "…" } }
 *
 * What belongs together has the same `fingerprint`. `ack_url` is a page on which a person acknowledges. The document is the same on every attempt. `webhook-id` and `idempotency-key` carry the delivery's id, so a receiver
 * can drop a repeat; `webhook-timestamp` is the attempt's. With a `secret`, the exact bytes sent are signed twice: as
 * `X-Webhook-Signature: sha256=<hex>` and by Standard Webhooks 1.0 as `webhook-signature: v1,<base64>`.
 */
export const webhook = defineChannel<Settings>({
  kind: 'webhook',
  label: 'Webhook',
  description: 'Posts each notification as signed JSON to a URL of your own.',
  settings,
  address: null,
  destination: ({ url }) => new URL(url).host,
  // The URL is not among them: people need to see it. A token in it is hidden when it comes from a variable.
  secrets: ['headers', 'secret'],
  capabilities: { textMax, textUnit: 'code_points', dialect: 'json', attachments: false, idempotent: true },
  concurrency: 32,
  rates: { channel: null, address: null },
  send: (message, address, settings, context) => post('notification', message, address, settings, context),
  resolve: (message, address, settings, context) => post('notification.resolved', message, address, settings, context),
  update: (message, address, settings, context) =>
    post('notification.acknowledged', message, address, settings, context),
})

type EventType = 'notification' | 'notification.resolved' | 'notification.acknowledged'

async function post(
  type: EventType,
  message: Message,
  address: string | null,
  { url, method, headers, secret }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const facts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel' as const,
    secrets: [secret, url, new URL(url).search, ...Object.values(headers)],
  }
  const body = renderBody(type, message, address, context)
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

function renderBody(type: EventType, message: Message, recipient: string | null, context: ChannelContext): string {
  const { title, text, notes, links } = outlineMessage(message)
  const receivedAt = formatIso(message.receivedAt)
  return JSON.stringify({
    type,
    timestamp: receivedAt,
    data: {
      delivery_id: context.deliveryId,
      mail_id: message.mailId,
      fingerprint: context.fingerprint,
      recipient,
      title,
      // The outline leaves out a text that only repeats the title; a program wants it all the same.
      text: cutText(text === '' ? cleanText(message.text) : text, textMax, 'code_points'),
      severity: message.severity,
      labels: message.labels,
      notes,
      from: message.from,
      links,
      attachments: message.attachments.map(({ filename, contentType, sizeBytes }) => ({
        filename,
        content_type: contentType,
        size: sizeBytes,
      })),
      received_at: receivedAt,
      ack_url: context.ack?.url ?? null,
    },
  })
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

function formatIso(ms: number): string | null {
  const date = new Date(ms)
  return Number.isNaN(date.getTime()) ? null : date.toISOString()
}
