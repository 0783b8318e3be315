import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LookupError, OutboundError } from '#src/domain/errors.js'
import { createLookups, type LookupCache, type LookupCacheEntry } from '#src/enrich/lookups.js'
import type { HttpRequest } from '../../src/domain/channel.js'
import type { LookupSettings } from '../../src/domain/config.js'
import { type MappingServer, startMappingServer } from '../stand-ins/mapping-server.js'

const signal = new AbortController().signal
setMaxListeners(0, signal)
let server: MappingServer
let now = 0

beforeEach(async () => {
  now = Date.UTC(2025, 5, 6)
  server = await startMappingServer({ 'Project 1': 'owner1@x' })
})
afterEach(() => server.stop())

/** The HTTP client reduced to what lookups need of it. */
const request: HttpRequest = async ({ url, headers = {}, signal: caller, timeoutMs = 5_000, maxBytes = 65_536 }) => {
  try {
    const deadline = AbortSignal.timeout(timeoutMs)
    const answer = await fetch(url, { headers, signal: caller ? AbortSignal.any([caller, deadline]) : deadline })
    const bytes = Buffer.from(await answer.arrayBuffer())
    const text = bytes.subarray(0, maxBytes).toString()
    return {
      status: answer.status,
      headers: Object.fromEntries(answer.headers),
      text,
      truncated: bytes.length > maxBytes,
    }
  } catch (error) {
    const kind = error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'refused'
    throw new OutboundError(kind, 'before', `${url}: failed`, { cause: error })
  }
}

function makeCache(): LookupCache & { entries: Map<string, LookupCacheEntry> } {
  const entries = new Map<string, LookupCacheEntry>()
  return {
    entries,
    read: async (key) => entries.get(key) ?? null,
    save: async (key, entry) => void entries.set(key, entry),
  }
}

function makeLookups(
  changes: Partial<LookupSettings> & { url?: string; timeoutMs?: number } = {},
  cache = makeCache(),
) {
  const { url = `${server.url}?token=secret`, timeoutMs = 5_000, ...rest } = changes
  const headers = { Authorization: 'Bearer secret' }
  const owners: LookupSettings = {
    name: 'owners',
    source: { type: 'http', url, headers, timeoutMs },
    cacheMs: 60_000,
    staleOkMs: 3_600_000,
    ...rest,
  }
  const readFile = () => Promise.reject(new Error('no files here'))
  return createLookups({ settings: { owners }, request, now: () => now, readFile, cache })
}

