import { setMaxListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LlmError } from '#src/domain/errors.js'
import { createJudge, type LlmCache } from '#src/llm/judge.js'
import type { LlmSettings } from '../../src/domain/config.js'
import { type LlmStandIn, startLlm } from '../stand-ins/llm.js'

const apiKey = 'sk-very-secret'
const signal = new AbortController().signal
setMaxListeners(0, signal)
let llm: LlmStandIn

beforeEach(async () => {
  llm = await startLlm()
})
afterEach(() => llm.stop())

function makeCache(): LlmCache & {
  verdicts: Map<string, { match: boolean; reason: string }>
  calls: Map<string, number>
} {
  const verdicts = new Map<string, { match: boolean; reason: string }>()
  const calls = new Map<string, number>()
  return {
    verdicts,
    calls,
    read: async (key) => verdicts.get(key) ?? null,
    save: async (key, verdict) => void verdicts.set(key, verdict),
    async countCall(dayUtc, callsMax) {
      const made = calls.get(dayUtc) ?? 0
      if (made >= callsMax) return false
      calls.set(dayUtc, made + 1)
      return true
    },
  }
}

function makeJudge(changes: Partial<LlmSettings> = {}, cache = makeCache()) {
  const settings = { baseUrl: llm.url, apiKey, model: 'mini', timeoutMs: 5_000, callsPerDayMax: 100, ...changes }
  return createJudge({ settings, fetch, now: () => Date.UTC(2025, 5, 6, 23, 59), cache })
}

const question = (prompt: string, subject = 'Certificate expires') => ({ prompt, content: { subject } })

async function errorOf(promise: Promise<unknown>): Promise<LlmError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(LlmError)
  return error as LlmError
}

test('a verdict', async () => {
  llm.when('expires', { match: true, reason: 'the certificate\nexpires' })
  expect(await makeJudge()(question('Is it about certificates?'), signal)).toEqual({
    match: true,
    reason: 'the certificate expires',
    cached: false,
    model: 'mini',
    durationMs: 0,
  })
})

test('what is sent', async () => {
  await makeJudge()({ prompt: 'Rule text', content: { body: 'the body', subject: 'the subject' } }, signal)
  const [request] = llm.requests
  expect(request?.authorization).toBe(`Bearer ${apiKey}`)
  expect(request?.body).toMatchObject({
    model: 'mini',
    temperature: 0,
    max_completion_tokens: 2_000,
    response_format: { type: 'json_schema', json_schema: { strict: true } },
  })
  expect(request?.system).toContain('Rule text')
  expect(request?.user).not.toContain('Rule text')
  const [mark, ...lines] = request?.user.split('\n') ?? []
  expect(mark).toMatch(/^[0-9a-f]{32}$/)
  expect(lines).toEqual(['subject: the subject', 'body:', 'the body', mark])
  expect(request?.system).toContain(mark)
})

test('the marks differ from call to call', async () => {
  const judge = makeJudge()
  await judge(question('a'), signal)
  await judge(question('b'), signal)
  const [first, second] = llm.requests.map(({ user }) => user.split('\n')[0])
  expect(first).not.toBe(second)
})

describe('the cache', () => {
  test('answers equal questions, also after a restart', async () => {
    const cache = makeCache()
    llm.when('expires', { match: true })
    await makeJudge({}, cache)(question('p'), signal)
    expect(await makeJudge({}, cache)(question('p'), signal)).toMatchObject({ match: true, cached: true })
    expect(llm.requests).toHaveLength(1)
  })

  test.each<[string, Partial<LlmSettings>, ReturnType<typeof question>]>([
    ['model', { model: 'maxi' }, question('p')],
    ['prompt', {}, question('q')],
    ['content', {}, question('p', 'other')],
  ])('another %s is another question', async (_name, settings, second) => {
    const cache = makeCache()
    await makeJudge({}, cache)(question('p'), signal)
    expect((await makeJudge(settings, cache)(second, signal)).cached).toBe(false)
    expect(cache.verdicts.size).toBe(2)
  })

  test('keeps nothing of a failure', async () => {
    const cache = makeCache()
    const judge = makeJudge({}, cache)
    llm.when('expires', { content: 'maybe' })
    await errorOf(judge(question('p'), signal))
    expect(cache.verdicts.size).toBe(0)
    llm.when('expires', { match: true })
    expect((await judge(question('p'), signal)).match).toBe(true)
  })

  test('its own failure is no LlmError', async () => {
    const cache = { ...makeCache(), read: () => Promise.reject(new Error('disk full')) }
    await expect(makeJudge({}, cache)(question('p'), signal)).rejects.toThrow('disk full')
  })
})

