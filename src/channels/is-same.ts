import { createHash, timingSafeEqual } from 'node:crypto'

/**
 * For secrets and signatures that others send us. Takes the same time wherever the two differ; the digests make them
 * equally long.
 */
export function isSame(given: string, secret: string): boolean {
  const [left, right] = [given, secret].map((text) => createHash('sha256').update(text).digest())
  return left !== undefined && right !== undefined && timingSafeEqual(left, right)
}
