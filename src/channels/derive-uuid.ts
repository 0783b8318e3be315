import { createHash } from 'node:crypto'

/** Any fixed UUID would do: it keeps our names apart from those of other programs. */
const namespace = Buffer.from('6f2bd1a4c1d94f0e9a3c57e0b8f4d217', 'hex')

/** The same name always gives the same UUID, for vendors whose idempotency key has to be one (RFC 9562 section 5.5). */
export function deriveUuid(name: string): string {
  const bytes = createHash('sha1').update(namespace).update(name).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-')
}
