import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const appId = '5eb5a37e-b458-11e3-ac11-000c2940e62c'

interface Notification {
  app_id?: unknown
  include_aliases?: { external_id?: unknown[] }
  target_channel?: unknown
  headings?: { en?: unknown }
  contents?: { en?: unknown }
  url?: unknown
  priority?: unknown
  collapse_id?: unknown
  idempotency_key?: unknown
}

export const onesignal: Vendor = {
  kind: 'onesignal',
  address: 'tim',
  settings: (baseUrl) => ({ base_url: baseUrl, app_id: appId, api_key: 'os_v2_CANARY' }),
  answer({ method, path, headers, json }) {
    if (method !== 'POST' || path !== '/notifications') return refuse(404, 'not found')
    if (headers.authorization !== 'Key os_v2_CANARY') return refuse(403, 'Access denied.')
    const given = (json ?? {}) as Notification
    if (given.app_id !== appId) return refuse(400, 'app_id not found')
    if (given.target_channel !== 'push' || given.include_aliases?.external_id?.[0] !== 'tim') return nobody()
    return isNotification(given) ? replyJson(200, { id: 'b15ba6e5', external_id: null }) : refuse(400, 'invalid')
  },
  read: ({ json }) => textsOf(json),
  keyOf: ({ json }) => (json as { idempotency_key?: unknown }).idempotency_key,
  errors: [
    ['nobody subscribed', nobody(), { kind: 'permanent', scope: 'address' }],
    [
      'an unknown user',
      replyJson(200, { id: 'b15ba6e5', errors: { invalid_aliases: { external_id: ['tim'] } } }),
      { kind: 'permanent', scope: 'address' },
    ],
    ['access denied', refuse(403, 'Access denied.'), { kind: 'permanent', scope: 'channel' }],
    ['unknown app', refuse(400, 'app_id not found'), { kind: 'permanent', scope: 'channel' }],
    ['invalid', refuse(400, 'Message Notifications must have content'), { kind: 'permanent', scope: 'message' }],
    ['no such page', refuse(404, 'not found'), { kind: 'permanent', scope: 'channel' }],
    [
      'rate limit',
      { status: 429, headers: { 'retry-after': '4' } },
      { kind: 'transient', waitMs: 4_000, waitScope: 'channel' },
    ],
    ['unavailable', refuse(503, 'Service temporarily unavailable'), { kind: 'transient', waitMs: null }],
    ['not OneSignal', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function isNotification({ headings, contents, url, priority, collapse_id, idempotency_key }: Notification): boolean {
  const texts = [headings?.en, contents?.en].map((text) => (typeof text === 'string' ? text : ''))
  if (texts.some((text) => text.trim() === '')) return false
  // What Apple and Google carry; a longer one never arrives.
  if (Buffer.byteLength(JSON.stringify([texts, url])) > 4_096) return false
  const isUuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(idempotency_key))
  return isUuid && (priority === 5 || priority === 10) && String(collapse_id).length <= 64
}

function nobody(): SinkReply {
  return replyJson(200, { id: '', errors: ['All included players are not subscribed'] })
}

function refuse(status: number, error: string): SinkReply {
  return replyJson(status, { errors: [error] })
}