test('equal questions at the same time are one call', async () => {
  const judge = makeJudge()
  const verdicts = await Promise.all([1, 2, 3].map(() => judge(question('p'), signal)))
  expect(verdicts).toHaveLength(3)
  expect(llm.requests).toHaveLength(1)
})

test('a caller who leaves does not disturb the others', async () => {
  const caller = new AbortController()
  const judge = makeJudge()
  llm.when('expires', () => {
    caller.abort(new Error('gone'))
    return { match: true }
  })
  const left = judge(question('p'), caller.signal)
  const stayed = judge(question('p'), signal)
  await expect(left).rejects.toThrow('gone')
  expect((await stayed).match).toBe(true)
})

test('at most four calls at once', async () => {
  let open = 0
  let most = 0
  const counting: typeof fetch = async (...call) => {
    most = Math.max(most, ++open)
    try {
      return await fetch(...call)
    } finally {
      open--
    }
  }
  const settings = { baseUrl: llm.url, apiKey, model: 'mini', timeoutMs: 5_000, callsPerDayMax: 100 }
  const judge = createJudge({ settings, fetch: counting, now: () => 0, cache: makeCache() })
  await Promise.all(Array.from({ length: 12 }, (_, at) => judge(question(`p${at}`), signal)))
  expect(llm.requests).toHaveLength(12)
  expect(most).toBe(4)
})

test('more than can wait are refused', async () => {
  llm.when('Certificate', { fault: 'hang' })
  const judge = makeJudge()
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const asked = Array.from({ length: 69 }, (_, at) => judge(question(`p${at}`), stop.signal))
  const last = await errorOf(asked[68]!)
  expect(last).toMatchObject({ kind: 'down', message: '64 questions wait already' })
  const settled = Promise.allSettled(asked)
  stop.abort(new Error('shutdown'))
  expect((await settled).filter(({ status }) => status === 'fulfilled')).toEqual([])
})

test('the budget of a day', async () => {
  const cache = makeCache()
  const judge = makeJudge({ callsPerDayMax: 2 }, cache)
  await judge(question('a'), signal)
  await judge(question('b'), signal)
  expect(await errorOf(judge(question('c'), signal))).toMatchObject({ kind: 'budget' })
  expect((await judge(question('a'), signal)).cached).toBe(true)
  expect([...cache.calls]).toEqual([['2025-06-06', 2]])
})

