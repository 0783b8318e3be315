import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

interface SlackMessage {
  text?: unknown
  blocks?: { type: string; text?: { text: string }; elements?: { text: string }[] }[]
  channel?: unknown
  ts?: unknown
}

/** Incoming webhooks: `200 ok`, or an error word as plain text. */
export const slackWebhook: Vendor = {
  kind: 'slack',
  variant: 'webhook',
  address: null,
  settings: (baseUrl) => ({ webhook_url: `${baseUrl}/services/T0/B0/CANARY` }),
  answer(request) {
    if (request.path !== '/services/T0/B0/CANARY') return { status: 404, body: 'no_service' }
    const refusal = judge(request)
    return refusal === null ? { status: 200, body: 'ok' } : { status: 400, body: refusal }
  },
  read: ({ json }) => textsOf(json),
  errors: [
    ['invalid_payload', { status: 400, body: 'invalid_payload' }, { kind: 'permanent', scope: 'message' }],
    ['invalid_blocks', { status: 400, body: 'invalid_blocks' }, { kind: 'degrade', to: 'plain' }],
    ['action_prohibited', { status: 403, body: 'action_prohibited' }, { kind: 'permanent', scope: 'channel' }],
    ['no_service', { status: 404, body: 'no_service' }, { kind: 'permanent', scope: 'channel' }],
    ['channel_is_archived', { status: 410, body: 'channel_is_archived' }, { kind: 'permanent', scope: 'address' }],
    ['rollup_error', { status: 500, body: 'rollup_error' }, { kind: 'transient' }],
    ['rate_limited', throttle(), { kind: 'transient', waitMs: 30_000, waitScope: 'channel' }],
  ],
}

/** The Web API: 200 whatever happens, the truth in `ok`. */
export const slackBot: Vendor = {
  kind: 'slack',
  variant: 'bot',
  address: 'U012AB3CD',
  settings: (baseUrl) => ({ bot_token: 'xoxb-CANARY', base_url: baseUrl }),
  answer(request) {
    const { channel, ts } = (request.json ?? {}) as SlackMessage
    if (request.headers.authorization !== 'Bearer xoxb-CANARY') return refuse('invalid_auth')
    if (channel !== 'U012AB3CD' && channel !== 'D1') return refuse('channel_not_found')
    const isUpdate = request.path === '/api/chat.update'
    if (!isUpdate && request.path !== '/api/chat.postMessage') return refuse('unknown_method')
    if (isUpdate && ts !== '17.5') return refuse('message_not_found')
    const refusal = judge(request)
    return refusal === null ? replyJson(200, { ok: true, ts: '17.5', channel: 'D1' }) : refuse(refusal)
  },
  read: ({ json }) => textsOf(json),
  errors: [
    ['invalid_auth', refuse('invalid_auth'), { kind: 'permanent', scope: 'channel' }],
    ['not_in_channel', refuse('not_in_channel'), { kind: 'permanent', scope: 'address' }],
    ['msg_too_long', refuse('msg_too_long'), { kind: 'degrade', to: 'short' }],
    ['invalid_blocks', refuse('invalid_blocks'), { kind: 'degrade', to: 'plain' }],
    ['ratelimited', refuse('ratelimited'), { kind: 'transient', waitScope: 'address' }],
    ['fatal_error', refuse('fatal_error'), { kind: 'transient' }],
    ['a word nobody knows', refuse('a_new_word'), { kind: 'transient' }],
    ['not Slack', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['429', throttle(), { kind: 'transient', waitMs: 30_000, waitScope: 'address' }],
  ],
}

function refuse(error: string): SinkReply {
  return replyJson(200, { ok: false, error })
}

function throttle(): SinkReply {
  return { status: 429, headers: { 'retry-after': '30' } }
}

/** Limits of Block Kit, in UTF-16 units; null when the message is fine. */
function judge({ json }: SinkRequest): string | null {
  if (typeof json !== 'object' || json === null) return 'invalid_payload'
  const { text, blocks = [] } = json as SlackMessage
  if (typeof text !== 'string' || text.trim() === '') return 'no_text'
  if (text.length > 40_000) return 'msg_too_long'
  if (blocks.length > 50) return 'invalid_blocks'
  return blocks.every(isBlock) ? null : 'invalid_blocks'
}

function isBlock({ type, text, elements }: NonNullable<SlackMessage['blocks']>[number]): boolean {
  const max = { header: 150, section: 3_000 }[type]
  if (max !== undefined) return text !== undefined && text.text !== '' && text.text.length <= max
  return type === 'context' && elements !== undefined && elements.length >= 1 && elements.length <= 10
}
