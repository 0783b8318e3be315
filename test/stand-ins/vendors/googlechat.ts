import type { SinkReply } from '../webhook-sink.js'
import { replyJson, textsOf, type Vendor } from './vendor.js'

const path = '/v1/spaces/AAAA/messages'

const fields: Record<string, readonly string[]> = {
  message: ['text', 'cardsV2', 'thread'],
  cardsV2: ['cardId', 'card'],
  card: ['header', 'sections'],
  sections: ['header', 'widgets'],
  widgets: ['textParagraph', 'buttonList', 'decoratedText'],
  textParagraph: ['text'],
  buttonList: ['buttons'],
  buttons: ['text', 'onClick'],
  onClick: ['openLink'],
  openLink: ['url'],
  thread: ['name', 'threadKey'],
}

/** Webhooks of a space. An unknown field is an invalid argument, as in every API of Google's. */
export const googlechat: Vendor = {
  kind: 'googlechat',
  address: null,
  settings: (baseUrl) => ({ webhook_url: `${baseUrl}${path}?key=CANARY-key&token=CANARY-token%3D` }),
  answer(request) {
    const url = new URL(request.path, 'http://chat')
    if (url.pathname !== path) return refuse(404, 'NOT_FOUND', 'Space not found.')
    const { key, token, requestId } = Object.fromEntries(url.searchParams)
    if (key !== 'CANARY-key') return refuse(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.')
    if (token !== 'CANARY-token=') return refuse(401, 'UNAUTHENTICATED', 'Invalid token.')
    if (!requestId) return refuse(400, 'INVALID_ARGUMENT', 'this stand-in wants to know repeats')
    const wrong = unknownField(request.json, 'message')
    if (wrong !== null) return refuse(400, 'INVALID_ARGUMENT', `Unknown name "${wrong}": Cannot find field.`)
    if (request.bytes.length > 32_000) return refuse(400, 'INVALID_ARGUMENT', 'Message is too long.')
    const { text, thread } = request.json as { text?: string; thread?: { name: string } }
    if (!text?.trim()) return refuse(400, 'INVALID_ARGUMENT', 'Message cannot be empty.')
    return replyJson(200, {
      name: 'spaces/AAAA/messages/B.B',
      thread: { name: thread?.name ?? 'spaces/AAAA/threads/B' },
    })
  },
  read: ({ json }) => textsOf(json),
  keyOf: ({ path }) => new URL(path, 'http://x.example').searchParams.get('requestId') ?? undefined,
  errors: [
    ['a bad key', refuse(400, 'INVALID_ARGUMENT', 'API key not valid.'), { kind: 'permanent', scope: 'channel' }],
    ['a bad message', refuse(400, 'INVALID_ARGUMENT', 'Cannot find field.'), { kind: 'degrade', to: 'plain' }],
    ['unauthenticated', refuse(401, 'UNAUTHENTICATED', 'no'), { kind: 'permanent', scope: 'channel' }],
    ['not a member', refuse(403, 'PERMISSION_DENIED', 'no'), { kind: 'permanent', scope: 'channel' }],
    ['the space is gone', refuse(404, 'NOT_FOUND', 'no'), { kind: 'permanent', scope: 'channel' }],
    [
      'exhausted',
      refuse(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded.'),
      { kind: 'transient', waitMs: null, waitScope: 'channel' },
    ],
    ['down', refuse(503, 'UNAVAILABLE', 'later'), { kind: 'transient' }],
    ['not Google', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

function refuse(code: number, status: string, message: string): SinkReply {
  return replyJson(code, { error: { code, status, message } })
}

function unknownField(value: unknown, type: string): string | null {
  if (Array.isArray(value)) return value.map((item) => unknownField(item, type)).find((name) => name !== null) ?? null
  if (typeof value !== 'object' || value === null) return type === 'message' ? 'no JSON' : null
  for (const [name, inner] of Object.entries(value)) {
    if (!fields[type]?.includes(name)) return name
    const wrong = unknownField(inner, name)
    if (wrong !== null) return wrong
  }
  return null
}
