import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const path = '/hooks/64f0000000000000000000aa/CANARY-token'

/** Incoming integrations, with the server's default limit. */
export const rocketchat: Vendor = {
  kind: 'rocketchat',
  address: '@tim',
  settings: (baseUrl) => ({ webhook_url: `${baseUrl}${path}`, direct: true, username: 'Gateway' }),
  answer({ path: called, json }) {
    if (called !== path) return refuse(401, 'Invalid integration id or token provided.')
    const {
      text = '',
      attachments = [],
      channel,
    } = (json ?? {}) as {
      text?: string
      attachments?: { text?: string; color?: string }[]
      channel?: string
    }
    if (channel !== '@tim') return refuse(400, 'invalid-channel')
    const texts = [text, ...attachments.map((attachment) => attachment.text ?? '')]
    if (texts.join('').trim() === '') return refuse(400, 'Message cannot be empty')
    return texts.some((part) => part.length > 5_000)
      ? refuse(400, 'error-message-size-exceeded')
      : replyJson(200, { success: true })
  },
  read: ({ json }) => textsOf(json).replace(/[\u2060\u200b]/g, ''),
  errors: [
    ['wrong token', refuse(401, 'Invalid integration id or token provided.'), { kind: 'permanent', scope: 'channel' }],
    ['no such person', refuse(400, 'invalid-channel'), { kind: 'permanent', scope: 'address' }],
    [
      'may not choose',
      refuse(400, 'overriding destination channel is disabled for this integration'),
      { kind: 'permanent', scope: 'channel' },
    ],
    ['too long', refuse(400, 'error-message-size-exceeded'), { kind: 'degrade', to: 'short' }],
    ['a script posted nothing', { status: 200, body: '' }, { kind: 'permanent', scope: 'message' }],
    ['a script failed', { status: 500, body: '' }, { kind: 'transient' }],
    [
      'limited',
      { status: 429, headers: { 'x-ratelimit-reset': '1785585640000' } },
      { kind: 'transient', waitMs: 10_000, waitScope: 'channel' },
    ],
    ['not Rocket.Chat', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(status: number, error: string): SinkReply {
  return replyJson(status, { success: false, error })
}
