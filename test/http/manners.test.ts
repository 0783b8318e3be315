import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EngineEvent } from '#src/domain/events.js'
import { createEventLog } from '#src/http/event-log.js'
import { type Program, startProgram } from '../program/start-program.js'
import { until } from '../stand-ins/until.js'
import { createContract } from './contract.js'

const contract = createContract()
const routes = `version: 1
server: { smtp: { max_size: 100KB, max_recipients: 3, users: [ { name: jenkins, password: CANARY-password } ] } }
channels: { inbox: { kind: inbox } }
routes: [ { name: all, when: { subject: wanted }, steps: [ { send: inbox } ] } ]
`
const mail = 'From: a@b.example\r\nTo: c@d.example\r\nSubject: wanted by HTTP\r\n\r\nSome text.\r\n'

let program: Program
beforeAll(async () => {
  program = await startProgram(routes)
})
afterAll(() => program.stop())

async function call(method: string, path: string, init: RequestInit = {}, token: string | null = program.app.token) {
  const headers = new Headers(init.headers)
  if (token !== null) headers.set('authorization', `Bearer ${token}`)
  const answer = await fetch(`${program.app.http.url}${path}`, { method, ...init, headers })
  const text = await answer.text()
  const type = answer.headers.get('content-type') ?? ''
  if (path.startsWith('/api/v1/') && answer.status !== 304) {
    contract.check({ method, path, status: answer.status, type, body: text })
  }
  return { status: answer.status, headers: answer.headers, text, json: text.startsWith('{') ? JSON.parse(text) : null }
}

const json = { 'content-type': 'application/json' }

describe('errors', () => {
  it.each<[string, string, RequestInit, number, string]>([
    ['GET', '/api/v1/nothing', {}, 404, 'not_found'],
    ['GET', '/nothing/at/all', {}, 404, 'not_found'],
    ['PUT', '/api/v1/mails', {}, 405, 'method_not_allowed'],
    ['DELETE', '/api/v1/silences', {}, 405, 'method_not_allowed'],
    ['GET', '/api/v1/mails/%E0%A4%A', {}, 400, 'bad_request'],
    ['GET', '/api/v1/mails?search=%', {}, 400, 'bad_request'],
    ['GET', '/api/v1/mails/%C3%28', {}, 400, 'bad_request'],
    ['POST', '/api/v1/silences', { body: '{', headers: json }, 400, 'bad_json'],
    ['POST', '/api/v1/silences', { body: '<a/>', headers: { 'content-type': 'application/xml' } }, 415, 'unknown_type'],
    ['POST', '/api/v1/silences', { body: '"text"', headers: json }, 400, 'bad_request'],
    ['GET', `/api/v1/mails?search=${'x'.repeat(501)}`, {}, 400, 'bad_request'],
  ])('%s %s is %o %i', async (method, path, init, status, code) => {
    expect(await call(method, path, init)).toMatchObject({ status, json: { error: { code } } })
  })

  it('say which methods there are', async () => {
    expect((await call('PUT', '/api/v1/mails')).headers.get('allow')).toBe('GET, HEAD, POST')
  })

  it('are 401 before they tell what there is', async () => {
    expect((await call('GET', '/api/v1/nothing', {}, null)).status).toBe(401)
    expect((await call('PUT', '/api/v1/mails', {}, null)).status).toBe(401)
  })

  it('take JSON that does not call itself so, and an empty body where nothing is needed', async () => {
    const id = await program.send({ subject: 'wanted and acknowledged' })
    const { mail: stored } = await program.settled(id)
    const path = `/api/v1/notifications/${stored.notifications[0]?.id}/acknowledge`
    expect((await call('POST', path)).json).toMatchObject({ outcome: 'acknowledged', ack_note: null })
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    expect((await call('POST', path, { body: '{"note":"again"}', headers: form })).json.outcome).toBe('already')
  })
})

