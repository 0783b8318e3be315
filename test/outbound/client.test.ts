import { once } from 'node:events'
import { createServer as createTlsServer } from 'node:https'
import { createServer } from 'node:net'
import { generate } from 'selfsigned'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { OutboundError } from '#src/domain/errors.js'
import type { Lookup } from '#src/outbound/allowed-addresses.js'
import { createOutbound, type Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'

const open = { denyPrivate: false, allow: [], deny: [] }
const closed = { denyPrivate: true, allow: [], deny: [] }

let sink: WebhookSink
let outbound: Outbound

beforeEach(async () => {
  sink = await startWebhookSink()
  outbound = createOutbound({ policy: open, userAgent: 'mailtrigger/test', connectTimeoutMs: 2_000 })
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

async function failureOf(promise: Promise<unknown>): Promise<OutboundError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  )
  if (!(error instanceof OutboundError)) throw error
  return error
}

describe('answers', () => {
  test('status, headers and text come back; ours go out', async () => {
    sink.script({ status: 418, headers: { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }, body: 'tee ☕' })
    const answer = await outbound.request({
      method: 'PUT',
      url: `${sink.url}/p?q=1`,
      headers: { 'X-B': '2' },
      body: 'hé',
    })
    expect(answer).toMatchObject({ status: 418, text: 'tee ☕', truncated: false })
    expect(answer.headers).toMatchObject({ 'x-a': '1', 'set-cookie': 'a=1, b=2' })
    expect(sink.requests[0]).toMatchObject({ method: 'PUT', path: '/p?q=1', body: 'hé' })
    expect(sink.requests[0]?.headers).toMatchObject({
      'user-agent': 'mailtrigger/test',
      'x-b': '2',
      'accept-encoding': 'identity',
    })
  })

  test('a body makes it a POST, credentials in the URL become basic authorization', async () => {
    await outbound.request({ url: sink.url.replace('//', '//us%20er:p%40ss@'), body: 'x' })
    expect(sink.requests[0]?.method).toBe('POST')
    expect(sink.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('us er:p@ss').toString('base64')}`)
  })

  test('the body is read up to maxBytes, also in the middle of a character', async () => {
    sink.script({ status: 200, body: '€'.repeat(100_000) }, { status: 200, body: 'abc' })
    const long = await outbound.request({ url: sink.url, maxBytes: 10 })
    expect(long.truncated).toBe(true)
    expect(long.text).toBe('€€€\uFFFD')
    expect(await outbound.request({ url: sink.url, maxBytes: 3 })).toMatchObject({ text: 'abc', truncated: false })
  })

  test('connections are kept and reused', async () => {
    for (let i = 0; i < 20; i++) await outbound.request({ url: sink.url })
    expect(sink.connections()).toBeLessThanOrEqual(2)
  })
})

describe('failures', () => {
  test('connection refused: nothing was sent', async () => {
    await sink.stop()
    const error = await failureOf(outbound.request({ url: `${sink.url}/bot123:SECRET/x`, body: 'x' }))
    expect(error).toMatchObject({ kind: 'refused', phase: 'before' })
    expect(error.message).toBe(`POST 127.0.0.1:${sink.port}: connection refused (ECONNREFUSED)`)
    sink = await startWebhookSink()
  })

  test.each([
    ['close', 'reset'],
    ['close_mid_answer', 'reset'],
  ] as const)('%s: the answer is lost', async (fault, kind) => {
    sink.script({ fault })
    expect(await failureOf(outbound.request({ url: sink.url, body: 'x' }))).toMatchObject({ kind, phase: 'after' })
  })

  test('no answer in time', async () => {
    sink.script({ fault: 'hang' })
    const error = await failureOf(outbound.request({ url: sink.url, body: 'x', timeoutMs: 50 }))
    expect(error).toMatchObject({ kind: 'timeout', phase: 'after' })
  })

  test('an answer that never ends counts as no answer in time', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nab'))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const error = await failureOf(outbound.request({ url: `http://127.0.0.1:${port}`, timeoutMs: 100 }))
    expect(error).toMatchObject({ kind: 'timeout', phase: 'after' })
    server.close()
  })

  test('the signal ends a call, and one that has fired lets nothing out', async () => {
    sink.script({ fault: 'hang' })
    const aborter = new AbortController()
    const call = failureOf(outbound.request({ url: sink.url, signal: aborter.signal }))
    await sink.waitFor(1)
    aborter.abort()
    expect(await call).toMatchObject({ kind: 'aborted', phase: 'after' })
    const late = await failureOf(outbound.request({ url: sink.url, signal: aborter.signal }))
    expect(late).toMatchObject({ kind: 'aborted', phase: 'before' })
    expect(sink.requests).toHaveLength(1)
  })

  test('one signal may stop many calls at once', async () => {
    const warnings: Error[] = []
    const note = (warning: Error) => void warnings.push(warning)
    process.on('warning', note)
    const { signal } = new AbortController()
    await Promise.all(Array.from({ length: 20 }, () => outbound.request({ url: sink.url, signal })))
    // Warnings are emitted on the next tick.
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', note)
    expect(warnings).toEqual([])
  })

  test('a deadline that comes as a signal is a timeout', async () => {
    sink.script({ fault: 'hang' })
    const error = await failureOf(outbound.request({ url: sink.url, signal: AbortSignal.timeout(50) }))
    expect(error.kind).toBe('timeout')
  })

  test('an unknown host and TLS to a plain server: nothing was sent', async () => {
    expect(await failureOf(outbound.request({ url: 'http://no-such-host.invalid/' }))).toMatchObject({
      kind: 'dns',
      phase: 'before',
    })
    const tls = await failureOf(outbound.request({ url: sink.url.replace('http:', 'https:'), body: 'x' }))
    expect(tls.phase).toBe('before')
  })

  test('a certificate nobody vouches for, and a handshake that hangs: nothing was sent', async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }])
    const server = createTlsServer({ key, cert }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const error = await failureOf(outbound.request({ url: `https://127.0.0.1:${port}/`, body: 'x' }))
    expect(error).toMatchObject({ kind: 'tls', phase: 'before' })
    server.close()

    const mute = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(mute, 'listening')
    const hasty = createOutbound({ policy: open, userAgent: 'x', connectTimeoutMs: 50 })
    const { port: mutePort } = mute.address() as { port: number }
    const timeout = await failureOf(hasty.request({ url: `https://127.0.0.1:${mutePort}/`, body: 'x' }))
    expect(timeout).toMatchObject({ kind: 'timeout', phase: 'before' })
    await hasty.close()
    mute.close()
  })

  test.each(['ftp://h/', 'file:///etc/passwd', 'data:,x', 'nonsense SECRET', ''])(
    '%s is no URL to call',
    async (url) => {
      const error = await failureOf(outbound.request({ url }))
      expect(error).toMatchObject({ kind: 'invalid', phase: 'before' })
      expect(error.message).not.toContain('SECRET')
    },
  )

  test('a header that is none', async () => {
    const error = await failureOf(outbound.request({ url: sink.url, headers: { 'x-a': 'a\r\nSECRET: b' } }))
    expect(error).toMatchObject({ kind: 'invalid', phase: 'before' })
    expect(error.message).not.toContain('SECRET')
  })
})