describe('failures', () => {
  test.each<[string, Parameters<LlmStandIn['when']>[1], LlmError['kind'], RegExp, number]>([
    [
      '429',
      { status: 429, error: { message: apiKey, code: 'rate_limit_exceeded' } },
      'down',
      /429 \(rate_limit_exceeded\)$/,
      1,
    ],
    [
      '401 that quotes the key',
      { status: 401, error: { message: `bad key ${apiKey}`, code: apiKey } },
      'down',
      /answered 401$/,
      1,
    ],
    ['500, twice', { status: 500 }, 'down', /answered 500$/, 2],
    ['a broken connection, twice', { fault: 'close' }, 'down', /cannot be reached$/, 2],
    ['a refusal without a reason', { status: 400 }, 'down', /answered 400$/, 2],
    ['prose', { content: 'I think it does.' }, 'unparsable', /not a verdict/, 1],
    ['a bare word', { content: 'true' }, 'unparsable', /not a verdict/, 1],
    ['a text for match', { content: '{"match":"yes","reason":""}' }, 'unparsable', /not a verdict/, 1],
    ['two verdicts', { content: '{"match":true}{"match":false}' }, 'unparsable', /not a verdict/, 1],
    ['nothing', { content: ' ' }, 'unparsable', /empty/, 1],
    ['a novel', { content: 'x'.repeat(9_000) }, 'unparsable', /too long/, 1],
    ['no choices', { body: '{}' }, 'unparsable', /empty/, 1],
    ['null', { body: 'null' }, 'unparsable', /empty/, 1],
    ['half JSON', { body: '{"choices":' }, 'unparsable', /JSON/, 1],
    ['HTML', { body: '<html>', contentType: 'text/html' }, 'unparsable', /empty/, 1],
  ])('%s', async (_name, reply, kind, message, requests) => {
    llm.when('Certificate', reply)
    const error = await errorOf(makeJudge()(question('p'), signal))
    expect(error.kind).toBe(kind)
    expect(error.message).toMatch(message)
    expect(llm.requests).toHaveLength(requests)
    expect(JSON.stringify([error.message, error.stack, error.cause ?? null])).not.toContain(apiKey)
  })

  test('a server that does not answer', async () => {
    llm.when('Certificate', { fault: 'hang' })
    const error = await errorOf(makeJudge({ timeoutMs: 30 })(question('p'), signal))
    expect(error).toMatchObject({ kind: 'timeout', message: 'no answer within 30 ms' })
  })

  test('nobody listens', async () => {
    const error = await errorOf(makeJudge({ baseUrl: 'http://127.0.0.1:1/v1' })(question('p'), signal))
    expect(error).toMatchObject({ kind: 'down', message: '127.0.0.1:1 cannot be reached' })
  })

  test('shutdown is no failure of the LLM', async () => {
    llm.when('Certificate', { fault: 'hang' })
    const stop = new AbortController()
    const asked = makeJudge()(question('p'), stop.signal)
    await llm.waitFor(1)
    stop.abort(new Error('shutdown'))
    await expect(asked).rejects.toThrow('shutdown')
  })

  test('one 500 passes', async () => {
    let first = true
    llm.when('Certificate', () => {
      const reply = first ? { status: 500 } : { match: true }
      first = false
      return reply
    })
    expect((await makeJudge()(question('p'), signal)).match).toBe(true)
  })
})

describe('endpoints that understand less', () => {
  test.each([
    [['temperature'], ['response_format', 'max_completion_tokens'], 2],
    [['max_completion_tokens'], ['response_format', 'temperature', 'max_tokens'], 2],
    [['response_format'], ['temperature', 'max_completion_tokens'], 3],
    [['temperature', 'max_completion_tokens', 'response_format'], ['max_tokens'], 5],
  ])('without %j', async (refused, sent, requests) => {
    llm.refuse(...refused)
    llm.when('Certificate', { content: '```json\n{"match": true, "reason": "fenced"}\n```' })
    const judge = makeJudge()
    expect(await judge(question('p'), signal)).toMatchObject({ match: true, reason: 'fenced' })
    expect(llm.requests).toHaveLength(requests)
    const names = Object.keys(llm.requests.at(-1)?.body ?? {}).filter((name) => name !== 'model' && name !== 'messages')
    expect(names.sort()).toEqual([...sent].sort())
    await judge(question('q'), signal)
    expect(llm.requests).toHaveLength(requests + 1)
  })

  test('json_object stands between schema and text', async () => {
    llm.when('Certificate', ({ body }) => {
      const { type } = body.response_format as { type: string }
      return type === 'json_schema'
        ? { status: 400, error: { message: "'response_format.type' must be 'json_object' or 'text'" } }
        : { match: true }
    })
    expect((await makeJudge()(question('p'), signal)).match).toBe(true)
    expect(llm.requests.at(-1)?.body.response_format).toEqual({ type: 'json_object' })
  })

  test('a server without keys', async () => {
    await makeJudge({ apiKey: '' })(question('p'), signal)
    expect(llm.requests).toHaveLength(1)
  })
})
