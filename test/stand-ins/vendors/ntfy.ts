import { isUtf8 } from 'node:buffer'
import type { SinkReply, SinkRequest } from '../webhook-sink.js'
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

const fileBytesMax = 15_000_000

/** A server of one's own with access control, which takes attachments of 15 MB. */
export const ntfy: Vendor = {
  kind: 'ntfy',
  address: 'alerts-tim',
  settings: (baseUrl) => ({ base_url: baseUrl, token: 'tk_CANARY' }),
  answer(request) {
    const { method, path, headers, bytes, json } = request
    if (headers.authorization !== 'Bearer tk_CANARY') return refuse(401, 40_101, 'unauthorized')
    if (method === 'PUT') return takeFile(request)
    if (method !== 'POST' || path !== '/') return refuse(404, 40_401, 'page not found')
    if (bytes.length > 8_192) return refuse(413, 41_303, 'JSON body too large')
    if (typeof json !== 'object' || json === null) return refuse(400, 40_024, 'request body must be valid JSON')
    const refusal = judge(json as Publish)
    if (refusal !== null) return refusal
    const { topic, sequence_id, message } = json as Publish
    return replyJson(200, { id: 'hwQ2YpKdmg', time: 1, event: 'message', topic, sequence_id, message })
  },
  read: ({ method, headers, json }) =>
    method === 'PUT'
      ? ['x-title', 'x-message', 'x-actions', 'x-click'].map((name) => decodeWords(headers[name] ?? '')).join('\n')
      : textsOf(json),
  keyOf: ({ headers, json }) => headers['x-sequence-id'] ?? (json as Publish).sequence_id,
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

/** The body is the file, and headers say the rest, as encoded words where they are not ASCII. */
function takeFile({ path, headers, bytes }: SinkRequest): SinkReply {
  if (!Object.values(headers).every(isReadable)) return refuse(400, 40_011, 'must be UTF-8 encoded')
  const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, decodeWords(value)]))
  if (bytes.length > fileBytesMax) return refuse(413, 41_301, 'attachment too large, or bandwidth limit reached')
  if ((texts['x-filename'] ?? '') === '') return refuse(400, 40_000, 'a file without a name')
  const refusal = judge({
    topic: path.slice(1),
    title: texts['x-title'],
    // A message that has a file may say nothing.
    message: texts['x-message'] ?? 'You received a file',
    priority: Number(texts['x-priority']),
    tags: (texts['x-tags'] ?? '').split(','),
    click: texts['x-click'],
    sequence_id: texts['x-sequence-id'],
    actions: JSON.parse(texts['x-actions'] ?? '[]') as Publish['actions'],
  })
  return refusal ?? replyJson(200, { id: 'hwQ2YpKdmg', time: 1, event: 'message', attachment: { name: 'a' } })
}

/** Each word is UTF-8 by itself: no character is cut in two. */
function isReadable(header: string): boolean {
  const words = [...header.matchAll(/=\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?=/g)]
  return words.every(([, word = '']) => isUtf8(Buffer.from(word, 'base64')))
}

/** RFC 2047, as Go's `mime.WordDecoder` reads it: what is between two words is no text. */
function decodeWords(text: string): string {
  return text
    .replace(/\?= +=\?/g, '?==?')
    .replace(/=\?UTF-8\?B\?([A-Za-z0-9+/=]*)\?=/g, (_, word: string) => Buffer.from(word, 'base64').toString())
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
