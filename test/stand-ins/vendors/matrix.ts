import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const room = '!alerts:example.org'

const uploadMax = 20_000_000
const uri = 'mxc://example.org/AQwafuaFswefuhsfAFAgsw'

interface RoomMessage {
  url?: unknown
  info?: { mimetype?: unknown; size?: unknown }
  msgtype?: unknown
  body?: unknown
  format?: unknown
  formatted_body?: unknown
  'm.new_content'?: RoomMessage
  'm.relates_to'?: { event_id?: unknown; 'm.in_reply_to'?: { event_id?: unknown } }
}

/** A homeserver with one room; it knows one event. */
export const matrix: Vendor = {
  kind: 'matrix',
  address: room,
  settings: (baseUrl) => ({ base_url: baseUrl, access_token: 'syt_CANARY' }),
  answer(request) {
    const { method, path, headers, bytes, json } = request
    if (headers.authorization !== 'Bearer syt_CANARY') return refuse(401, 'M_UNKNOWN_TOKEN')
    if (/\/media\//.test(path)) return takeMedia(request)
    const [, roomId = '', transaction = ''] =
      /^\/_matrix\/client\/v3\/rooms\/([^/]+)\/send\/m\.room\.message\/([^/]+)$/.exec(path) ?? []
    if (method !== 'PUT' || transaction === '') return refuse(404, 'M_UNRECOGNIZED')
    if (decodeURIComponent(roomId) !== room) return refuse(403, 'M_FORBIDDEN')
    // The server's part of an event takes up to two kilobytes.
    if (bytes.length > 65_536 - 2_048) return refuse(413, 'M_TOO_LARGE')
    const content = (json ?? {}) as RoomMessage
    const related = content['m.relates_to']?.event_id ?? content['m.relates_to']?.['m.in_reply_to']?.event_id ?? '$1'
    const isFine = isMessage(content) && related === '$1' && isMessage(content['m.new_content'] ?? content)
    return isFine ? replyJson(200, { event_id: '$1' }) : refuse(400, 'M_BAD_JSON')
  },
  read: ({ method, json }) => (method === 'PUT' && (json as RoomMessage).url === undefined ? textsOf(json) : null),
  keyOf: ({ method, path }) => (method === 'PUT' ? path : undefined),
  errors: [
    ['unknown token', refuse(401, 'M_UNKNOWN_TOKEN'), { kind: 'permanent', scope: 'channel' }],
    ['not in the room', refuse(403, 'M_FORBIDDEN'), { kind: 'permanent', scope: 'address' }],
    ['deactivated', refuse(403, 'M_USER_DEACTIVATED'), { kind: 'permanent', scope: 'channel' }],
    ['no Matrix at this path', refuse(404, 'M_UNRECOGNIZED'), { kind: 'permanent', scope: 'channel' }],
    ['bad JSON', refuse(400, 'M_BAD_JSON'), { kind: 'permanent', scope: 'message' }],
    ['too large', refuse(413, 'M_TOO_LARGE'), { kind: 'degrade', to: 'short' }],
    [
      'limit, as older servers say it',
      replyJson(429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 12_000 }),
      { kind: 'transient', waitMs: 12_000, waitScope: 'channel' },
    ],
    [
      'limit',
      replyJson(429, { errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 12_000 }, { 'retry-after': '13' }),
      { kind: 'transient', waitMs: 13_000, waitScope: 'channel' },
    ],
    ['down', refuse(502, 'M_UNKNOWN'), { kind: 'transient', waitMs: null }],
    ['not Matrix', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function takeMedia({ method, path, bytes, headers }: SinkRequest): SinkReply {
  if (method === 'GET' && path === '/_matrix/client/v1/media/config')
    return replyJson(200, { 'm.upload.size': uploadMax })
  if (method !== 'POST' || !path.startsWith('/_matrix/media/v3/upload?filename=')) return refuse(404, 'M_UNRECOGNIZED')
  if (bytes.length > uploadMax) return refuse(413, 'M_TOO_LARGE')
  return headers['content-type'] === undefined ? refuse(400, 'M_UNKNOWN') : replyJson(200, { content_uri: uri })
}

function isMessage({ msgtype, body, format, formatted_body, url, info }: RoomMessage): boolean {
  if (msgtype === 'm.file' || msgtype === 'm.image') {
    return typeof body === 'string' && body !== '' && url === uri && Number.isInteger(info?.size)
  }
  const isPlain = msgtype === 'm.text' && typeof body === 'string' && body.trim() !== ''
  if (format === undefined) return isPlain
  return isPlain && format === 'org.matrix.custom.html' && isHtml(String(formatted_body))
}

/** Tags that clients show, closed in order, and nothing that would be another. */
function isHtml(text: string): boolean {
  let rest = text.replaceAll('<br>', '')
  for (let before = ''; before !== rest; ) {
    before = rest
    rest = rest.replace(/<(strong|em|a)(?: href="[^"<>]*")?>([^<>]*)<\/\1>/g, '$2')
  }
  return !/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(rest)
}

function refuse(status: number, errcode: string): SinkReply {
  return replyJson(status, { errcode, error: 'No.' })
}
