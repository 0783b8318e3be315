import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const token = 'CANARY0000token000000000000000'
const user = 'uQiRzpo4DXghDmr9QzzfQu27cmVRsG'

/** Takes messages as JSON, and cancels emergencies by their tag. */
export const pushover: Vendor = {
  kind: 'pushover',
  address: user,
  settings: (baseUrl) => ({ base_url: baseUrl, token, emergency: { retry: 60, expire: 600 } }),
  answer(request) {
    if (request.path === '/1/messages.json') return takeMessage(request)
    if (!/^\/1\/receipts\/cancel_by_tag\/[\w.~%-]+\.json$/.test(request.path)) return refuse(404, {})
    const isKnown = new URLSearchParams(request.body).get('token') === token
    return isKnown ? replyJson(200, { status: 1, request: 'r-2', canceled: 1 }) : refuse(400, { token: 'invalid' })
  },
  read: ({ json }) => textsOf(json),
  errors: [
    ['invalid token', refuse(400, { token: 'invalid' }), { kind: 'permanent', scope: 'channel' }],
    ['invalid user', refuse(400, { user: 'invalid' }), { kind: 'permanent', scope: 'address' }],
    ['invalid message', refuse(400, { message: 'cannot be blank' }), { kind: 'permanent', scope: 'message' }],
    ['too large', { status: 413 }, { kind: 'permanent', scope: 'message' }],
    [
      'monthly quota',
      replyJson(429, { status: 0 }, { 'x-limit-app-reset': String(Date.UTC(2026, 7, 1, 13, 0, 30) / 1_000) }),
      { kind: 'transient', waitMs: 3_600_000, waitScope: 'channel' },
    ],
    ['down', { status: 500 }, { kind: 'transient', waitMs: null }],
    ['not Pushover', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function takeMessage({ json }: SinkRequest): SinkReply {
  const fields = (json ?? {}) as Record<string, unknown>
  if (fields.token !== token) return refuse(400, { token: 'invalid' })
  if (fields.user !== user) return refuse(400, { user: 'invalid' })
  for (const [name, max] of Object.entries({ message: 1_024, title: 250, url: 512, url_title: 100 })) {
    const text = fields[name]
    if (text !== undefined && (typeof text !== 'string' || text.length > max))
      return refuse(400, { [name]: 'too long' })
  }
  if (String(fields.message ?? '').trim() === '') return refuse(400, { message: 'cannot be blank' })
  if (fields.html === 1 && !isHtml(String(fields.message))) return refuse(400, { message: 'is no HTML' })
  if (![-2, -1, 0, 1, 2].some((known) => known === fields.priority)) return refuse(400, { priority: 'invalid' })
  if (fields.priority !== 2) return replyJson(200, { status: 1, request: 'r-1' })
  const { retry, expire, tags } = fields
  const isEmergency = Number(retry) >= 30 && Number(expire) <= 10_800 && Number(expire) > 0
  if (!isEmergency || String(tags).includes(',')) return refuse(400, { expire: 'invalid' })
  return replyJson(200, { status: 1, request: 'r-1', receipt: 'receipt00000000000000000000000' })
}

/** Nothing but the tags Pushover knows, and no character that would begin another. */
function isHtml(text: string): boolean {
  const rest = text.replace(/<\/?(?:b|i|u|a|font)(?: href="[^"<>]*")?>/g, '')
  return !/[<>]|&(?!(?:amp|lt|gt|quot);)/.test(rest)
}

function refuse(status: number, fields: Record<string, string>): SinkReply {
  return replyJson(status, { ...fields, errors: Object.values(fields), status: 0, request: 'r-0' })
}