describe('roles', () => {
  it.each([
    ['viewer', 'POST', '/api/v1/mails/replay', 'operator'],
    ['viewer', 'POST', '/api/v1/routes/explain', 'operator'],
    ['operator', 'POST', '/api/v1/config/reload', 'admin'],
    ['operator', 'DELETE', '/api/v1/mails/x', 'admin'],
  ] as const)('a %s cannot %s %s, and hears who can', async (role, method, path, needed) => {
    const name = `${role} ${method} ${path}`
    const { token } = await program.app.calls.createToken({ name, role, expiresInMs: null }, 'test')
    const { status, json: body } = await call(method, path, {}, token)
    expect(status).toBe(403)
    expect(body.error).toMatchObject({ code: 'forbidden', hint: expect.stringContaining(needed) })
  })

  it('whoever has a token is recorded by its name, whatever they call themselves', async () => {
    const { token } = await program.app.calls.createToken({ name: 'ci', role: 'operator', expiresInMs: null }, 'test')
    const headers = { ...json, 'x-mailtrigger-actor': 'cli:root' }
    const body = JSON.stringify({ routes: ['all'], for: '1h' })
    const { json: silence } = await call('POST', '/api/v1/silences', { body, headers }, token)
    expect(silence.created_by).toBe('token:ci')
    expect((await call('DELETE', `/api/v1/silences/${silence.id}`, { headers })).status).toBe(200)
    const { json: audit } = await call('GET', `/api/v1/audit?subject=${silence.id}`)
    expect(audit.items.map(({ actor }: { actor: string }) => actor)).toEqual(['cli:root', 'token:ci'])
  })
})

describe('what has not changed', () => {
  it('is 304, until it changes', async () => {
    const id = await program.send({ subject: 'wanted once' })
    await program.settled(id)
    const first = await call('GET', `/api/v1/mails/${id}`)
    const tag = first.headers.get('etag') ?? ''
    expect(tag).toMatch(/^W\/"[\w-]{27}"$/)
    const again = await call('GET', `/api/v1/mails/${id}`, { headers: { 'if-none-match': `"other", ${tag}` } })
    expect(again).toMatchObject({ status: 304, text: '' })
    expect(again.headers.get('etag')).toBe(tag)
    expect((await call('GET', `/api/v1/mails/${id}`, { headers: { 'if-none-match': 'W/"other"' } })).status).toBe(200)
  })

  it('is not asked of errors and files', async () => {
    expect((await call('GET', '/api/v1/mails/nope')).headers.get('etag')).toBeNull()
    const id = await program.send({ subject: 'wanted raw' })
    expect((await call('GET', `/api/v1/mails/${id}/raw`)).headers.get('etag')).toBeNull()
  })
})

describe('a mail over HTTP', () => {
  const take = (query: string, body = mail) => call('POST', `/api/v1/mails?${query}`, { body })

  it('is stored, routed and delivered as one by SMTP', async () => {
    const {
      status,
      json: taken,
      headers,
    } = await take('from=ci@mailtrigger.app&to=devops@mailtrigger.app,%20tim@mailtrigger.app')
    expect(status).toBe(201)
    expect(headers.get('location')).toBe(`/api/v1/mails/${taken.id}`)
    const { mail: stored, deliveries } = await program.settled(taken.id)
    expect(stored).toMatchObject({
      status: 'routed',
      subject: 'wanted by HTTP',
      envelope: {
        from: 'ci@mailtrigger.app',
        to: ['devops@mailtrigger.app', 'tim@mailtrigger.app'],
        helo: 'api',
        user: 'api',
      },
    })
    expect(deliveries.map((delivery) => delivery.status)).toContain('sent')
    expect((await call('GET', `/api/v1/mails/${taken.id}/raw`)).text).toBe(mail)
  })

  it('is kept through a restart', async () => {
    const { json: taken } = await take('to=devops@mailtrigger.app')
    await program.restart()
    expect((await program.settled(taken.id)).mail.status).toBe('routed')
  })

  it.each([
    ['', mail, 400],
    ['to=', mail, 400],
    ['to=nobody', mail, 400],
    ['to=a@b.example&from=%3Cx%3E', mail, 400],
    ['to=a@b.c,b@b.c,c@b.c,d@b.c', mail, 400],
    ['to=a@b.example', '', 400],
    ['to=a@b.example', 'x'.repeat(110_000), 413],
  ])('is refused with ?%s', async (query, body, status) => {
    expect((await take(query, body)).status).toBe(status)
  })

  it('many at once are all stored, or told to come again', async () => {
    const answers = await Promise.all(Array.from({ length: 60 }, () => take('to=devops@mailtrigger.app')))
    const taken = answers.filter(({ status }) => status === 201)
    expect(answers.every(({ status }) => status === 201 || status === 503)).toBe(true)
    expect(new Set(taken.map(({ json: one }) => one.id)).size).toBe(taken.length)
    expect(taken.length).toBeGreaterThan(19)
  })
})

