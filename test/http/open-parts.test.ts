import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiError } from '#src/domain/errors.js'
import type { ApiParts } from '#src/http/api.js'
import { createEventLog } from '#src/http/event-log.js'
import { type HttpListener, startHttp } from '#src/http/start-http.js'
import { accessParts } from './access-parts.js'
import { makeView } from './ack-view.js'

/** What was asked of the engine, and what was logged. */
const asked: unknown[] = []
const logged: unknown[] = []
const calls = {
  async readAckToken(token: string) {
    if (token === 'broken') throw new Error('the store is gone')
    return { ...makeView(), is_expired: token === 'expired' }
  },
  async ackByToken(token: string) {
    if (token === 'broken') throw new Error('the store is gone')
    throw new ApiError(410, 'expired', 'this link has expired')
  },
  async ping(): Promise<never> {
    throw new Error('the store is gone')
  },
  async takeChannelHook(channel: string, call: { headers: Record<string, string>; body: string }) {
    asked.push([channel, call.headers['x-secret'], call.body])
    return channel === 'known' ? { status: 200, text: 'heard' } : { status: 403, text: 'refused' }
  },
}

let http: HttpListener
beforeAll(async () => {
  const log = { error: (...line: unknown[]) => void logged.push(line) }
  const parts: ApiParts = {
    calls: calls as unknown as ApiParts['calls'],
    events: createEventLog(Date.now),
    ...accessParts,
    saveMail: async () => undefined,
    newId: () => 'mail-1',
    mailLimits: () => ({ sizeBytesMax: 1_000, recipientsMax: 1 }),
    diskRoom: () => ({ freeBytes: null, freeBytesMin: 0, isNearlyFull: false }),
    status: () => Promise.reject(new Error('nobody asks')),
    reload: async () => ({ hash: '', routes: 0 }),
    isReady: () => true,
    log: log as unknown as ApiParts['log'],
  }
  http = await startHttp({ host: '127.0.0.1', port: 0 }, parts)
})
afterAll(() => http.stop())

async function open(method: string, path: string, body?: string, headers: Record<string, string> = {}) {
  const answer = await fetch(`${http.url}${path}`, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: answer.status, text: await answer.text() }
}

it.each(['GET', 'POST'])('%s of a link that is too old says so', async (method) => {
  const { status, text } = await open(method, '/ack/expired')
  expect(status).toBe(410)
  expect(text).toContain('This link has expired')
  expect(text).not.toContain('<form')
})

describe('when the server fails', () => {
  it.each([
    ['GET', '/ack/broken'],
    ['POST', '/ack/broken'],
    ['GET', '/ping/a-secret-token'],
  ])('%s %s tells nothing, and the log keeps the secret', async (method, path) => {
    logged.length = 0
    const { status, text } = await open(method, path)
    expect(status).toBe(500)
    expect(text).not.toContain('the store is gone')
    expect(JSON.stringify(logged)).toContain('the store is gone')
    expect(JSON.stringify(logged)).not.toMatch(/secret-token|ack\/broken/)
  })
})

it.each([
  ['known', 200, 'heard\n'],
  ['other', 403, 'refused\n'],
])('the hook of %s gets what the vendor says, and answers %i', async (channel, status, text) => {
  asked.length = 0
  const answer = await open('POST', `/hooks/${channel}`, '{"a":1}', { 'x-secret': 's' })
  expect(answer).toEqual({ status, text })
  expect(asked).toEqual([[channel, 's', '{"a":1}']])
  // By GET the answer comes without a line's end: Meta compares it.
  expect(await open('GET', `/hooks/${channel}?a=1`)).toEqual({ status, text: text.trimEnd() })
})

it('only a proxy on this machine is believed, and only its own words', async () => {
  const from = (forwarded: string) => open('GET', '/ack/expired', undefined, { 'x-forwarded-for': forwarded })
  let last = await from('1.1.1.1, 203.0.113.7')
  for (let count = 0; count < 60; count++) last = await from(`${count}.1.1.1, 203.0.113.7`)
  expect(last.status).toBe(429)
  expect((await from('203.0.113.7, 203.0.113.8')).status).toBe(410)
})