describe('redirects', () => {
  test('are answers unless asked for', async () => {
    sink.script({ status: 302, headers: { location: '/next' } })
    expect((await outbound.request({ url: sink.url })).status).toBe(302)
    expect(sink.requests).toHaveLength(1)
  })

  test('to another origin lose every header that may be secret', async () => {
    const other = await startWebhookSink()
    sink.script({ status: 307, headers: { location: `${other.url}/next` } })
    const headers = { authorization: 'Bearer x', cookie: 'a=b', 'x-api-key': 'k', accept: 'application/json' }
    await outbound.request({ url: sink.url, headers, maxRedirects: 3 })
    expect(other.requests[0]?.headers).toMatchObject({ accept: 'application/json', 'user-agent': 'mailtrigger/test' })
    for (const name of ['authorization', 'cookie', 'x-api-key'])
      expect(other.requests[0]?.headers[name]).toBeUndefined()
    await other.stop()
  })

  test('within the origin keep them; 303 makes a GET, 308 keeps the POST; the last redirect is the answer', async () => {
    sink.script(
      { status: 308, headers: { location: '/b' } },
      { status: 303, headers: { location: '/c' } },
      { status: 302, headers: { location: '/d' } },
    )
    const answer = await outbound.request({ url: sink.url, body: 'x', headers: { 'x-a': '1' }, maxRedirects: 2 })
    expect(answer.status).toBe(302)
    expect(sink.requests.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual([
      'POST / x',
      'POST /b x',
      'GET /c ',
    ])
    expect(sink.requests[2]?.headers['x-a']).toBe('1')
  })

  test('end after as many as were asked for', async () => {
    const loop = { status: 302, headers: { location: '/' } }
    sink.script(...Array.from({ length: 10 }, () => loop))
    expect((await outbound.request({ url: sink.url, maxRedirects: 5 })).status).toBe(302)
    expect(sink.requests).toHaveLength(6)
  })

  test('each hop passes the network policy', async () => {
    outbound.setPolicy({ denyPrivate: false, allow: [], deny: ['localhost'] })
    sink.script({ status: 302, headers: { location: `http://localhost:${sink.port}/` } })
    const error = await failureOf(outbound.request({ url: sink.url, maxRedirects: 3 }))
    expect(error).toMatchObject({ kind: 'policy', phase: 'before' })
    sink.script({ status: 302, headers: { location: 'http://169.254.169.254/latest/meta-data' } })
    expect(await failureOf(outbound.request({ url: sink.url, maxRedirects: 3 }))).toMatchObject({ kind: 'policy' })
  })
})

describe('network policy', () => {
  const spellings = [
    '127.0.0.1',
    '2130706433',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '017700000001',
    '127.1',
    '127.0.1',
    '0',
    '0.0.0.0',
    '127.0.0.1.',
    '①②⑦.⓪.⓪.①',
    '127。0。0。1',
    'localhost',
    'LOCALHOST',
    'localhost.',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::]',
    '10.0.0.1',
    '169.254.169.254',
    '[fe80::1]',
    '[fd00:ec2::254]',
    '[::ffff:a9fe:a9fe]',
    '2852039166',
  ]
  test.each(spellings)('http://%s/ leaks nothing with deny_private', async (host) => {
    outbound.setPolicy(closed)
    const error = await failureOf(outbound.request({ url: `http://${host}:${sink.port}/` }))
    // Not every resolver knows `localhost.`; where none does, the name fails before the policy is asked.
    const kind = expect.stringMatching(host === 'localhost.' ? /policy|dns/ : /policy/)
    expect(error).toMatchObject({ kind, phase: 'before' })
    const viaFetch = await failureOf(outbound.fetch(`http://${host}:${sink.port}/`))
    expect(viaFetch).toMatchObject({ kind, phase: 'before' })
    expect(sink.connections()).toBe(0)
  })

  test('a stricter policy holds at once, open connections or not', async () => {
    await outbound.request({ url: sink.url })
    outbound.setPolicy(closed)
    expect(await failureOf(outbound.request({ url: sink.url }))).toMatchObject({ kind: 'policy' })
    outbound.setPolicy({ ...closed, allow: ['127.0.0.0/8'] })
    expect((await outbound.request({ url: sink.url })).status).toBe(200)
  })
})