describe('the config', () => {
  it('is shown as it works, without a secret, as JSON and as YAML', async () => {
    const shown = await call('GET', '/api/v1/config')
    expect(shown.json).toMatchObject({ channels: { inbox: { kind: 'inbox' } }, routes: [{ name: 'all' }] })
    const yaml = await call('GET', '/api/v1/config?format=yaml')
    expect(yaml.headers.get('content-type')).toBe('application/yaml; charset=utf-8')
    expect(yaml.text).toMatch(/^channels:$/m)
    expect(shown.text + yaml.text).not.toContain('CANARY')
  })

  it('has a history of how it was read, with what was wrong', async () => {
    const { json: before } = await call('GET', '/api/v1/config/history')
    expect(before.items.at(-1)).toMatchObject({ actor: 'start', routes: 1, hash: expect.any(String) })
    program.writeRoutes(`${routes}nonsense: true\n`)
    const refused = await call('POST', '/api/v1/config/reload')
    expect(refused).toMatchObject({ status: 422, json: { error: { code: 'config_invalid' } } })
    program.writeRoutes(routes.replace('wanted', 'wished for'))
    const { json: taken } = await call('POST', '/api/v1/config/reload')
    const { json: after } = await call('GET', '/api/v1/config/history?limit=1000')
    const asked = after.items.filter(({ actor }: { actor: string }) => actor === 'api')
    expect(asked[0]).toMatchObject({ hash: taken.hash, routes: 1 })
    expect(asked[1]).toMatchObject({
      hash: null,
      issues: expect.arrayContaining([
        expect.objectContaining({ code: 'unknown-key', frame: expect.stringContaining('nonsense: true') }),
      ]),
    })
    const { json: page } = await call('GET', '/api/v1/config/history?limit=1')
    const { json: next } = await call('GET', `/api/v1/config/history?limit=1&cursor=${page.next_cursor}`)
    expect([...page.items, ...next.items]).toEqual(after.items.slice(0, 2))
  })
})

describe('the stream of events', () => {
  async function follow(query: string, enough: (text: string) => boolean): Promise<string> {
    const stop = new AbortController()
    const headers = { authorization: `Bearer ${program.app.token}` }
    const answer = await fetch(`${program.app.http.url}/api/v1/events${query}`, { headers, signal: stop.signal })
    let text = ''
    for await (const chunk of answer.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (enough(text)) break
    }
    stop.abort()
    return text
  }

  it('says first when it cannot go on where somebody was', async () => {
    await program.settled(await program.send({ subject: 'something' }))
    const text = await follow('?last_event_id=999999', (seen) => seen.includes('event: mail.stored'))
    expect(text).toMatch(/^event: reset\n/)
    expect(await follow('?last_event_id=0', (seen) => seen.includes('event: mail.stored'))).not.toContain('reset')
  })

  it('knows how much is lost', () => {
    const log = createEventLog(() => 0)
    const event: EngineEvent = { type: 'config.reloaded', hash: 'x' }
    for (let count = 0; count < 1_005; count++) log.add(event)
    expect([4, 5, 1_005, 1_006].map((id) => log.knowsSince(id))).toEqual([false, true, true, false])
    expect(createEventLog(() => 0).knowsSince(0)).toBe(true)
  })

  it('has room for a hundred, and says so to the next', async () => {
    const { hostname, port } = new URL(program.app.http.url)
    const request = `GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${program.app.token}\r\n\r\n`
    const sockets = Array.from({ length: 100 }, () => connect(Number(port), hostname))
    const heads = sockets.map((socket) => new Promise((resolve) => socket.once('data', resolve)))
    for (const socket of sockets) socket.write(request)
    await Promise.all(heads)
    expect(await call('GET', '/api/v1/events')).toMatchObject({ status: 503, json: { error: { code: 'busy' } } })
    for (const socket of sockets) socket.destroy()
    await until(async () => {
      const stop = new AbortController()
      const headers = { authorization: `Bearer ${program.app.token}` }
      const { status } = await fetch(`${program.app.http.url}/api/v1/events`, { headers, signal: stop.signal })
      stop.abort()
      return status === 200
    }, 'there is room again')
  })
})

describe('the description', () => {
  it('is open, and is what the program prints', async () => {
    const { status, json: document } = await call('GET', '/api/openapi.json', {}, null)
    expect(status).toBe(200)
    expect(document).toEqual(JSON.parse(JSON.stringify(contract.document)))
  })

  it('is a page of every operation, without a script', async () => {
    const { status, text, headers } = await call('GET', '/api/docs', {}, null)
    expect(status).toBe(200)
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
    for (const path of Object.keys(contract.document.paths ?? {})) expect(text).toContain(`<code>${path}</code>`)
    expect(text).not.toMatch(/<script|undefined|\[object/)
  })
})
