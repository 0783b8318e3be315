import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Role } from '#src/domain/identity.js'
import { type Program, startProgram } from '../program/start-program.js'
import { until } from '../stand-ins/until.js'
import { openBrowser } from './browser.js'

const routes = 'channels: { inbox: { kind: inbox } }\nroutes: [ { name: all, steps: [ { send: inbox } ] } ]\n'
let program: Program
const tokens: Record<string, string> = {}
beforeAll(async () => {
  program = await startProgram(routes)
  for (const role of ['viewer', 'operator', 'admin'] as const) tokens[role] = await makeToken(role, role, null)
})
afterAll(() => program.stop())

async function makeToken(name: string, role: Role, expiresInMs: number | null): Promise<string> {
  return (await program.app.calls.createToken({ name, role, expiresInMs }, 'test')).token
}

async function call(method: string, path: string, token: string, body?: unknown, headers: Record<string, string> = {}) {
  const init = { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
  const answer = await fetch(`${program.app.http.url}/api/v1${path}`, {
    ...init,
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...headers },
  })
  const text = await answer.text()
  return { status: answer.status, json: JSON.parse(text) }
}

describe('a token', () => {
  const user = { name: 'x', role: 'viewer', password: 'short' }
  it.each([
    ['GET', '/mails', undefined, { viewer: 200, operator: 200, admin: 200 }],
    ['GET', '/me', undefined, { viewer: 200, operator: 200, admin: 200 }],
    ['POST', '/silences', {}, { viewer: 403, operator: 400, admin: 400 }],
    ['GET', '/tokens', undefined, { viewer: 403, operator: 403, admin: 200 }],
    ['POST', '/tokens', { name: '' }, { viewer: 403, operator: 403, admin: 400 }],
    ['POST', '/tokens/sign-in-link', undefined, { viewer: 403, operator: 403, admin: 201 }],
    ['DELETE', '/tokens/nothing', undefined, { viewer: 403, operator: 403, admin: 404 }],
    ['GET', '/users', undefined, { viewer: 403, operator: 403, admin: 200 }],
    ['POST', '/users', user, { viewer: 403, operator: 403, admin: 400 }],
    ['PATCH', '/users/nobody', { role: 'viewer' }, { viewer: 403, operator: 403, admin: 404 }],
    ['DELETE', '/users/nobody', undefined, { viewer: 403, operator: 403, admin: 404 }],
  ])('may %s %s as its role allows', async (method, path, body, expected) => {
    const seen: Record<string, number> = {}
    for (const role of Object.keys(expected)) seen[role] = (await call(method, path, tokens[role] ?? '', body)).status
    expect(seen).toEqual(expected)
  })

  it('is recorded with what it does, whatever it says of itself', async () => {
    const silence = { routes: ['all'], for: '1h' }
    const headers = { 'x-mailtrigger-actor': 'somebody-else' }
    const { json } = await call('POST', '/silences', tokens.operator ?? '', silence, headers)
    expect(json.created_by).toBe('token:operator')
    expect((await call('POST', '/silences', program.app.token, silence, headers)).json.created_by).toBe('somebody-else')
  })

  it('is shown once, and afterwards never', async () => {
    const made = await call('POST', '/tokens', tokens.admin ?? '', {
      name: 'Ünï "q"',
      role: 'viewer',
      expires_in: '90d',
    })
    expect(made.status).toBe(201)
    expect(made.json.token).toMatch(/^mt_[\w-]{43}$/)
    expect(made.json.created_by).toBe('token:admin')
    expect(Date.parse(made.json.expires_at) - Date.parse(made.json.created_at)).toBe(90 * 86_400_000)
    const listed = await call('GET', '/tokens', tokens.admin ?? '')
    expect(listed.json.items[0]).toMatchObject({ name: 'Ünï "q"', state: 'active', last_used_at: null })
    expect(JSON.stringify(listed.json)).not.toContain('mt_')
    const again = await call('POST', '/tokens', tokens.admin ?? '', { name: 'Ünï "q"', role: 'viewer' })
    expect(again).toMatchObject({ status: 409, json: { error: { code: 'exists' } } })
    const audited = await program.app.calls.listAudit({ action: 'token.create', limit: 10 })
    expect(JSON.stringify(audited)).not.toContain(made.json.token)
  })

  it('counts until it expires or is revoked, and over a restart', async () => {
    const short = await makeToken('short', 'viewer', 1)
    await until(async () => (await call('GET', '/me', short)).status === 401, 'the token is over')
    const long = await makeToken('long', 'viewer', 3_600_000)
    expect((await call('GET', '/me', long)).json).toEqual({ name: 'long', role: 'viewer', by: 'token' })
    await program.restart()
    expect((await call('GET', '/me', long)).status).toBe(200)
    const { items } = (await call('GET', '/tokens', tokens.admin ?? '')).json
    const line = items.find(({ name }: { name: string }) => name === 'long')
    expect(line.last_used_at).not.toBeNull()
    expect((await call('DELETE', `/tokens/${line.id}`, tokens.admin ?? '')).json.state).toBe('revoked')
    expect((await call('GET', '/me', long)).status).toBe(401)
    expect((await call('DELETE', '/tokens/long', tokens.admin ?? '')).status).toBe(404)
    expect((await call('GET', '/me', await makeToken('long', 'viewer', null))).status).toBe(200)
  })

  it('is told nothing more once it is revoked', async () => {
    const token = await makeToken('watcher', 'viewer', null)
    const answer = await fetch(`${program.app.http.url}/api/v1/events`, {
      headers: { authorization: `Bearer ${token}` },
    })
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader()
    await program.send({ subject: 'before' })
    expect((await reader?.read())?.value).toContain('mail.stored')
    await program.app.calls.revokeToken('watcher', 'test')
    let isOver = false
    const reading = (async () => {
      while (!(await reader?.read())?.done);
      isOver = true
    })()
    await until(async () => {
      await program.send({ subject: 'after' })
      return isOver
    }, 'the stream ends')
    await reading
  })

  it.each(['', 'mt_', 'wrong', 'Bearer', 'x'.repeat(5_000)])('is none: %#', async (token) => {
    expect((await call('GET', '/me', token)).status).toBe(401)
  })

  it('that is wrong is not made good by a cookie', async () => {
    const browser = openBrowser(() => program.app.http.url)
    await browser.post('/sign-in', { token: program.app.token })
    expect((await browser.get('/api/v1/me')).status).toBe(200)
    expect((await browser.get('/api/v1/me', { authorization: 'Bearer wrong' })).status).toBe(401)
  })
})

