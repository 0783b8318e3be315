import { createHash, createHmac } from 'node:crypto'
import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { countSegments } from './sms-segments.js'
import type { Vendor, VendorError } from './vendor.js'

const key = 'AKIAIOSFODNN7EXAMPLE'
const secret = 'CANARY-secret-access-key'
const topic = 'arn:aws:sns:eu-central-1:123456789012:alerts'

const errors: VendorError[] = [
  ['unknown key', refuse(403, 'InvalidClientTokenId'), { kind: 'permanent', scope: 'channel' }],
  ['wrong secret', refuse(403, 'SignatureDoesNotMatch'), { kind: 'permanent', scope: 'channel' }],
  ['not allowed', refuse(403, 'AuthorizationError'), { kind: 'permanent', scope: 'channel' }],
  ['no such topic', refuse(404, 'NotFound', 'Topic does not exist'), { kind: 'permanent', scope: 'channel' }],
  ['endpoint disabled', refuse(400, 'EndpointDisabled'), { kind: 'permanent', scope: 'address' }],
  ['no key of encryption', refuse(400, 'KMSNotFound'), { kind: 'permanent', scope: 'channel' }],
  ['invalid parameter', refuse(400, 'InvalidParameter', 'Subject'), { kind: 'permanent', scope: 'message' }],
  ['too long', refuse(400, 'InvalidParameter', 'Message too long'), { kind: 'degrade', to: 'short' }],
  [
    'invalid number',
    refuse(400, 'InvalidParameter', 'PhoneNumber Reason: +1 is not valid to publish to'),
    { kind: 'permanent', scope: 'address' },
  ],
  ['throttled', refuse(400, 'Throttling', 'Rate exceeded'), { kind: 'transient', waitMs: null, waitScope: 'channel' }],
  ['encryption throttled', refuse(400, 'KMSThrottling'), { kind: 'transient', waitMs: null }],
  ['internal error', refuse(500, 'InternalError'), { kind: 'transient' }],
  ['unavailable', { status: 503 }, { kind: 'transient' }],
  ['a new code', refuse(400, 'Novelty'), { kind: 'permanent', scope: 'message' }],
  ['not SNS', { status: 200, body: '<html>' }, { kind: 'unknown' }],
]

const settingsOf = (baseUrl: string) => ({
  region: 'eu-central-1',
  access_key_id: key,
  secret_access_key: secret,
  base_url: baseUrl,
})

/** Publish to a topic: signed, 256 KB, a subject of ASCII. */
export const snsTopic: Vendor = {
  kind: 'sns',
  variant: 'topic',
  settings: (baseUrl) => ({ ...settingsOf(baseUrl), session_token: 'CANARY-session', topic_arn: topic }),
  address: null,
  answer(request) {
    const refused = judge(request)
    if (refused) return refused
    const { TopicArn = '', Subject = '', Message = '' } = fieldsOf(request)
    if (!TopicArn.startsWith(topic)) return refuse(404, 'NotFound', 'Topic does not exist')
    if (!/^[A-Za-z0-9!-/:-@[-`{-~][\x20-\x7e]{0,98}$/.test(Subject)) return refuse(400, 'InvalidParameter', 'Subject')
    if (Buffer.byteLength(Message) > 262_144) return refuse(400, 'InvalidParameter', 'Message too long')
    const { MessageGroupId, MessageDeduplicationId } = fieldsOf(request)
    if (TopicArn.endsWith('.fifo') !== (isFifoId(MessageGroupId) && isFifoId(MessageDeduplicationId))) {
      return refuse(400, 'InvalidParameter', 'MessageGroupId')
    }
    return accept()
  },
  read: (request) => fieldsOf(request).Message ?? '',
  errors,
}

/** A FIFO topic drops what comes again with the key of before. */
export const snsFifo: Vendor = {
  ...snsTopic,
  variant: 'fifo',
  settings: (baseUrl) => ({ ...snsTopic.settings(baseUrl), topic_arn: `${topic}.fifo` }),
  keyOf: (request) => fieldsOf(request).MessageDeduplicationId,
}

/** Publish to a phone number. */
export const snsPhone: Vendor = {
  kind: 'sns',
  variant: 'phone',
  settings: settingsOf,
  address: '+4915112345678',
  answer(request) {
    const refused = judge(request)
    if (refused) return refused
    const { PhoneNumber = '', Message = '', Subject } = fieldsOf(request)
    if (!/^\+[1-9]\d{6,14}$/.test(PhoneNumber)) return refuse(400, 'InvalidParameter', 'PhoneNumber')
    if (Subject !== undefined) return refuse(400, 'InvalidParameter', 'Subject')
    return countSegments(Message) <= 3 ? accept() : refuse(400, 'InvalidParameter', 'Message too long')
  },
  read: (request) => fieldsOf(request).Message ?? '',
  errors,
  textShownMin: 100,
}

function isFifoId(id: string | undefined): boolean {
  return id !== undefined && /^[A-Za-z0-9!-/:-@[-`{-~]{1,128}$/.test(id)
}

function fieldsOf({ body }: SinkRequest): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(body))
}

function accept(): SinkReply {
  const result = '<PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult>'
  return { status: 200, headers: { 'content-type': 'text/xml' }, body: `<PublishResponse>${result}</PublishResponse>` }
}

function refuse(status: number, code: string, message = 'no'): SinkReply {
  const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>${message}</Message></Error>`
  return { status, headers: { 'content-type': 'text/xml' }, body: `<ErrorResponse>${error}</ErrorResponse>` }
}

/** Who calls, whether the signature is of this very request, and what every Publish has. */
function judge(request: SinkRequest): SinkReply | null {
  const { method, path, headers } = request
  if (method !== 'POST' || path !== '/') return { status: 404, body: '<UnknownOperationException/>' }
  const found = /^AWS4-HMAC-SHA256 Credential=(\w+)\/(\S+), SignedHeaders=(\S+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  )
  if (found?.[1] !== key) return refuse(403, 'InvalidClientTokenId')
  const [, , scope = '', names = '', signature = ''] = found
  if (signature !== sign(request, scope, names)) return refuse(403, 'SignatureDoesNotMatch')
  const { Action, Version, Message = '' } = fieldsOf(request)
  if (Action !== 'Publish' || Version !== '2010-03-31') return refuse(400, 'InvalidAction')
  return Message.trim() === '' ? refuse(400, 'InvalidParameter', 'Empty message') : null
}

function sign({ headers, body }: SinkRequest, scope: string, names: string): string {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (by: Buffer | string, text: string) => createHmac('sha256', by).update(text).digest()
  const lines = names.split(';').map((name) => `${name}:${headers[name]}\n`)
  const canonical = `POST\n/\n\n${lines.join('')}\n${names}\n${hash(body)}`
  const [date = '', region = '', service = ''] = scope.split('/')
  const signingKey = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
  const toSign = `AWS4-HMAC-SHA256\n${headers['x-amz-date']}\n${scope}\n${hash(canonical)}`
  return hmac(signingKey, toSign).toString('hex')
}
