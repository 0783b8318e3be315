import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { SealError } from '../domain/errors.js'
import type { SealedText, StoredChannel } from '../domain/stored-channel.js'
import type { KeyRing, SealingKey } from './server-key.js'

const cipher = 'aes-256-gcm'
/** NIST SP 800-38D, 8.2.2: random nonces of 96 bits are good for 2^32 seals under one key. */
const nonceBytes = 12
const tagBytes = 16

/** Where a sealed text belongs: it opens nowhere else. */
type SealedPlace = Pick<StoredChannel, 'name' | 'kind'>

/** Seals secrets under a key, for this channel only. Null when there are none. */
export function sealSecrets(
  { id, bytes }: SealingKey,
  place: SealedPlace,
  secrets: Record<string, unknown>,
): SealedText | null {
  if (Object.keys(secrets).length === 0) return null
  const nonce = randomBytes(nonceBytes)
  const sealing = createCipheriv(cipher, bytes, nonce, { authTagLength: tagBytes })
  sealing.setAAD(describePlace(place))
  const sealed = [nonce, sealing.update(JSON.stringify(secrets), 'utf8'), sealing.final(), sealing.getAuthTag()]
  return { keyId: id, data: Buffer.concat(sealed).toString('base64url') }
}

/** What was sealed, and whether by the current key. Throws `SealError`. */
export function openSecrets(
  { current, former }: Pick<KeyRing, 'current' | 'former'>,
  place: SealedPlace,
  sealed: SealedText | null,
): { secrets: Record<string, unknown>; isCurrent: boolean } {
  if (sealed === null) return { secrets: {}, isCurrent: true }
  const found = [current, ...former].find(({ sealing }) => sealing.id === sealed.keyId)
  if (!found) throw new SealError('other_key', `what is sealed was sealed by another key (${sealed.keyId})`)
  return { secrets: openSealed(found.sealing.bytes, place, sealed.data), isCurrent: found === current }
}

function openSealed(key: Uint8Array, place: SealedPlace, data: string): Record<string, unknown> {
  const bytes = Buffer.from(data, 'base64url')
  // The last letter of base64 has bits to spare, and a sealed text is to have one spelling.
  const isWhole = bytes.length > nonceBytes + tagBytes && bytes.toString('base64url') === data
  if (!isWhole) throw damaged()
  const opening = createDecipheriv(cipher, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes })
  opening.setAAD(describePlace(place))
  opening.setAuthTag(bytes.subarray(-tagBytes))
  try {
    const text = Buffer.concat([opening.update(bytes.subarray(nonceBytes, -tagBytes)), opening.final()])
    return JSON.parse(text.toString('utf8')) as Record<string, unknown>
  } catch {
    throw damaged()
  }
}

function damaged(): SealError {
  return new SealError('damaged', 'what is sealed was changed, or moved from another channel')
}

function describePlace({ name, kind }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify(['mailtrigger channel', name, kind]))
}
