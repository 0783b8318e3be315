import type { SinkReply } from '../webhook-sink.js'
import { countSegments, isGsmText } from './sms-segments.js'
import { replyJson, type Vendor } from './vendor.js'

/** The SMS API: 200 whatever happens, the truth in the status of each part. */
export const vonageSms: Vendor = {
  kind: 'vonage_sms',
  settings: (baseUrl) => ({ api_key: 'abcd1234', api_secret: 'CANARY-secret', from: 'MailTrigger', base_url: baseUrl }),
  address: '+4915112345678',
  answer({ method, path, headers, body }) {
    if (method !== 'POST' || path !== '/sms/json') return { status: 404, body: 'not found' }
    if (headers['content-type'] !== 'application/x-www-form-urlencoded') return refuse('2', 'Missing api_key')
    const given = new URLSearchParams(body)
    const text = given.get('text') ?? ''
    if (given.get('api_key') !== 'abcd1234' || given.get('api_secret') !== 'CANARY-secret') {
      return refuse('4', 'Bad Credentials')
    }
    if (!/^\d{7,15}$/.test(given.get('to') ?? '')) return { status: 400, body: 'invalid to' }
    if (!/^(?:\d{3,15}|[A-Za-z0-9 ]{1,11})$/.test(given.get('from') ?? '')) return { status: 400, body: 'invalid from' }
    if (text.trim() === '') return { status: 400, body: 'Missing text' }
    if (given.get('type') !== (isGsmText(text) ? null : 'unicode')) return { status: 400, body: 'unreadable' }
    const count = countSegments(text)
    if (count > 3) return { status: 400, body: 'more than the settings allow' }
    return answerParts(Array.from({ length: count }, (_, index) => ({ status: '0', 'message-id': `id-${index}` })))
  },
  read: ({ body }) => new URLSearchParams(body).get('text') ?? '',
  errors: [
    ['throttled', refuse('1', 'Throughput Rate Exceeded'), { kind: 'transient', waitMs: null, waitScope: 'channel' }],
    ['internal error', refuse('5', 'Internal Error'), { kind: 'transient' }],
    ['too many binds', refuse('10', 'Too Many Existing Binds'), { kind: 'transient' }],
    ['missing parameter', refuse('2', 'Missing from param'), { kind: 'permanent', scope: 'channel' }],
    ['invalid parameter', refuse('3', 'Invalid text param'), { kind: 'permanent', scope: 'message' }],
    ['bad credentials', refuse('4', 'Bad Credentials'), { kind: 'permanent', scope: 'channel' }],
    ['invalid message', refuse('6', 'Unroutable'), { kind: 'permanent', scope: 'message' }],
    ['number barred', refuse('7', 'Number barred'), { kind: 'permanent', scope: 'address' }],
    ['account barred', refuse('8', 'Partner Account Barred'), { kind: 'permanent', scope: 'channel' }],
    ['no credit', refuse('9', 'Partner Quota Violation'), { kind: 'permanent', scope: 'channel' }],
    ['too long', refuse('12', 'Message Too Long'), { kind: 'degrade', to: 'short' }],
    ['sender refused', refuse('15', 'Illegal Sender Address'), { kind: 'permanent', scope: 'channel' }],
    [
      'not on the list of a trial',
      refuse('29', 'Non-Whitelisted Destination'),
      { kind: 'permanent', scope: 'address' },
    ],
    ['no longer in use', refuse('33', 'Number De-activated'), { kind: 'permanent', scope: 'address' }],
    [
      'one of two segments refused',
      answerParts([
        { status: '0', 'message-id': 'id-0' },
        { status: '1', 'error-text': 'Throughput Rate Exceeded' },
      ]),
      {
        kind: 'accepted',
        remote: { message_id: 'id-0' },
        text: '1 of 2 segments are on their way; status 1: Throughput Rate Exceeded',
      },
    ],
    ['not Vonage', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['429', { status: 429, headers: { 'retry-after': '20' } }, { kind: 'transient', waitMs: 20_000 }],
    ['down', { status: 500, body: 'oops' }, { kind: 'transient', waitMs: null }],
  ],
  textShownMin: 100,
}

function refuse(status: string, text: string): SinkReply {
  return answerParts([{ status, 'error-text': text }])
}

function answerParts(messages: Record<string, string>[]): SinkReply {
  return replyJson(200, { 'message-count': String(messages.length), messages })
}
