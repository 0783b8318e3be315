import { createHash } from 'node:crypto'
import { joinKey } from '../domain/join-key.js'
import type { Draft } from './step.js'

/** What the notification is known by, to be closed or deduplicated by vendors: at most 300 characters. */
export function fingerprintOf({ fingerprint, route, mail, recipients }: Draft): string {
  if (fingerprint !== null) return joinKey([fingerprint])
  const parts = [route.name, mail.subject, ...recipients]
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 16)
}
