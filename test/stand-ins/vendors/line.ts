import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const chat = 'U4af4980629a0123456789abcdef01234'

interface Push {
  to?: unknown
  messages?: { type: string; text: string }[]
  notificationDisabled?: unknown
}

/** The Messaging API: push with a retry key, texts of 5,000 UTF-16 units, at most five of them. */
export const line: Vendor = {
  kind: 'line',
  settings: (baseUrl) => ({ channel_access_token: 'CANARY-token', base_url: baseUrl }),
  address: chat,
  answer({ method, path, headers, json }) {
    const { to, messages = [], notificationDisabled } = (json ?? {}) as Push
    if (headers.authorization !== 'Bearer CANARY-token') return refuse(401, 'Authentication failed.')
    if (method !== 'POST' || path !== '/v2/bot/message/push') return refuse(404, 'Not found')
    if (!/^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(headers['x-line-retry-key'] ?? '')) {
      return refuse(400, 'Invalid retry key')
    }
    if (to !== chat) return refuse(400, "The property, 'to', in the request body is invalid")
    if (messages.length < 1 || messages.length > 5) return refuse(400, 'The request body has 1 error(s)')
    if (typeof notificationDisabled !== 'boolean') return refuse(400, 'The request body has 1 error(s)')
    return messages.every(isText)
      ? replyJson(200, { sentMessages: [{ id: '461230966842064897', quoteToken: 'IStG5h1Tz7b' }] })
      : tooLongAnswer()
  },
  read: ({ json }) => textsOf((json as Push).messages),
  keyOf: ({ headers }) => headers['x-line-retry-key'],
  errors: [
    ['wrong token', refuse(401, 'Authentication failed.'), { kind: 'permanent', scope: 'channel' }],
    ['not for this plan', refuse(403, 'Not permitted'), { kind: 'permanent', scope: 'channel' }],
    ['invalid id', refuse(400, "The property, 'to', is invalid"), { kind: 'permanent', scope: 'address' }],
    ['no friend', refuse(400, 'Failed to send messages'), { kind: 'permanent', scope: 'address' }],
    ['invalid body', refuse(400, 'The request body could not be parsed'), { kind: 'permanent', scope: 'message' }],
    ['too long', tooLongAnswer(), { kind: 'degrade', to: 'short' }],
    ['too large', { status: 413 }, { kind: 'degrade', to: 'short' }],
    [
      'rate',
      refuse(429, 'The API rate limit has been exceeded. Try again later.'),
      { kind: 'transient', waitMs: null },
    ],
    ['quota', refuse(429, 'You have reached your monthly limit.'), { kind: 'permanent', scope: 'channel' }],
    [
      'accepted before',
      replyJson(409, { message: 'The retry key is already accepted', sentMessages: [{ id: '7' }] }),
      { kind: 'accepted', remote: { message_id: '7' } },
    ],
    [
      'accepted before, without ids',
      refuse(409, 'The retry key is already accepted'),
      { kind: 'accepted', remote: {} },
    ],
    ['internal error', refuse(500, 'Internal Server Error'), { kind: 'transient' }],
    ['not LINE', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function tooLongAnswer(): SinkReply {
  const details = [{ message: 'Length must be between 0 and 5000', property: 'messages[0].text' }]
  return replyJson(400, { message: 'The request body has 1 error(s)', details })
}

function refuse(status: number, message: string): SinkReply {
  return replyJson(status, { message })
}

function isText({ type, text }: { type: string; text: string }): boolean {
  return type === 'text' && text.trim() !== '' && text.length <= 5_000 && !/\p{Surrogate}/u.test(text)
}
