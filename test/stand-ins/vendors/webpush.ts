import { createDecipheriv, createECDH, createPublicKey, type ECDH, hkdfSync, randomBytes, verify } from 'node:crypto'
import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { replyJson, type Vendor } from './vendor.js'

const server = createECDH('prime256v1')
server.generateKeys()
const browser = createECDH('prime256v1')
browser.generateKeys()
const auth = randomBytes(16)

const audience = 'https://push.example'

export const subscription = {
  endpoint: `${audience}/wpush/v2/CANARY-subscription?x=1`,
  expirationTime: null,
  keys: { p256dh: browser.getPublicKey('base64url'), auth: auth.toString('base64url') },
}

/** A push service at the time of the contract test, and the browser behind it. */
export const webpush = webpushAt(() => Date.UTC(2026, 7, 1, 12, 0, 30))

/** The same by another clock (Unix milliseconds): what a token may say depends on the time. The browser decrypts. */
export function webpushAt(now: () => number): Vendor {
  return {
    kind: 'webpush',
    address: JSON.stringify(subscription),
    settings: (baseUrl) => ({
      vapid_private_key: server.getPrivateKey('base64url'),
      subject: 'mailto:ops@mailtrigger.app',
      base_url: baseUrl,
    }),
    answer: (request) => {
      if (request.path !== '/wpush/v2/CANARY-subscription?x=1') return { status: 404 }
      if (request.bytes.length > 4_096) return { status: 413 }
      const refusal = judge(request.headers, now())
      if (refusal !== null) return refusal
      return { status: 201, headers: { location: 'https://push.example/m/1' } }
    },
    read: (request) => readPush(request).map(String).join('\n'),
    keyOf: ({ headers }) => headers.topic,
    errors: [
      ['gone', replyJson(410, { code: 410, errno: 106 }), { kind: 'permanent', scope: 'address' }],
      ['never known', { status: 404 }, { kind: 'permanent', scope: 'address' }],
      ['another key', { status: 403, body: 'VapidPkHashMismatch' }, { kind: 'permanent', scope: 'address' }],
      ['a bad token', { status: 401, body: 'invalid signature' }, { kind: 'permanent', scope: 'channel' }],
      ['a bad header', { status: 400, body: 'invalid TTL' }, { kind: 'permanent', scope: 'message' }],
      ['moved', { status: 307, headers: { location: '/x' } }, { kind: 'permanent', scope: 'address' }],
      ['too large', { status: 413 }, { kind: 'degrade', to: 'short' }],
      [
        'throttled',
        { status: 429, headers: { 'retry-after': '30' } },
        { kind: 'transient', waitMs: 30_000, waitScope: 'address' },
      ],
      ['down', { status: 503 }, { kind: 'transient' }],
    ],
  }
}

/** All values of the notification, as the browser's service worker gets them. */
function readPush({ bytes }: SinkRequest): unknown[] {
  return Object.values(decryptPush(bytes) as Record<string, unknown>)
}

/** The notification in the body of a push to our browser. */
export function decryptPush(body: Buffer): unknown {
  return JSON.parse(decryptRecord(body, browser, auth).toString('utf8'))
}

/** Undoes RFC 8291 with the browser's own keys. Throws when anything is not as it should be. */
export function decryptRecord(body: Buffer, receiver: ECDH, secretOfReceiver: Buffer): Buffer {
  const salt = body.subarray(0, 16)
  const keyLength = body.readUInt8(20)
  const key = body.subarray(21, 21 + keyLength)
  const record = body.subarray(21 + keyLength)
  if (record.length > body.readUInt32BE(16)) throw new Error('the record is longer than it says')
  const info = Buffer.concat([Buffer.from('WebPush: info\0'), receiver.getPublicKey(), key])
  const secret = Buffer.from(hkdfSync('sha256', receiver.computeSecret(key), secretOfReceiver, info, 32))
  const contentKey = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: aes128gcm\0', 16))
  const nonce = Buffer.from(hkdfSync('sha256', secret, salt, 'Content-Encoding: nonce\0', 12))
  const decipher = createDecipheriv('aes-128-gcm', contentKey, nonce).setAuthTag(record.subarray(-16))
  const padded = Buffer.concat([decipher.update(record.subarray(0, -16)), decipher.final()])
  const end = padded.lastIndexOf(2)
  if (padded.subarray(end + 1).some((byte) => byte !== 0)) throw new Error('the padding is not zero')
  return padded.subarray(0, end)
}

function judge(headers: Record<string, string>, nowMs: number): SinkReply | null {
  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(headers.authorization ?? '') ?? []
  if (key !== server.getPublicKey('base64url')) return { status: 403, body: 'VapidPkHashMismatch' }
  if (!isSigned(token, Buffer.from(key, 'base64url'))) return { status: 401, body: 'invalid signature' }
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'))
  const { aud, exp, sub } = claims as { aud: string; exp: number; sub: string }
  const now = nowMs / 1_000
  if (aud !== audience || exp <= now || exp > now + 86_400 || !sub.startsWith('mailto:')) return { status: 401 }
  if (headers['content-encoding'] !== 'aes128gcm') return { status: 415 }
  if (!/^\d+$/.test(headers.ttl ?? '')) return { status: 400, body: 'invalid TTL' }
  if (!/^(?:very-low|low|normal|high)$/.test(headers.urgency ?? '')) return { status: 400, body: 'invalid Urgency' }
  return /^[\w-]{1,32}$/.test(headers.topic ?? '') ? null : { status: 400, body: 'invalid Topic' }
}

function isSigned(token: string, point: Buffer): boolean {
  const [header, claims, signature = ''] = token.split('.')
  const coordinates = { x: point.subarray(1, 33).toString('base64url'), y: point.subarray(33).toString('base64url') }
  const key = createPublicKey({ key: { kty: 'EC', crv: 'P-256', ...coordinates }, format: 'jwk' })
  const signed = Buffer.from(`${header}.${claims}`)
  return verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(signature, 'base64url'))
}