describe('a name that resolves differently each time', () => {
  /** Gives the answers one after the other, and counts how often it was asked. */
  function resolver(...answers: string[]) {
    const asked: string[] = []
    const lookup: Lookup = (host, _options, callback) => {
      const address = answers[Math.min(asked.push(host), answers.length) - 1] ?? ''
      setImmediate(() => callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]))
    }
    return { asked, lookup }
  }

  async function openWith(lookup: Lookup, run: (rebound: Outbound) => Promise<void>, policy = open) {
    const rebound = createOutbound({ policy, userAgent: 'mailtrigger/test', lookup, connectTimeoutMs: 200 })
    await run(rebound).finally(rebound.close)
  }

  test('is asked once a connection, and the next connection is checked again', async () => {
    const { asked, lookup } = resolver('127.0.0.1', '169.254.169.254')
    await openWith(lookup, async (rebound) => {
      const url = `http://rebind.example:${sink.port}/`
      sink.script({ status: 200, headers: { connection: 'close' } })
      expect((await rebound.request({ url })).status).toBe(200)
      expect(asked).toHaveLength(1)
      expect(await failureOf(rebound.request({ url }))).toMatchObject({ kind: 'policy', phase: 'before' })
    })
  })

  test('gives what was checked to who connects without HTTP', async () => {
    const { asked, lookup } = resolver('127.0.0.1', '::ffff:169.254.169.254')
    await openWith(lookup, async (rebound) => {
      expect(await rebound.resolveHost('rebind.example', 25)).toEqual([{ address: '127.0.0.1', family: 4 }])
      expect(asked).toHaveLength(1)
      const error = await failureOf(rebound.resolveHost('rebind.example', 25))
      expect(error).toMatchObject({ kind: 'policy', phase: 'before' })
      expect(error.message).toContain('rebind.example:25')
    })
  })

  test('keeps the addresses that are allowed', async () => {
    const lookup: Lookup = (_host, _options, callback) =>
      callback(null, [
        { address: 'fd00:ec2::254', family: 6 },
        { address: '10.0.0.1', family: 4 },
        { address: '93.184.216.34', family: 4 },
      ])
    const resolved = (policy: typeof open) =>
      new Promise<unknown>((resolve) =>
        openWith(lookup, async (rebound) => resolve(await rebound.resolveHost('a.example', 1)), policy),
      )
    expect(await resolved(open)).toHaveLength(2)
    expect(await resolved(closed)).toEqual([{ address: '93.184.216.34', family: 4 }])
  })

  test('or never, or not at all, is an error of its own', async () => {
    const failing: Lookup = (_host, _options, callback) =>
      callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), [])
    await openWith(failing, async (rebound) => {
      expect(await failureOf(rebound.resolveHost('a.example', 1))).toMatchObject({ kind: 'dns', phase: 'before' })
    })
    await openWith(
      () => {},
      async (rebound) => {
        expect(await failureOf(rebound.resolveHost('a.example', 1))).toMatchObject({ kind: 'timeout', phase: 'before' })
        const stopped = rebound.resolveHost('a.example', 1, AbortSignal.abort())
        expect(await failureOf(stopped)).toMatchObject({ kind: 'aborted', phase: 'before' })
      },
    )
  })
})

