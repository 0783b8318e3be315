import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

export const gotify: Vendor = {
  kind: 'gotify',
  address: null,
  settings: (baseUrl) => ({ base_url: baseUrl, token: 'A.CANARY' }),
  answer({ method, path, headers, json }) {
    if (method !== 'POST' || path !== '/message') return refuse(404, 'page not found')
    if (headers['x-gotify-key'] !== 'A.CANARY') return refuse(401, 'you need to provide a valid access token')
    const { title, message, priority, extras } = (json ?? {}) as Record<string, unknown>
    if (typeof message !== 'string' || message === '') return refuse(400, "Field 'message' is required")
    const isTyped = typeof title === 'string' && Number.isInteger(priority) && typeof extras === 'object'
    if (!isTyped) return refuse(400, 'json: cannot unmarshal')
    return replyJson(200, { id: 25, appid: 5, message, title, priority, date: '2026-08-01T12:00:30Z' })
  },
  read: ({ json }) => textsOf(json),
  errors: [
    ['required field', refuse(400, "Field 'message' is required"), { kind: 'permanent', scope: 'message' }],
    ['invalid token', refuse(401, 'invalid access token'), { kind: 'permanent', scope: 'channel' }],
    ['a client token', refuse(403, 'not allowed'), { kind: 'permanent', scope: 'channel' }],
    ['another server', refuse(404, 'page not found'), { kind: 'permanent', scope: 'channel' }],
    ['too large for a proxy', { status: 413 }, { kind: 'degrade', to: 'short' }],
    ['throttled by a proxy', throttle(), { kind: 'transient', waitMs: 5_000, waitScope: 'channel' }],
    ['down', { status: 502 }, { kind: 'transient', waitMs: null }],
    ['not Gotify', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(status: number, errorDescription: string): SinkReply {
  return replyJson(status, { error: 'Bad Request', errorCode: status, errorDescription })
}

function throttle(): SinkReply {
  return { status: 429, headers: { 'retry-after': '5' } }
}