describe('users', () => {
  it('come and go by the API, but the last admin', async () => {
    const admin = tokens.admin ?? ''
    const add = (name: string, role: string, password = 'a good long password') =>
      call('POST', '/users', admin, { name, role, password })
    expect((await add('one "1"', 'admin')).json).toMatchObject({ name: 'one "1"', role: 'admin' })
    expect((await add('one "1"', 'admin')).status).toBe(409)
    for (const name of ['', ' ', 'owner', 'a\u0000b', 'a\u202eb', 'x'.repeat(65)]) {
      expect((await add(name, 'viewer')).status).toBe(400)
    }
    for (const password of ['', 'short', 'aaaaaaaaaaaaaaaa', 'x'.repeat(5_000)]) {
      expect((await add('two', 'viewer', password)).status).toBe(400)
    }
    const one = `/users/${encodeURIComponent('one "1"')}`
    expect((await call('PATCH', one, admin, { role: 'viewer' })).json.error.code).toBe('last_admin')
    expect((await call('DELETE', one, admin)).json.error.code).toBe('last_admin')
    expect((await add('two', 'admin')).status).toBe(201)
    expect((await call('PATCH', one, admin, { role: 'viewer', password: 'another password' })).json.role).toBe('viewer')
    expect((await call('PATCH', one, admin, {})).status).toBe(400)
    expect((await call('DELETE', one, admin)).json).toEqual({ deleted: 1 })
    expect((await call('GET', '/users', admin)).json.items.map(({ name }: { name: string }) => name)).toEqual(['two'])
    const { items } = await program.app.calls.listAudit({ subject: 'one "1"', limit: 10 })
    expect(items.map(({ action }) => action)).toEqual(['user.delete', 'user.password', 'user.role', 'user.create'])
    expect(JSON.stringify(items)).not.toMatch(/long password|another password|scrypt/)
  })
})

