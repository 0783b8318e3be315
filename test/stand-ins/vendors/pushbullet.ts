import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

export const pushbullet: Vendor = {
  kind: 'pushbullet',
  address: 'tim@mailtrigger.app',
  settings: (baseUrl) => ({ base_url: baseUrl, access_token: 'o.CANARY' }),
  answer({ method, path, headers, json }) {
    if (method !== 'POST' || path !== '/v2/pushes') return refuse(404, {})
    if (headers['access-token'] !== 'o.CANARY') return refuse(401, { code: 'invalid_access_token' })
    const { type, title, body, url, email, guid } = (json ?? {}) as Record<string, unknown>
    if (email !== 'tim@mailtrigger.app') return refuse(400, { param: 'email' })
    if (type !== 'note' && type !== 'link') return refuse(400, { param: 'type' })
    if (type === 'link' && !URL.canParse(String(url))) return refuse(400, { param: 'url' })
    const isSaid = [title, body, guid].every((text) => typeof text === 'string' && text.trim() !== '')
    return isSaid
      ? replyJson(200, { iden: 'ujpah72o0sjAoRtnM0jc', active: true, type })
      : refuse(400, { param: 'body' })
  },
  read: ({ json }) => textsOf(json),
  keyOf: ({ json }) => (json as { guid?: unknown }).guid,
  errors: [
    ['invalid token', refuse(401, { code: 'invalid_access_token' }), { kind: 'permanent', scope: 'channel' }],
    ['no access', refuse(403, {}), { kind: 'permanent', scope: 'channel' }],
    ['invalid address', refuse(400, { param: 'email' }), { kind: 'permanent', scope: 'address' }],
    ['invalid device', refuse(400, { param: 'device_iden' }), { kind: 'permanent', scope: 'channel' }],
    ['invalid push', refuse(400, { param: 'type' }), { kind: 'permanent', scope: 'message' }],
    [
      'pushes of the month used up',
      refuse(400, { code: 'pushbullet_pro_required' }),
      { kind: 'transient', waitMs: 21_600_000, waitScope: 'channel' },
    ],
    [
      'rate limit',
      replyJson(429, {}, { 'x-ratelimit-reset': String(Date.UTC(2026, 7, 1, 12, 1, 30) / 1_000) }),
      { kind: 'transient', waitMs: 60_000, waitScope: 'channel' },
    ],
    ['down', { status: 503 }, { kind: 'transient', waitMs: null }],
    ['not Pushbullet', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(status: number, error: Record<string, string>): SinkReply {
  return replyJson(status, { error: { type: 'invalid_request', message: 'No.', ...error } })
}
