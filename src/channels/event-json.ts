import type { ChannelContext } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { cleanText } from './clean-text.js'
import { cutText } from './cut-text.js'
import { formatIso } from './format-iso.js'
import { outlineMessage } from './outline-message.js'

export type EventType = 'notification' | 'notification.resolved' | 'notification.acknowledged'

/** What is told of an event, beside its type and time. */
export const eventNames = [
  'delivery_id',
  'mail_id',
  'fingerprint',
  'recipient',
  'title',
  'text',
  'severity',
  'labels',
  'notes',
  'from',
  'links',
  'attachments',
  'received_at',
  'ack_url',
] as const

interface Event {
  type: EventType
  timestamp: string | null
  data: Record<(typeof eventNames)[number], unknown>
}

/**
 * What programs get of a notification:
 *
 *     { "type": "notification" | "notification.resolved" | "notification.acknowledged",
 *       "timestamp": "<ISO time the mail came in>",
 *       "data": { "delivery_id", "mail_id", "fingerprint", "recipient": null | "…", "title", "text", "severity",
 *                 "labels": {}, "notes": [], "from", "links": [{ "label", "url" }],
 *                 "attachments": [{ "filename", "content_type", "size" }], "received_at", "ack_url": null | "…" } }
 *
 * What belongs together has the same `fingerprint`. `ack_url` is a page on which a person acknowledges. The text has at
 * most `textMax` code points.
 */
export function describeEvent(
  type: EventType,
  message: Message,
  recipient: string | null,
  context: Pick<ChannelContext, 'deliveryId' | 'fingerprint' | 'ack'>,
  textMax: number,
): Event {
  const { title, text, notes, links } = outlineMessage(message)
  const receivedAt = formatIso(message.receivedAt)
  return {
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
  }
}

/** The same as JSON. */
export function renderEvent(...event: Parameters<typeof describeEvent>): string {
  return JSON.stringify(describeEvent(...event))
}
