import type { SinkReply } from '../webhook-sink.js'
import { textsOf, type Vendor } from './vendor.js'

/** A receiver that wants what is documented: JSON, an id, a signature. */
export const webhook: Vendor = {
  kind: 'webhook',
  address: null,
  settings: (baseUrl) => ({
    url: `${baseUrl}/CANARY`,
    secret: 'CANARY-secret',
    headers: { 'x-key': 'CANARY-key' },
  }),
  answer({ path, headers, json }) {
    const isKnown = path === '/CANARY' && headers['x-key'] === 'CANARY-key'
    if (!isKnown || !/^v1,/.test(headers['webhook-signature'] ?? '')) return { status: 401 }
    const isComplete = json !== undefined && headers['webhook-id'] !== undefined
    return { status: isComplete ? 200 : 400, body: isComplete ? 'ok' : 'no JSON' }
  },
  read: ({ json }) => textsOf(json),
  keyOf: ({ headers }) => headers['webhook-id'],
  errors: [
    ['moved', { status: 302, headers: { location: 'http://127.0.0.1:1/' } }, { kind: 'permanent', scope: 'channel' }],
    ['unknown caller', { status: 401 }, { kind: 'permanent', scope: 'channel' }],
    ['gone', { status: 410 }, { kind: 'permanent', scope: 'address' }],
    ['too large', { status: 413 }, { kind: 'permanent', scope: 'message' }],
    ['throttled', throttle('17'), { kind: 'transient', waitMs: 17_000, waitScope: 'channel' }],
    ['down', { status: 503 }, { kind: 'transient', waitMs: null }],
  ],
}

function throttle(seconds: string): SinkReply {
  return { status: 429, headers: { 'retry-after': seconds } }
}
