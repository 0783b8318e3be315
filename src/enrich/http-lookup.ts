import type { HttpAnswer, HttpRequest } from '../domain/channel.js'
import type { LookupResult } from '../domain/config.js'
import { LookupError, OutboundError } from '../domain/errors.js'
import { type HttpLookupSettings, type LookupCache, type LookupCacheEntry, lookupCacheKey } from './lookup-cache.js'
import { lookupBytesMax, parseLookup } from './parse-json.js'

/** After a failed fetch a stale copy serves this long before the next try, or a dead server slows down every mail. */
const failurePauseMs = 10_000

interface Copy extends LookupCacheEntry {
  data: unknown
}

interface HttpLookupParts {
  request: HttpRequest
  now: () => number
  cache: LookupCache
}

/**
 * A lookup over HTTP. A copy younger than `cache` is served as it is; then the server is asked, with the copy's ETag
 * (RFC 9110, 13.1.2); when that fails, a copy up to `stale_ok` old stands in, and `problem` says why.
 * The copy lives in memory and in the cache, so a restart while the server is down still finds it.
 * The caller sees to it that it runs once at a time.
 */
export function createHttpLookup(
  settings: HttpLookupSettings,
  parts: HttpLookupParts,
): (signal: AbortSignal) => Promise<LookupResult> {
  const key = lookupCacheKey(settings)
  const from = nameUrl(settings.source.url)
  let copy: Copy | null = null
  let failure: { at: number; problem: string } | null = null

  async function refresh(
    signal: AbortSignal,
  ): Promise<{ cache: 'fetched' | 'revalidated'; status: number; copy: Copy }> {
    const answer = await fetchJson(settings, parts.request, copy?.etag ?? null, signal)
    const isSame = answer.status === 304 && copy !== null
    const parsed = isSame && copy !== null ? copy : parseLookup(answer.text, `GET ${from}`)
    const etag = answer.headers.etag ?? (isSame ? (copy?.etag ?? null) : null)
    const entry = { json: parsed.json, etag, fetchedAt: parts.now() }
    await parts.cache.save(key, entry)
    return { cache: isSame ? 'revalidated' : 'fetched', status: answer.status, copy: { ...entry, data: parsed.data } }
  }

  return async (signal) => {
    const startedAt = parts.now()
    copy ??= await readCopy(parts.cache, key)
    const describe = (used: Copy, facts: Pick<LookupResult, 'cache' | 'status' | 'problem'>): LookupResult => ({
      name: settings.name,
      data: used.data,
      json: used.json,
      source: 'http',
      from,
      ...facts,
      ageMs: Math.max(0, parts.now() - used.fetchedAt),
      durationMs: parts.now() - startedAt,
    })
    if (copy && isYounger(copy, settings.cacheMs, startedAt)) {
      return describe(copy, { cache: 'fresh', status: null, problem: null })
    }
    const pauseMs = Math.min(failurePauseMs, settings.cacheMs)
    if (copy && failure && startedAt - failure.at < pauseMs && isYounger(copy, settings.staleOkMs, startedAt)) {
      return describe(copy, { cache: 'stale', status: null, problem: failure.problem })
    }
    try {
      const fresh = await refresh(signal)
      copy = fresh.copy
      failure = null
      return describe(copy, { cache: fresh.cache, status: fresh.status, problem: null })
    } catch (error) {
      if (!(error instanceof LookupError)) throw error
      failure = { at: parts.now(), problem: error.message }
      if (copy && isYounger(copy, settings.staleOkMs, parts.now())) {
        return describe(copy, { cache: 'stale', status: null, problem: error.message })
      }
      throw new LookupError(`lookup ${settings.name}: ${error.message}`)
    }
  }
}

/** A copy from the future, after a clock was set back, counts as old: else it would never be fetched again. */
function isYounger(copy: Copy, ageMsMax: number, now: number): boolean {
  const ageMs = now - copy.fetchedAt
  return ageMs >= 0 && ageMs < ageMsMax
}

/** A stored copy that does not parse is as good as none: the next answer replaces it. */
async function readCopy(cache: LookupCache, key: string): Promise<Copy | null> {
  const entry = await cache.read(key)
  if (entry === null) return null
  try {
    return { ...entry, ...parseLookup(entry.json, 'the stored copy') }
  } catch (error) {
    if (error instanceof LookupError) return null
    throw error
  }
}

/** An answer with JSON, or 304 to a request that had an ETag. Everything else is a `LookupError` without secrets. */
async function fetchJson(
  { source }: HttpLookupSettings,
  request: HttpRequest,
  etag: string | null,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const from = nameUrl(source.url)
  const own = Object.entries(source.headers).map(([name, value]) => [name.toLowerCase(), value])
  const conditional = etag === null ? {} : { 'if-none-match': etag }
  const headers: Record<string, string> = { accept: 'application/json', ...Object.fromEntries(own), ...conditional }
  const { url, timeoutMs } = source
  try {
    const answer = await request({ url, headers, signal, timeoutMs, maxBytes: lookupBytesMax, maxRedirects: 3 })
    const isUsable = (answer.status >= 200 && answer.status < 300) || (answer.status === 304 && etag !== null)
    if (!isUsable) throw new LookupError(`GET ${from} answered ${answer.status}`)
    if (answer.truncated) throw new LookupError(`GET ${from} is longer than 1 MB`)
    return answer
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof OutboundError)) throw error
    // Its message may hold the whole URL; the kind says enough.
    throw new LookupError(`GET ${from} failed: ${outboundWords[error.kind]}`)
  }
}

const outboundWords: Record<OutboundError['kind'], string> = {
  timeout: 'no answer in time',
  refused: 'connection refused',
  dns: 'the host name does not resolve',
  tls: 'the TLS connection failed',
  reset: 'the connection broke off',
  policy: 'server.network does not allow the address',
  aborted: 'aborted',
  invalid: 'the answer is not HTTP',
}

/** A URL for people: without the query and credentials, where tokens live. */
function nameUrl(url: string): string {
  const { origin, pathname } = new URL(url)
  return `${origin}${pathname}`
}
