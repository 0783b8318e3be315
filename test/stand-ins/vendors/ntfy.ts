import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

interface Publish {
  topic?: unknown
  title?: unknown
  message?: unknown
  priority?: unknown
  tags?: unknown
  click?: unknown
  sequence_id?: unknown
  actions?: { action?: unknown; label?: unknown; url?: unknown; method?: unknown }[]
}

/** A server of one's own with access control, without attachments. */
export const ntfy: Vendor = {
  kind: 'ntfy',
  address: 'alerts-tim',
  settings: (baseUrl) => ({ base_url: baseUrl, token: 'tk_CANARY' }),
  answer({ method, path, headers, bytes, json }) {
    if (method !== 'POST' || path !== '/') return refuse(404, 40_401, 'page not found')
    if (headers.authorization !== 'Bearer tk_CANARY') return refuse(401, 40_101, 'unauthorized')
    if (bytes.length > 8_192) return refuse(413, 41_303, 'JSON body too large')
    if (typeof json !== 'object' || json === null) return refuse(400, 40_024, 'request body must be valid JSON')
    const refusal = judge(json as Publish)
    if (refusal !== null) return refusal
    const { topic, sequence_id, message } = json as Publish
    return replyJson(200, { id: 'hwQ2YpKdmg', time: 1, event: 'message', topic, sequence_id, message })
  },
  read: ({ json }) => textsOf(json),
  errors: [
    ['unauthorized', refuse(401, 40_101, 'unauthorized'), { kind: 'permanent', scope: 'channel' }],
    ['forbidden topic', refuse(403, 40_301, 'forbidden'), { kind: 'permanent', scope: 'address' }],
    ['topic not allowed', refuse(400, 40_010, 'topic name is not allowed'), { kind: 'permanent', scope: 'address' }],
    ['attachments not allowed', refuse(400, 40_014, 'attachments not allowed'), { kind: 'degrade', to: 'short' }],
    ['JSON too large', refuse(413, 41_303, 'JSON body too large'), { kind: 'degrade', to: 'short' }],
    ['actions invalid', refuse(400, 40_018, 'actions invalid'), { kind: 'permanent', scope: 'message' }],
    ['no such page', refuse(404, 40_401, 'page not found'), { kind: 'permanent', scope: 'channel' }],
    ['no subscriber', refuse(507, 50_701, 'cannot publish to UnifiedPush'), { kind: 'permanent', scope: 'address' }],
    ['too many requests', throttle(42_901), { kind: 'transient', waitMs: 10_000, waitScope: 'channel' }],
    ['daily quota', throttle(42_908), { kind: 'transient', waitMs: 3_600_000, waitScope: 'channel' }],
    ['internal error', refuse(500, 50_001, 'internal server error'), { kind: 'transient' }],
    ['a page in front', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function judge({ topic, title, message, priority, tags, click, sequence_id, actions = [] }: Publish): SinkReply | null {
  if (typeof topic !== 'string' || !/^[-_A-Za-z0-9]{1,64}$/.test(topic)) return refuse(400, 40_009, 'topic invalid')
  if (typeof message !== 'string' || message.trim() === '' || typeof title !== 'string') {
    return refuse(400, 40_000, 'a message that says nothing')
  }
  if (Buffer.byteLength(message) > 4_096) return refuse(400, 40_014, 'attachments not allowed')
  if (![1, 2, 3, 4, 5].some((known) => known === priority)) return refuse(400, 40_007, 'invalid priority parameter')
  if (!Array.isArray(tags) || (click !== undefined && typeof click !== 'string')) return refuse(400, 40_017, 'JSON')
  if (!/^[-_A-Za-z0-9]{1,64}$/.test(String(sequence_id))) return refuse(400, 40_049, 'sequence ID invalid')
  const areActions = actions.every(({ action, label, url, method }) => {
    return action === 'http' && label !== '' && typeof url === 'string' && method === 'POST'
  })
  return actions.length <= 3 && areActions ? null : refuse(400, 40_018, 'actions invalid')
}

function refuse(http: number, code: number, error: string): SinkReply {
  return replyJson(http, { code, http, error, link: 'https://ntfy.sh/docs' })
}

function throttle(code: number): SinkReply {
  return refuse(429, code, 'limit reached')
}
