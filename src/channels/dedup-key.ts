import { createHash } from 'node:crypto'

/**
 * The key by which a vendor knows what belongs together, of at most `max` characters (64 at least). A fingerprint that
 * is short and plain stays readable; any other becomes its SHA-256, so that no vendor cuts two of them to the same key,
 * and none can steer the path of a URL.
 */
export function dedupKey(fingerprint: string, max: number): string {
  const isPlain = /^[\w:@ -][\w.:@ -]*$/.test(fingerprint) && fingerprint.trim() === fingerprint
  if (isPlain && fingerprint.length <= max) return fingerprint
  return createHash('sha256').update(fingerprint).digest('hex')
}