describe('over HTTP', () => {
  test('the first answer', async () => {
    const result = await makeLookups().get('owners', signal)
    expect(result).toEqual({
      name: 'owners',
      data: { 'Project 1': 'owner1@x' },
      json: '{"Project 1":"owner1@x"}',
      source: 'http',
      from: server.url,
      status: 200,
      cache: 'fetched',
      ageMs: 0,
      durationMs: 0,
      problem: null,
    })
    const [sent] = server.requests
    expect(sent?.path).toBe('/mapping?token=secret')
    expect(sent?.headers).toMatchObject({ authorization: 'Bearer secret', accept: 'application/json' })
  })

  test('fresh, then revalidated, then fetched anew', async () => {
    const lookups = makeLookups()
    await lookups.get('owners', signal)
    now += 59_999
    expect(await lookups.get('owners', signal)).toMatchObject({ cache: 'fresh', ageMs: 59_999, status: null })
    now += 1
    expect(await lookups.get('owners', signal)).toMatchObject({ cache: 'revalidated', ageMs: 0, status: 304 })
    now += 59_000
    expect((await lookups.get('owners', signal)).cache).toBe('fresh')
    now += 1_000
    server.serve({ 'Project 1': 'owner2@x' })
    expect(await lookups.get('owners', signal)).toMatchObject({ cache: 'fetched', data: { 'Project 1': 'owner2@x' } })
    expect(server.notModified()).toBe(1)
    expect(server.requests).toHaveLength(3)
  })

  test('a copy outlives the process, and no key names a secret', async () => {
    const cache = makeCache()
    await makeLookups({}, cache).get('owners', signal)
    expect(await makeLookups({}, cache).get('owners', signal)).toMatchObject({ cache: 'fresh' })
    expect(server.requests).toHaveLength(1)
    expect([...cache.entries.keys()]).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
    expect(JSON.stringify([...cache.entries])).not.toContain('secret')
  })

  test('a stored copy that does not parse is fetched again', async () => {
    const cache = makeCache()
    await makeLookups({}, cache).get('owners', signal)
    for (const entry of cache.entries.values()) entry.json = '{"Project'
    expect((await makeLookups({}, cache).get('owners', signal)).cache).toBe('fetched')
  })

  test('those who ask at the same time share one fetch', async () => {
    const lookups = makeLookups()
    const results = await Promise.all(Array.from({ length: 20 }, () => lookups.get('owners', signal)))
    expect(new Set(results).size).toBe(1)
    expect(server.requests).toHaveLength(1)
  })

  test('one who leaves does not disturb the others', async () => {
    const lookups = makeLookups()
    const caller = new AbortController()
    const left = lookups.get('owners', caller.signal)
    const stayed = lookups.get('owners', signal)
    caller.abort(new Error('gone'))
    await expect(left).rejects.toThrow('gone')
    expect((await stayed).cache).toBe('fetched')
    expect(server.requests).toHaveLength(1)
  })

  test('when the last one leaves the fetch ends, and the next one starts anew', async () => {
    server.script({ fault: 'hang' })
    const lookups = makeLookups()
    const caller = new AbortController()
    const left = lookups.get('owners', caller.signal)
    await server.waitFor(1)
    caller.abort(new Error('shutdown'))
    await expect(left).rejects.toThrow('shutdown')
    expect((await lookups.get('owners', signal)).cache).toBe('fetched')
  })

  test('__proto__ is a key like any other', async () => {
    server.script({ body: '{"__proto__":{"admin":"evil@x"},"a":"b@x"}' })
    const { data } = await makeLookups().get('owners', signal)
    expect(Object.keys(data as object)).toEqual(['__proto__', 'a'])
    expect((data as Record<string, unknown>).admin).toBeUndefined()
    expect(({} as Record<string, unknown>).admin).toBeUndefined()
  })

  test('numbers of the answer stay as they were written', async () => {
    server.script({ body: '\ufeff{"chat": 12345678901234567890}' })
    expect((await makeLookups().get('owners', signal)).json).toBe('{"chat": 12345678901234567890}')
  })
})

