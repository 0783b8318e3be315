import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'
import { createContract } from './contract.js'

const contract = createContract()
let program: Program

beforeAll(async () => {
  program = await startProgram(`version: 1
channels: { inbox: { kind: inbox }, hook: { kind: webhook, url: "http://127.0.0.1:9/", secret: "a-webhook-secret" } }
routes: [ { name: all, when: { subject: wanted }, steps: [ { send: inbox } ] } ]
`)
  for (let index = 0; index < 7; index++)
    await program.settled(await program.send({ subject: `wanted ${index} "quoted" 100%` }))
  await program.settled(await program.send({ subject: 'nobody asked' }))
})
afterAll(() => program.stop())

async function call(path: string, init: RequestInit = {}, token: string | null = program.app.token) {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` }
  const answer = await fetch(`${program.app.http.url}${path}`, { ...init, headers: { ...headers, ...init.headers } })
  const text = await answer.text()
  const { status, headers: given } = answer
  if (path.startsWith('/api/v1/')) {
    contract.check({ method: init.method ?? 'GET', path, status, type: given.get('content-type') ?? '', body: text })
  }
  return { status: answer.status, text, json: text.startsWith('{') ? JSON.parse(text) : null }
}
const post = (path: string, body: unknown) => call(path, { method: 'POST', body: JSON.stringify(body) })

describe('the API', () => {
  it.each([[null], ['wrong'], ['']])('wants the token, not %j', async (token) => {
    expect(await call('/api/v1/mails', {}, token)).toMatchObject({
      status: 401,
      json: { error: { code: 'unauthorized' } },
    })
  })

  it('answers the probes without one', async () => {
    expect(await call('/livez', {}, null)).toMatchObject({ status: 200, text: 'ok\n' })
    expect(await call('/readyz', {}, null)).toMatchObject({ status: 200, text: 'ok\n' })
  })

  it('lists mails page by page, newest first, each once', async () => {
    const seen: string[] = []
    let cursor = ''
    do {
      const { json } = await call(`/api/v1/mails?limit=3${cursor && `&cursor=${cursor}`}`)
      seen.push(...json.items.map((mail: { id: string }) => mail.id))
      cursor = json.next_cursor ?? ''
    } while (cursor)
    expect(seen).toEqual([...new Set(seen)].sort().reverse())
    expect(seen).toHaveLength(8)
  })

  it.each([
    ['status=unrouted', 1],
    ['search=WANTED', 7],
    [`search=${encodeURIComponent('"quoted" 100%')}`, 7],
    [`search=${encodeURIComponent('1000%')}`, 0],
    ['route=all', 7],
    ['since=1h', 8],
    ['until=1h', 0],
  ])('finds mails by %s', async (query, count) => {
    expect((await call(`/api/v1/mails?${query}`)).json.items).toHaveLength(count)
  })

  it.each([['limit=0'], ['limit=x'], ['status=lost'], ['since=yesterday']])(
    'refuses %s and says which',
    async (query) => {
      const { status, json } = await call(`/api/v1/mails?${query}`)
      expect(status).toBe(400)
      expect(json.error.message).toContain(query.split('=')[0])
    },
  )

  it('shows a mail, its trace and its bytes', async () => {
    const { json } = await call('/api/v1/mails?limit=1&status=routed')
    const id = json.items[0].id
    expect((await call(`/api/v1/mails/${id}`)).json).toMatchObject({
      id,
      status: 'routed',
      delivery_list: [{ status: 'sent' }],
    })
    expect((await call(`/api/v1/mails/${id}/trace`)).json).toMatchObject({ version: 1, mail_id: id, outcome: 'routed' })
    expect((await call(`/api/v1/mails/${id}/raw`)).text).toMatch(/^Subject: .*wanted/m)
  })

  it.each([
    ['/api/v1/mails/nope', 404],
    ['/api/v1/deliveries/nope', 404],
    ['/api/v1/actions/nope', 404],
    ['/nothing', 404],
  ])('says 404 for %s', async (path, status) => {
    expect(await call(path)).toMatchObject({ status, json: { error: { code: 'not_found' } } })
  })

  it('tests a channel and says what came of it', async () => {
    const list = await call('/api/v1/channels')
    expect(list.json.items).toMatchObject([
      { name: 'inbox', kind: 'inbox' },
      { name: 'hook', kind: 'webhook' },
    ])
    expect(list.text).not.toContain('a-webhook-secret')
    expect((await post('/api/v1/channels/hook/test', {})).json).toMatchObject({ ok: false, permanent: false })
    expect((await post('/api/v1/channels/inbox/test', {})).status).toBe(400)
    expect((await post('/api/v1/channels/inbox/test', { to: 'tim@mailtrigger.app' })).json).toMatchObject({ ok: true })
    expect((await post('/api/v1/channels/missing/test', {})).status).toBe(404)
  })

  it('explains a mail that was never received', async () => {
    const { json } = await call('/api/v1/routes/explain?to=devops@mailtrigger.app', {
      method: 'POST',
      body: 'Subject: wanted\r\n\r\nx\r\n',
    })
    expect(json).toMatchObject({ subject: 'wanted', trace: { outcome: 'routed' }, deliveries: [{ channel: 'inbox' }] })
    expect((await call('/api/v1/mails?search=wanted')).json.items).toHaveLength(7)
  })

  it('refuses bodies that are no JSON, fit nothing, or choose nothing', async () => {
    expect((await call('/api/v1/mails/replay', { method: 'POST', body: '{' })).status).toBe(400)
    expect((await post('/api/v1/mails/replay', { ids: [] })).status).toBe(400)
    expect((await post('/api/v1/deliveries/retry', {})).status).toBe(400)
  })

  it('streams events, and goes on where a watcher stopped', async () => {
    const id = await program.send({ subject: 'wanted in the stream' })
    await program.settled(id)
    const stop = new AbortController()
    const answer = await fetch(`${program.app.http.url}/api/v1/events?last_event_id=0`, {
      headers: { authorization: `Bearer ${program.app.token}` },
      signal: stop.signal,
    })
    let text = ''
    for await (const chunk of answer.body ?? []) {
      text += new TextDecoder().decode(chunk)
      if (text.includes(`"mail_id":"${id}"`) && text.includes('delivery.settled')) break
    }
    stop.abort()
    expect(text).toMatch(/^id: 1\n/m)
    expect(text).toContain('event: mail.stored')
  })

  it('deletes a mail with all that was made of it', async () => {
    const id = await program.send({ subject: 'wanted no more' })
    await program.settled(id)
    expect((await call(`/api/v1/mails/${id}`, { method: 'DELETE' })).json).toEqual({ deleted: 1 })
    expect((await call(`/api/v1/mails/${id}`)).status).toBe(404)
    expect((await call(`/api/v1/deliveries?mail=${id}`)).json.items).toEqual([])
  })
})
