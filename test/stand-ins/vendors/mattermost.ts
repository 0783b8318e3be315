import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const path = '/hooks/CANARYxxxxxxxxxxxxxxxxxxxx'

/** Incoming webhooks: `ok`, or an AppError. Lengths in characters. */
export const mattermost: Vendor = {
  kind: 'mattermost',
  address: '@tim',
  settings: (baseUrl) => ({ webhook_url: `${baseUrl}${path}`, direct: true, priority: true, username: 'Gateway' }),
  answer({ path: called, json }) {
    if (called !== path) return refuse(400, 'web.incoming_webhook.invalid.app_error', 'Invalid webhook.')
    if (typeof json !== 'object' || json === null) {
      return refuse(400, 'web.incoming_webhook.parse.app_error', 'Unable to parse incoming data.')
    }
    const {
      text = '',
      attachments = [],
      channel,
      priority,
    } = json as {
      text?: string
      attachments?: { text?: string; color?: string }[]
      channel?: string
      priority?: { priority: string }
    }
    if (channel !== '@tim') return refuse(404, 'web.incoming_webhook.channel.app_error', "Couldn't find the channel.")
    if (text === '' && attachments.length === 0) {
      return refuse(400, 'web.incoming_webhook.text.app_error', 'No text specified.')
    }
    const isLong = [text, ...attachments.map((attachment) => attachment.text ?? '')].some(
      (part) => [...part].length > 16_383,
    )
    const isColour = attachments.every(({ color = '' }) => /^#[0-9a-f]{6}$/.test(color))
    const isPriority = priority === undefined || ['urgent', 'important'].includes(priority.priority)
    if (isLong || !isColour || !isPriority)
      return refuse(400, 'web.incoming_webhook.parse.app_error', 'Unable to parse.')
    return { status: 200, headers: { 'content-type': 'text/plain' }, body: 'ok' }
  },
  read: ({ json }) => textsOf(json).replace(/\\(?=[!-/:-@[-`{-~])/g, ''),
  errors: [
    [
      'invalid webhook',
      refuse(400, 'web.incoming_webhook.invalid.app_error', 'Invalid webhook.'),
      { kind: 'permanent', scope: 'channel' },
    ],
    [
      'parse',
      refuse(400, 'web.incoming_webhook.parse.app_error', 'Unable to parse.'),
      { kind: 'degrade', to: 'plain' },
    ],
    [
      'no such person',
      refuse(404, 'web.incoming_webhook.user.app_error', "Couldn't find the user."),
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'switched off',
      refuse(501, 'web.incoming_webhook.disabled.app_error', 'Disabled by the admin.'),
      { kind: 'transient' },
    ],
    [
      'locked',
      refuse(403, 'web.incoming_webhook.channel_locked.app_error', 'locked'),
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'limited',
      { status: 429, headers: { 'retry-after': '3' }, body: 'limit exceeded' },
      { kind: 'transient', waitMs: 3_000, waitScope: 'channel' },
    ],
    ['down', { status: 502, body: '<html>' }, { kind: 'transient' }],
  ],
}

function refuse(status: number, id: string, message: string): SinkReply {
  return replyJson(status, { id, message, detailed_error: '', request_id: 'x', status_code: status })
}