describe('when the fetch fails', () => {
  const faults: [string, Parameters<MappingServer['script']>[0], RegExp][] = [
    ['500', { status: 500, body: 'secret' }, /answered 500$/],
    ['404', { status: 404 }, /answered 404$/],
    ['304 to a request without an ETag', { status: 304 }, /answered 304$/],
    ['HTML', { body: '<html>secret</html>' }, /is not JSON$/],
    ['half JSON', { body: '{"secret": ' }, /is not JSON$/],
    ['nothing', { body: '' }, /is not JSON$/],
    ['more than 1 MB', { body: `"${'x'.repeat(1_000_000)}"` }, /is longer than 1 MB$/],
    ['no answer', { fault: 'hang' }, /failed: no answer in time$/],
    ['a broken connection', { fault: 'close' }, /failed: connection refused$/],
  ]

  test.each(faults)('%s, and no copy', async (_name, fault, message) => {
    server.script(fault)
    const error: unknown = await makeLookups({ timeoutMs: 100 })
      .get('owners', signal)
      .catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(LookupError)
    expect((error as LookupError).message).toMatch(message)
    expect((error as LookupError).message).toContain(`lookup owners: GET ${server.url}`)
    expect((error as LookupError).message).not.toContain('secret')
  })

  test.each(faults.filter(([name]) => !name.startsWith('304')))('%s, and a copy', async (_name, fault, message) => {
    const lookups = makeLookups({ timeoutMs: 100 })
    await lookups.get('owners', signal)
    now += 60_000
    server.script(fault)
    const result = await lookups.get('owners', signal)
    expect(result).toMatchObject({ cache: 'stale', ageMs: 60_000, data: { 'Project 1': 'owner1@x' } })
    expect(result.problem).toMatch(message)
  })

  test('a copy that is too old does not stand in', async () => {
    const lookups = makeLookups()
    await lookups.get('owners', signal)
    now += 3_600_000
    server.script({ status: 500 })
    await expect(lookups.get('owners', signal)).rejects.toThrow(LookupError)
  })

  test('a copy from the future does not count', async () => {
    const lookups = makeLookups()
    await lookups.get('owners', signal)
    now -= 3_600_000
    expect((await lookups.get('owners', signal)).cache).toBe('revalidated')
  })

  test('a dead server is left alone for ten seconds', async () => {
    const lookups = makeLookups()
    await lookups.get('owners', signal)
    now += 60_000
    server.script({ status: 500 })
    await lookups.get('owners', signal)
    now += 9_999
    expect((await lookups.get('owners', signal)).cache).toBe('stale')
    expect(server.requests).toHaveLength(2)
    now += 1
    expect((await lookups.get('owners', signal)).cache).toBe('revalidated')
  })

  test('without a copy every call tries again', async () => {
    const lookups = makeLookups()
    server.script({ status: 500 })
    await expect(lookups.get('owners', signal)).rejects.toThrow(LookupError)
    expect((await lookups.get('owners', signal)).cache).toBe('fetched')
  })

  test('a failing store is no failing lookup', async () => {
    const cache = { ...makeCache(), save: () => Promise.reject(new Error('disk full')) }
    await expect(makeLookups({}, cache).get('owners', signal)).rejects.toThrow('disk full')
  })
})

describe('from a file', () => {
  function makeFileLookup() {
    const file: { text: string | null; reads: number } = { text: '{"a":"b@x"}', reads: 0 }
    const settings = {
      owners: {
        name: 'owners',
        source: { type: 'file' as const, path: '/etc/owners.json' },
        cacheMs: 60_000,
        staleOkMs: 3_600_000,
      },
    }
    const readFile = async () => {
      file.reads++
      if (file.text === null) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' })
      return file.text
    }
    return { file, lookups: createLookups({ settings, request, now: () => now, readFile, cache: makeCache() }) }
  }

  test('read, unchanged, changed', async () => {
    const { file, lookups } = makeFileLookup()
    const first = await lookups.get('owners', signal)
    expect(first).toMatchObject({ source: 'file', from: '/etc/owners.json', cache: 'fetched', data: { a: 'b@x' } })
    const second = await lookups.get('owners', signal)
    expect(second).toMatchObject({ cache: 'fresh' })
    expect(second.data).toBe(first.data)
    file.text = '{"a":"c@x"}'
    expect(await lookups.get('owners', signal)).toMatchObject({ cache: 'fetched', data: { a: 'c@x' } })
  })

  test.each([
    [null, '/etc/owners.json cannot be read (ENOENT)'],
    ['{"a":', '/etc/owners.json is not JSON'],
  ])('broken by %j: the last good copy, up to stale_ok', async (text, problem) => {
    const { file, lookups } = makeFileLookup()
    await lookups.get('owners', signal)
    file.text = text
    now += 3_600_000
    expect(await lookups.get('owners', signal)).toMatchObject({ cache: 'stale', ageMs: 3_600_000, problem })
    now += 1
    await expect(lookups.get('owners', signal)).rejects.toThrow(`lookup owners: ${problem}`)
  })
})

test('inline data as it is', async () => {
  const data = { a: ['b@x'] }
  const settings = { map: { name: 'map', source: { type: 'inline' as const, data }, cacheMs: 0, staleOkMs: 0 } }
  const readFile = () => Promise.reject(new Error('no files here'))
  const lookups = createLookups({ settings, request, now: () => now, readFile, cache: makeCache() })
  expect(await lookups.get('map', signal)).toMatchObject({
    data,
    json: '{"a":["b@x"]}',
    source: 'inline',
    cache: 'none',
  })
  await expect(lookups.get('constructor', signal)).rejects.toThrow(LookupError)
})