describe('fetch', () => {
  test('posts, reads and reports the status', async () => {
    sink.script({ status: 429, headers: { 'retry-after': '7' }, body: '{"ok":false}' })
    const response = await outbound.fetch(`${sink.url}/x`, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
    expect(await response.json()).toEqual({ ok: false })
    expect(sink.requests[0]).toMatchObject({ method: 'POST', path: '/x', body: '{}' })
  })

  test('takes forms, requests, and answers without a body', async () => {
    sink.script({ status: 204 }, { status: 200, body: '' })
    const form = new FormData()
    form.set('a', 'b')
    expect((await outbound.fetch(new Request(sink.url, { method: 'POST', body: form }))).status).toBe(204)
    expect(sink.requests[0]?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(await (await outbound.fetch(new URL(sink.url))).text()).toBe('')
  })

  test('names an abort as libraries expect, and keeps the phase', async () => {
    sink.script({ fault: 'hang' })
    const aborter = new AbortController()
    const call = outbound.fetch(sink.url, { signal: aborter.signal }).catch((error: unknown) => error)
    await sink.waitFor(1)
    aborter.abort()
    expect(await call).toMatchObject({ name: 'AbortError', cause: { kind: 'aborted', phase: 'after' } })
  })

  test('fails rather than cut a long answer, and never repeats the URL', async () => {
    sink.script({ status: 200, body: 'x'.repeat(4_000_001) })
    expect(await failureOf(outbound.fetch(sink.url))).toMatchObject({ kind: 'invalid', phase: 'after' })
    const error = await failureOf(outbound.fetch('http://user:SECRET@127.0.0.1/'))
    expect(error.message).not.toContain('SECRET')
  })
})
