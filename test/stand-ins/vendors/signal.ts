import type { SinkReply } from '../webhook-sink.js'
import { replyJson, type Vendor } from './vendor.js'

interface SignalMessage {
  number?: unknown
  recipients?: unknown[]
  message?: unknown
  text_mode?: unknown
  edit_timestamp?: unknown
}

/** signal-cli-rest-api with one account. It has no secret of its own; whoever reaches it may send. */
export const signal: Vendor = {
  kind: 'signal',
  address: '+4915112345678',
  settings: (baseUrl) => ({ base_url: baseUrl, number: '+4915100000000' }),
  answer({ method, path, json }) {
    if (method !== 'POST' || path !== '/v2/send') return { status: 404, body: '404 page not found' }
    const { number, recipients = [], message, text_mode, edit_timestamp } = (json ?? {}) as SignalMessage
    if (number !== '+4915100000000') return refuse('Specified account does not exist')
    if (recipients.length !== 1 || recipients[0] !== '+4915112345678') return refuse('Unregistered user')
    if (edit_timestamp !== undefined && edit_timestamp !== 1_698_908_110_944) return refuse('Failed to send message')
    const isSaid = typeof message === 'string' && message.trim() !== '' && Buffer.byteLength(message) <= 2_000
    if (!isSaid || text_mode !== 'normal') return refuse("Couldn't process request - invalid request")
    return replyJson(201, { timestamp: '1698908110944' })
  },
  read: ({ json }) => String((json as SignalMessage).message),
  errors: [
    ['unknown account', refuse('Specified account does not exist'), { kind: 'permanent', scope: 'channel' }],
    [
      'account not registered',
      refuse('User +4915100000000 is not registered.\n'),
      { kind: 'permanent', scope: 'channel' },
    ],
    [
      'unregistered recipient',
      refuse('Failed to send (some) messages:\nUnregistered user "+4915112345678"'),
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'untrusted identity',
      refuse('Failed to send message due to untrusted identities'),
      { kind: 'permanent', scope: 'address' },
    ],
    ['invalid request', refuse("Couldn't process request - invalid request"), { kind: 'permanent', scope: 'message' }],
    ['something else', refuse('Failed to send message'), { kind: 'transient', waitMs: null }],
    [
      'captcha wanted',
      refuse('CAPTCHA proof required for sending, or wait "86400" seconds'),
      { kind: 'transient', waitMs: 3_600_000, waitScope: 'channel' },
    ],
    ['rate limit', { status: 429 }, { kind: 'transient', waitMs: 3_600_000, waitScope: 'channel' }],
    ['another server', { status: 404 }, { kind: 'permanent', scope: 'channel' }],
    ['down', { status: 502 }, { kind: 'transient', waitMs: null }],
    ['not signal-cli', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(error: string): SinkReply {
  return replyJson(400, { error, account: '+4915100000000' })
}
