import { createHash } from 'node:crypto'
import type { LookupSettings, LookupSource } from '../domain/config.js'

export interface LookupCacheEntry {
  /** The answer's body as it came. */
  json: string
  etag: string | null
  /** Unix milliseconds of the last answer that confirmed it. */
  fetchedAt: number
}

/** Where copies outlive the process. Keys are 64 hex digits. */
export interface LookupCache {
  read: (key: string) => Promise<LookupCacheEntry | null>
  save: (key: string, entry: LookupCacheEntry) => Promise<void>
}

export type HttpLookupSettings = LookupSettings & { source: Extract<LookupSource, { type: 'http' }> }

/** Names what is fetched. Header values are secrets and stay out: a new token keeps the copy. */
export function lookupCacheKey({ name, source }: HttpLookupSettings): string {
  const headerNames = Object.keys(source.headers).map((header) => header.toLowerCase())
  return createHash('sha256')
    .update(JSON.stringify([name, source.url, headerNames.sort()]))
    .digest('hex')
}
