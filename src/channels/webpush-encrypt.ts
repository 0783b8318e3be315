import { createCipheriv, createECDH, createPrivateKey, ECDH, hkdfSync, randomBytes, sign } from 'node:crypto'

/** What a browser gives out when its user subscribes (W3C Push API, `PushSubscription.toJSON`). */
export interface PushSubscription {
  endpoint: string
  keys: {
    /** The browser's public key: an uncompressed point of P-256, base64url. */
    p256dh: string
    /** 16 bytes, base64url. */
    auth: string
  }
}

/** A push service takes 4,096 bytes at least (RFC 8030 section 7.2), and so many of them are plain text. */
export const plaintextBytesMax = 4_096 - 86 - 16 - 1

const curve = 'prime256v1'
const recordBytes = 4_096
/** RFC 8188 section 2: the last record of a body ends with this byte. */
const lastRecord = Buffer.from([2])

/**
 * The body of a push message: one record that only the subscribed browser can read (RFC 8291 section 4, RFC 8188
 * section 2). Throws when `p256dh` is no point of the curve, which `isPublicKey` asks beforehand.
 */
export function encryptPush(plaintext: Buffer, { keys }: PushSubscription): Buffer {
  const theirKey = Buffer.from(keys.p256dh, 'base64url')
  const ours = createECDH(curve)
  const ourKey = ours.generateKeys()
  const salt = randomBytes(16)
  const keyInfo = Buffer.concat([Buffer.from('WebPush: info\0'), theirKey, ourKey])
  const secret = derive(ours.computeSecret(theirKey), Buffer.from(keys.auth, 'base64url'), keyInfo, 32)
  const contentKey = derive(secret, salt, Buffer.from('Content-Encoding: aes128gcm\0'), 16)
  const nonce = derive(secret, salt, Buffer.from('Content-Encoding: nonce\0'), 12)
  const cipher = createCipheriv('aes-128-gcm', contentKey, nonce)
  const record = [cipher.update(plaintext), cipher.update(lastRecord), cipher.final(), cipher.getAuthTag()]
  const sizes = Buffer.alloc(5)
  sizes.writeUInt32BE(recordBytes)
  sizes.writeUInt8(ourKey.length, 4)
  return Buffer.concat([salt, sizes, ourKey, ...record])
}

/**
 * Says who sends, for one push service (RFC 8292): a token signed with our key, which the subscription was made for.
 * `audience` is the origin of the endpoint, `expiresAt` Unix milliseconds and no more than a day ahead.
 */
export function signVapid(
  claims: { audience: string; expiresAt: number; subject: string },
  privateKey: string,
): { authorization: string } {
  const header = encodeJson({ typ: 'JWT', alg: 'ES256' })
  const { audience: aud, expiresAt, subject: sub } = claims
  const signed = `${header}.${encodeJson({ aud, exp: Math.floor(expiresAt / 1_000), sub })}`
  const publicKey = publicKeyOf(privateKey)
  const coordinates = { x: publicKey.subarray(1, 33), y: publicKey.subarray(33) }
  const jwk = {
    kty: 'EC',
    crv: 'P-256',
    d: privateKey,
    x: coordinates.x.toString('base64url'),
    y: coordinates.y.toString('base64url'),
  }
  const key = createPrivateKey({ key: jwk, format: 'jwk' })
  const signature = sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' })
  const token = `${signed}.${signature.toString('base64url')}`
  return { authorization: `vapid t=${token}, k=${publicKey.toString('base64url')}` }
}

/** Tells whether the text is a private key of P-256: 32 bytes, base64url, not zero and below the order of the curve. */
export function isPrivateKey(text: string): boolean {
  return Buffer.from(text, 'base64url').length === 32 && succeeds(() => publicKeyOf(text))
}

/** Tells whether the text is an uncompressed point of P-256, base64url. */
export function isPublicKey(text: string): boolean {
  const point = Buffer.from(text, 'base64url')
  return point.length === 65 && point[0] === 4 && succeeds(() => ECDH.convertKey(point, curve))
}

function publicKeyOf(privateKey: string): Buffer {
  const pair = createECDH(curve)
  pair.setPrivateKey(privateKey, 'base64url')
  return pair.getPublicKey()
}

/** RFC 5869 with SHA-256. */
function derive(input: Buffer, salt: Buffer, info: Buffer, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', input, salt, info, bytes))
}

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

/** OpenSSL answers the question whether a number is a key by throwing, and has no other way to. */
function succeeds(attempt: () => unknown): boolean {
  try {
    attempt()
    return true
  } catch {
    return false
  }
}
