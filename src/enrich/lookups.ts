import type { HttpRequest } from '../domain/channel.js'
import type { LookupResult, LookupSettings } from '../domain/config.js'
import { LookupError } from '../domain/errors.js'
import { createSingleFlight } from '../domain/single-flight.js'
import { createFileLookup } from './file-lookup.js'
import { createHttpLookup } from './http-lookup.js'
import type { LookupCache } from './lookup-cache.js'

export type { LookupCache, LookupCacheEntry } from './lookup-cache.js'

/** The lookups of one config. */
export interface Lookups {
  /**
   * Gives a lookup's data, or rejects with `LookupError` when there is none, neither fresh nor stale. Whoever asks at
   * the same time shares one fetch and its result: `data` must not be changed. Rejects with the signal's reason when
   * that fires first, which does not disturb the others.
   */
  get: (name: string, signal: AbortSignal) => Promise<LookupResult>
}

export interface LookupParts {
  settings: Record<string, LookupSettings>
  request: HttpRequest
  /** Unix milliseconds. */
  now: () => number
  /** Reads a file as UTF-8 text. */
  readFile: (path: string) => Promise<string>
  cache: LookupCache
}

type Fetch = (signal: AbortSignal) => Promise<LookupResult>

/** Makes the lookups of a config. Nothing is fetched before somebody asks. */
export function createLookups(parts: LookupParts): Lookups {
  const fetches = new Map(
    Object.entries(parts.settings).map(([name, settings]) => [name, chooseFetch(settings, parts)]),
  )
  const share = createSingleFlight<LookupResult>()
  return {
    async get(name, signal) {
      const fetchLookup = fetches.get(name)
      if (fetchLookup === undefined) throw new LookupError(`there is no lookup ${name}`)
      return share(name, signal, fetchLookup)
    },
  }
}

function chooseFetch(settings: LookupSettings, parts: LookupParts): Fetch {
  const { source, name } = settings
  switch (source.type) {
    case 'http':
      return createHttpLookup({ ...settings, source }, parts)
    case 'file':
      return createFileLookup({ ...settings, source }, parts)
    case 'inline': {
      const result: LookupResult = {
        name,
        data: source.data,
        json: JSON.stringify(source.data) ?? 'null',
        source: 'inline',
        from: null,
        status: null,
        cache: 'none',
        ageMs: 0,
        durationMs: 0,
        problem: null,
      }
      return async () => result
    }
  }
}
