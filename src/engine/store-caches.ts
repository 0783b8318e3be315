import type { LookupCache } from '../enrich/lookups.js'
import type { LlmCache } from '../llm/judge.js'
import type { Store } from '../store/store.js'

/** Copies of lookups outlive a restart, so that a gateway started while the mapping service is down still has them. */
export function lookupCacheIn(store: Store): LookupCache {
  return {
    async read(key) {
      const entry = await store.readCache('lookup', key)
      return entry && { json: entry.value, etag: entry.etag, fetchedAt: entry.at }
    },
    save: (key, entry) => store.saveCache('lookup', key, { value: entry.json, etag: entry.etag, at: entry.fetchedAt }),
  }
}

/** Verdicts are kept, so that a retry or a replay does not ask, and pay, again. */
export function llmCacheIn(store: Store, now: () => number): LlmCache {
  return {
    async read(key) {
      const entry = await store.readCache('llm', key)
      return entry && (JSON.parse(entry.value) as { match: boolean; reason: string })
    },
    save: (key, verdict) => store.saveCache('llm', key, { value: JSON.stringify(verdict), etag: null, at: now() }),
    countCall: (day, callsMax) => store.countWithin('llm', day, callsMax),
  }
}

/** For `explain` and route tests, which leave nothing behind. */
export const noLookupCache: LookupCache = { read: async () => null, save: async () => undefined }
export const noLlmCache: LlmCache = { read: async () => null, save: async () => undefined, countCall: async () => true }
