import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const path = '/api/webhooks/100000000000000001/CANARY-token'
const messageId = '1300000000000000001'

interface Embed {
  title?: string
  description?: string
  color?: number
  footer?: { text: string }
  timestamp?: string
}

/** Webhooks as Discord executes and edits them. */
export const discord: Vendor = {
  kind: 'discord',
  address: null,
  settings: (baseUrl) => ({
    webhook_url: `${baseUrl}${path}`,
    mention_roles: ['200000000000000001'],
    mention_users: ['300000000000000001'],
  }),
  answer(request) {
    const url = new URL(request.path, 'http://discord')
    if (!/^DiscordBot \(\S+, \S+\)/.test(request.headers['user-agent'] ?? ''))
      return refuse(403, 40_333, 'internal network error')
    const isEdit = request.method === 'PATCH'
    if (isEdit && url.pathname !== `${path}/messages/${messageId}`) return refuse(404, 10_008, 'Unknown Message')
    if (!isEdit && url.pathname !== path) return refuse(404, 10_015, 'Unknown Webhook')
    const refusal = judge(request)
    if (refusal !== null) return refusal
    if (!isEdit && url.searchParams.get('wait') !== 'true') return { status: 204 }
    return replyJson(200, { id: messageId, channel_id: '1200000000000000001', type: 0 })
  },
  read: (request) => textsOf(readPayload(request)).replace(/\\(?=[!-/:-@[-`{-~])/g, ''),
  errors: [
    ['unknown webhook', refuse(404, 10_015, 'Unknown Webhook'), { kind: 'permanent', scope: 'channel' }],
    ['invalid token', refuse(401, 50_027, 'Invalid Webhook Token'), { kind: 'permanent', scope: 'channel' }],
    ['invalid form body', refuse(400, 50_035, 'Invalid Form Body'), { kind: 'degrade', to: 'plain' }],
    ['empty message', refuse(400, 50_006, 'Cannot send an empty message'), { kind: 'permanent', scope: 'message' }],
    [
      'forum',
      refuse(400, 220_001, 'Webhooks posted to forum channels must have a thread_name'),
      { kind: 'permanent', scope: 'channel' },
    ],
    ['forbidden', { status: 403 }, { kind: 'permanent', scope: 'channel' }],
    [
      'limited',
      limit({ message: 'You are being rate limited.', retry_after: 64.57, global: false }),
      { kind: 'transient', waitMs: 64_570, waitScope: 'channel' },
    ],
    [
      'limited by header',
      { status: 429, headers: { 'retry-after': '65' }, body: '<html>' },
      { kind: 'transient', waitMs: 65_000 },
    ],
    ['down', { status: 502 }, { kind: 'transient', waitMs: null }],
    ['not saved', { status: 204 }, { kind: 'unknown' }],
  ],
}

function refuse(status: number, code: number, message: string): SinkReply {
  return replyJson(status, { code, message })
}

function limit(body: unknown): SinkReply {
  return replyJson(429, body)
}

/** The schema of "Execute Webhook", lengths in UTF-16 units. */
function judge(request: SinkRequest): SinkReply | null {
  const invalid = (what: string) => refuse(400, 50_035, `Invalid Form Body: ${what}`)
  const json = readPayload(request)
  if (request.bytes.length > 10 * 1024 * 1024) return refuse(413, 40_005, 'Request entity too large')
  if (typeof json !== 'object' || json === null) return refuse(400, 50_109, 'The request body contains invalid JSON.')
  const {
    content = '',
    embeds = [],
    allowed_mentions,
  } = json as {
    content?: string
    embeds?: Embed[]
    allowed_mentions?: { parse?: unknown[] }
  }
  if (allowed_mentions?.parse?.length !== 0) return invalid('a mail could call everybody')
  if (content.length > 2_000) return invalid('content')
  if (content.trim() === '' && embeds.length === 0) return refuse(400, 50_006, 'Cannot send an empty message')
  if (embeds.length > 10) return invalid('embeds')
  let total = 0
  for (const { title = '', description = '', footer, timestamp, color = 0 } of embeds) {
    if (title.length > 256 || description.length > 4_096 || (footer?.text.length ?? 0) > 2_048) return invalid('embed')
    if (timestamp !== undefined && Number.isNaN(Date.parse(timestamp))) return invalid('timestamp')
    if (!Number.isInteger(color) || color < 0 || color > 0xffffff) return invalid('color')
    if (`${title}${description}${footer?.text ?? ''}`.trim() === '') return refuse(400, 50_006, 'empty')
    total += title.length + description.length + (footer?.text.length ?? 0)
  }
  return total > 6_000 ? invalid('embeds exceed 6000 characters') : null
}

/** The body, or the field `payload_json` of a form with files. */
function readPayload({ headers, json, body }: SinkRequest): unknown {
  const [, boundary] = /^multipart\/form-data; boundary=(\S+)$/.exec(headers['content-type'] ?? '') ?? []
  if (boundary === undefined) return json
  const parts = body.split(`--${boundary}`)
  if (parts.at(-1) !== '--\r\n') return undefined
  const [payload, ...files] = parts.slice(1, -1)
  const areFiles = files.every((part, index) => part.includes(`name="files[${index}]"; filename="`))
  const [head = '', text = ''] = payload?.split('\r\n\r\n') ?? []
  return areFiles && files.length <= 10 && head.includes('name="payload_json"') ? JSON.parse(text) : undefined
}