describe('a proxy that signs people in', () => {
  const proxy = (settings: string) => `server: { http: ${settings} }\n${routes}`
  const as = (name: string, more: Record<string, string> = {}) =>
    call('GET', '/me', '', undefined, { 'remote-user': name, ...more })

  async function reload(yaml: string): Promise<void> {
    program.writeRoutes(yaml)
    await program.app.reload()
  }

  it('is believed from the ranges that are named only, and a reload says which', async () => {
    expect((await as('tim')).status).toBe(401)
    await reload(proxy('{ proxy_auth: { from: [127.0.0.1], user_header: Remote-User, role: operator } }'))
    expect((await as('tim')).json).toEqual({ name: 'tim', role: 'operator', by: 'proxy' })
    expect((await as(Buffer.from('林小美').toString('latin1'))).json.name).toBe('林小美')
    expect((await as('')).status).toBe(401)
    expect((await as('x'.repeat(201))).status).toBe(403)
    expect((await as('tim', { authorization: 'Bearer wrong' })).status).toBe(401)
    await reload(proxy('{ proxy_auth: { from: [10.0.0.0/8, "::1"], user_header: Remote-User, role: admin } }'))
    expect((await as('tim')).status).toBe(401)
    // Whom the connection comes from counts, not whom it says it comes from.
    expect((await as('tim', { 'x-forwarded-for': '10.0.0.1' })).status).toBe(401)
  })

  it('says the role, or groups that stand for one; without one nobody gets in', async () => {
    const roles = `{ 'mail "admins"': admin, staff: viewer }`
    await reload(
      proxy(
        `{ proxy_auth: { from: [127.0.0.1], user_header: Remote-User, role_header: Remote-Groups, roles: ${roles} } }`,
      ),
    )
    const inGroups = async (groups: string) => {
      const { status, json } = await as('tim', { 'remote-groups': groups })
      return status === 200 ? json.role : status
    }
    expect(await inGroups('staff')).toBe('viewer')
    expect(await inGroups('other, staff; mail "admins"')).toBe('admin')
    for (const groups of ['other', '', 'admin', 'constructor', 'staffs']) expect(await inGroups(groups)).toBe(403)
    await reload(proxy('{ proxy_auth: { from: [127.0.0.1], user_header: Remote-User, role_header: X-Role } }'))
    expect((await as('tim', { 'x-role': 'operator' })).json.role).toBe('operator')
  })

  it('signs in for the browser, so other sites could use it, and must not', async () => {
    await reload(proxy('{ proxy_auth: { from: [127.0.0.1], user_header: Remote-User, role: admin } }'))
    const headers = { 'remote-user': 'tim' }
    const evil = await call('POST', '/silences', '', {}, { ...headers, origin: 'https://evil.example' })
    expect(evil.json.error.code).toBe('cross_origin')
    expect((await call('POST', '/silences', '', {}, { ...headers, origin: program.app.http.url })).status).toBe(400)
    const account = await openBrowser(() => program.app.http.url, headers).get('/account')
    expect(account.text).toContain('<strong>tim</strong>')
    expect(account.text).not.toMatch(/action="\/(?:sign-out|account)/)
  })

  it('ends https: the cookie is the safer one then', async () => {
    await reload(routes)
    const secure = openBrowser(() => program.app.http.url, { 'x-forwarded-proto': 'https' })
    await secure.post('/sign-in', { token: program.app.token })
    expect(secure.setCookies[0]).toMatch(
      /^__Host-mailtrigger=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
    )
    expect((await secure.get('/api/v1/me')).status).toBe(200)
    // The same cookie set by plain http on another host would be this one.
    const value = secure.cookies.get('__Host-mailtrigger') ?? ''
    expect((await secure.get('/api/v1/me', { cookie: `mailtrigger=${value}` })).status).toBe(401)
    await reload(proxy('{ trusted_proxies: [10.0.0.1], public_url: "https://alerts.example" }'))
    const plain = openBrowser(() => program.app.http.url, { 'x-forwarded-proto': 'https' })
    await plain.post('/sign-in', { token: program.app.token })
    expect(plain.setCookies[0]).toMatch(/^mailtrigger=/)
    // A proxy that changes the host: the page says where it is from.
    const moved = openBrowser(() => program.app.http.url, { origin: 'https://alerts.example' })
    expect(
      (await moved.post('/sign-in', { token: program.app.token }, { origin: 'https://alerts.example' })).status,
    ).toBe(303)
  })

  it('is believed about the client when it is trusted', async () => {
    const clientOf = async (settings: string, forwarded: string) => {
      await reload(proxy(settings))
      const browser = openBrowser(() => program.app.http.url, { 'x-forwarded-for': forwarded })
      await browser.post('/sign-in', { token: program.app.token })
      const { items } = await program.app.calls.listAudit({ action: 'session.start', limit: 1 })
      return items[0]?.detail.client
    }
    expect(await clientOf('{ session: { max: 8d } }', '6.6.6.6, 192.0.2.7')).toBe('192.0.2.7')
    expect(await clientOf('{ trusted_proxies: [127.0.0.1, 192.0.2.0/24] }', '6.6.6.6, 203.0.113.9, 192.0.2.7')).toBe(
      '203.0.113.9',
    )
    expect(await clientOf('{ trusted_proxies: [10.0.0.1] }', '192.0.2.7')).toBe('127.0.0.1')
  })

  it('changes how long signing in counts by a reload', async () => {
    await reload(proxy('{ session: { idle: 1ms } }'))
    const browser = openBrowser(() => program.app.http.url)
    await browser.post('/sign-in', { token: program.app.token })
    await until(async () => (await browser.get('/api/v1/me')).status === 401, 'the session is over')
    await reload(proxy('{ session: { max: 1h } }'))
    await browser.post('/sign-in', { token: program.app.token })
    expect(browser.setCookies[0]).toContain('Max-Age=3600;')
  })
})
