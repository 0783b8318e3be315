import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, type Vendor } from './vendor.js'

const login = `Basic ${Buffer.from('alerts-bot@zulip.example:CANARY').toString('base64')}`

/** To people, and into a channel. What is too long is cut without a word, which counts as refused here. */
export const zulipDirect: Vendor = {
  kind: 'zulip',
  variant: 'direct',
  address: 'tim@mailtrigger.app',
  settings: (baseUrl) => ({ base_url: baseUrl, email: 'alerts-bot@zulip.example', api_key: 'CANARY' }),
  answer: (request) =>
    answer(request, (form) => form.get('type') === 'direct' && form.get('to') === '["tim@mailtrigger.app"]'),
  read,
  errors: [
    [
      'unknown user',
      refuse(400, 'BAD_REQUEST', "Invalid email 'x@y.example'"),
      { kind: 'permanent', scope: 'address' },
    ],
    ['invalid key', refuse(401, 'UNAUTHORIZED', 'Invalid API key'), { kind: 'permanent', scope: 'channel' }],
    ['deactivated', refuse(401, 'USER_DEACTIVATED', 'Account is deactivated'), { kind: 'permanent', scope: 'channel' }],
    ['another server', { status: 404, body: '<html>' }, { kind: 'permanent', scope: 'channel' }],
    [
      'rate limit',
      replyJson(429, { result: 'error', code: 'RATE_LIMIT_HIT', msg: 'limit', 'retry-after': 28.7 }),
      { kind: 'transient', waitMs: 28_700, waitScope: 'channel' },
    ],
    ['down', { status: 502 }, { kind: 'transient', waitMs: null }],
    ['not Zulip', { status: 200, body: '<html>' }, { kind: 'unknown' }],
  ],
}

export const zulipChannel: Vendor = {
  ...zulipDirect,
  variant: 'channel',
  address: null,
  settings: (baseUrl) => ({ ...zulipDirect.settings(baseUrl), channel: 'alerts' }),
  answer: (request) =>
    answer(request, (form) => {
      const topic = form.get('topic') ?? ''
      const isTopic = topic.trim() !== '' && [...topic].length <= 60 && !/\p{Cc}/u.test(topic)
      return isTopic && form.get('type') === 'stream' && form.get('to') === 'alerts'
    }),
  errors: [
    ['no such channel', refuse(400, 'STREAM_DOES_NOT_EXIST', 'No.'), { kind: 'permanent', scope: 'address' }],
    ['rate limit', throttle(), { kind: 'transient', waitMs: 2_500, waitScope: 'channel' }],
  ],
}

function answer({ method, path, headers, body }: SinkRequest, isTarget: (form: URLSearchParams) => boolean): SinkReply {
  if (headers.authorization !== login) return refuse(401, 'UNAUTHORIZED', 'Invalid API key')
  if (method === 'POST' && path === '/api/v1/user_uploads') return takeFile(headers, body)
  const form = new URLSearchParams(body)
  const content = form.get('content')
  const isContent = content !== null && [...content].length <= 10_000 && isBlock(content)
  if (method === 'POST' && path === '/api/v1/messages') {
    if (!isContent || !isTarget(form)) return refuse(400, 'BAD_REQUEST', 'Invalid')
    return replyJson(200, { result: 'success', msg: '', id: 42 })
  }
  if (method !== 'PATCH' || path !== '/api/v1/messages/42') return refuse(400, 'BAD_REQUEST', 'Invalid message(s)')
  const isMoved = [...(form.get('topic') ?? '')].length <= 60 && form.get('propagate_mode') === 'change_all'
  return isContent || isMoved ? replyJson(200, { result: 'success', msg: '' }) : refuse(400, 'BAD_REQUEST', 'Nothing')
}

/** One part of a form is the file; Zulip answers where it has it, and takes 25 MB. */
function takeFile(headers: Record<string, string>, body: string): SinkReply {
  const boundary = /^multipart\/form-data; boundary=(\S{1,70})$/.exec(headers['content-type'] ?? '')?.[1]
  const hasFile = /^--\S+\r\ncontent-disposition: form-data; name="filename"; filename="[^"\r\n]+"\r\n/i.test(body)
  if (boundary === undefined || !hasFile) return refuse(400, 'BAD_REQUEST', 'You must specify a file to upload')
  if (body.length > 25 * 1_048_576) return refuse(400, 'BAD_REQUEST', 'Uploaded file is larger than the allowed limit')
  return replyJson(200, { result: 'success', msg: '', url: '/user_uploads/2/ab/report.pdf', filename: 'report.pdf' })
}

/** The words of a mail stand in a block of code, which nothing in them ends: where Zulip looks for an end, there is one. */
function isBlock(content: string): boolean {
  const fences = content.split('\n').filter((line) => /^ {0,3}(?:`{3}|~{3})/.test(line))
  return content.startsWith('```text\n') && fences.filter((line) => line.trim() === '```').length === 1
}

/** Renaming a topic puts nothing before a reader. */
function read({ body }: SinkRequest): string | null {
  return new URLSearchParams(body).get('content')
}

function refuse(status: number, code: string, msg: string): SinkReply {
  return replyJson(status, { result: 'error', code, msg })
}

function throttle(): SinkReply {
  return replyJson(429, { result: 'error', code: 'RATE_LIMIT_HIT', msg: 'limit' }, { 'retry-after': '2.5' })
}
