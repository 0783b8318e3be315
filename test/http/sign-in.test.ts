import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AuditLine } from '#src/store/watch-store.js'
import { type Program, startProgram } from '../program/start-program.js'
import { type Browser, openBrowser } from './browser.js'

let program: Program
beforeAll(async () => {
  program = await startProgram(
    'channels: { inbox: { kind: inbox } }\nroutes: [ { name: all, steps: [ { send: inbox } ] } ]\n',
  )
})
afterAll(() => program.stop())

const url = () => program.app.http.url
const newBrowser = () => openBrowser(url)
const tim = { name: `Tim "T" O'Brien <b>`, password: 'correct horse "battery"' }
const lin = { name: '林小美', password: '密碼是很長的一句話啊啊' }

async function makeCode(): Promise<string> {
  return (await program.app.calls.createSignInCode('test')).code
}

async function signIn(name: string, password: string, browser = newBrowser()) {
  const answer = await browser.post('/sign-in', { name, password })
  expect(answer).toMatchObject({ status: 303, location: '/' })
  return browser
}

async function readAudit(action: string): Promise<AuditLine[]> {
  return (await program.app.calls.listAudit({ action, limit: 100 })).items
}

describe('before there is a user', () => {
  it('a link signs in once, and its bearer chooses a name', async () => {
    const browser = newBrowser()
    const code = await makeCode()
    for (let previews = 0; previews < 3; previews++) {
      const page = await browser.get(`/sign-in/once?code=${code}`)
      expect(page.status).toBe(200)
      expect(page.hidden).toEqual({ code })
      expect(page.headers.get('set-cookie')).toBeNull()
    }
    expect(await browser.post('/sign-in/once', { code })).toMatchObject({
      status: 303,
      location: '/sign-in/first-user',
    })
    expect(browser.setCookies[0]).toMatch(/^mailtrigger=[\w-]{43}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Strict$/)

    const form = await browser.get('/sign-in/first-user')
    const { form_token = '' } = form.hidden
    expect(form.text).toContain('Welcome')
    const ownerCookie = browser.cookies.get('mailtrigger')
    const wrong = await browser.post('/sign-in/first-user', {
      form_token,
      name: 'x',
      password: 'short',
      repeated: 'short',
    })
    expect(wrong).toMatchObject({ status: 400, text: expect.stringContaining('at least 10 characters') })
    const other = await browser.post('/sign-in/first-user', { form_token, ...tim, repeated: 'another one, long' })
    expect(other).toMatchObject({ status: 400, text: expect.stringContaining('not the same') })
    expect(other.text).toContain('value="Tim &quot;T&quot; O&#39;Brien &lt;b&gt;"')
    const saved = await browser.post('/sign-in/first-user', { form_token, ...tim, repeated: tim.password })
    expect(saved).toMatchObject({ status: 303, location: '/' })
    expect(browser.cookies.get('mailtrigger')).not.toBe(ownerCookie)
    expect(await program.app.calls.listUsers()).toMatchObject([{ name: tim.name, role: 'admin' }])
    const account = await browser.get('/account')
    expect(account.text).toContain('Tim &quot;T&quot; O&#39;Brien &lt;b&gt;')
    expect(account.text).not.toContain('<b>')
    expect(account.text).toContain('A &quot;Browser&quot; &lt;1&gt;')
  })

  it('the link works no second time, and neither does one that is made up', async () => {
    const code = await makeCode()
    expect((await newBrowser().post('/sign-in/once', { code })).status).toBe(303)
    for (const dead of [code, 'x'.repeat(43), '', '"><b>']) {
      const browser = newBrowser()
      expect(await browser.post('/sign-in/once', { code: dead })).toMatchObject({ status: 410 })
      const page = await browser.get(`/sign-in/once?code=${encodeURIComponent(dead)}`)
      expect(page).toMatchObject({ status: 410, text: expect.stringContaining('token --link') })
      expect(page.text).not.toContain('<b>')
      expect(browser.cookies.size).toBe(0)
    }
  })

  it('nobody becomes the first user a second time', async () => {
    const browser = newBrowser()
    await browser.post('/sign-in/once', { code: await makeCode() })
    expect(await browser.get('/sign-in/first-user')).toMatchObject({ status: 303, location: '/account' })
    const { form_token = '' } = (await browser.get('/account')).hidden
    const fields = { form_token, name: 'second', password: 'long enough, it is', repeated: 'long enough, it is' }
    expect(await browser.post('/sign-in/first-user', fields)).toMatchObject({ status: 409 })
  })
})

describe('signing in', () => {
  beforeAll(() => program.app.calls.addUser({ ...lin, role: 'operator' }, 'test'))

  it('takes name and password, whatever the script', async () => {
    const browser = await signIn(lin.name, lin.password)
    expect(await browser.get('/api/v1/me')).toMatchObject({ status: 200 })
    expect(JSON.parse((await browser.get('/api/v1/me')).text)).toEqual({
      name: lin.name,
      role: 'operator',
      by: 'session',
    })
  })

  it.each([
    ['a wrong password', tim.name, 'wrong'],
    ['an empty one', tim.name, ''],
    ['an unknown name', 'nobody', tim.password],
    ['the password as the name', tim.password, tim.password],
  ])('refuses %s in the same words, and shows it escaped', async (_, name, password) => {
    const browser = newBrowser()
    const answer = await browser.post('/sign-in', { name, password, to: '/mails' })
    expect(answer.status).toBe(401)
    expect(answer.text).toContain('The name or the password is wrong.')
    expect(answer.text).not.toContain('<b>')
    expect(answer.hidden.to).toBe('/mails')
    expect(browser.cookies.size).toBe(0)
  })

  it('records refusals, and never what was typed for a name nobody has', async () => {
    const refused = await readAudit('session.refuse')
    expect(refused.some(({ subjects }) => subjects[0] === tim.name)).toBe(true)
    expect(JSON.stringify(refused)).not.toContain('battery')
    const started = await readAudit('session.start')
    expect(started.map(({ actor }) => actor)).toEqual(expect.arrayContaining([`user:${lin.name}`, 'user:owner']))
  })

  it.each([
    ['/mails?search=a', '/mails?search=a'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/a\nb', '/'],
    ['', '/'],
  ])('leads to %j by way of %j', async (to, location) => {
    const token = program.app.token
    expect(await newBrowser().post('/sign-in', { token, to })).toMatchObject({ status: 303, location })
  })

  it('takes the local token and tokens for the API; what is revoked ends with its sessions', async () => {
    const owner = newBrowser()
    expect((await owner.post('/sign-in', { token: program.app.token })).status).toBe(303)
    expect(JSON.parse((await owner.get('/api/v1/me')).text)).toEqual({ name: 'owner', role: 'admin', by: 'session' })
    const made = await program.app.calls.createToken({ name: 'a phone', role: 'viewer', expiresInMs: null }, 'test')
    const phone = newBrowser()
    expect((await phone.post('/sign-in', { token: made.token })).status).toBe(303)
    expect(JSON.parse((await phone.get('/api/v1/me')).text)).toEqual({ name: 'a phone', role: 'viewer', by: 'token' })
    await program.app.calls.revokeToken('a phone', 'test')
    expect((await phone.get('/api/v1/me')).status).toBe(401)
    expect((await newBrowser().post('/sign-in', { token: made.token })).status).toBe(401)
    expect((await newBrowser().post('/sign-in', { token: 'mt_made-up' })).status).toBe(401)
  })

  it('slows a name down after five failures, and says for how long', async () => {
    await program.app.calls.addUser({ name: 'slow', role: 'viewer', password: 'a password of slow' }, 'test')
    const outcomes: number[] = []
    for (let tries = 0; tries < 8; tries++) {
      outcomes.push((await newBrowser().post('/sign-in', { name: ' SLOW ', password: `no ${tries}` })).status)
    }
    expect(outcomes.slice(0, 6)).toEqual([401, 401, 401, 401, 401, 401])
    const held = await newBrowser().post('/sign-in', { name: 'slow', password: 'a password of slow' })
    expect(held.status).toBe(429)
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(held.text).toContain('try again in')
    await signIn(lin.name, lin.password)
  })
})

describe('pages and answers', () => {
  it('send whoever is not known to sign in, and back', async () => {
    const browser = newBrowser()
    expect(await browser.get('/account?a=1')).toMatchObject({ status: 303, location: '/sign-in?to=%2Faccount%3Fa%3D1' })
    expect(await browser.post('/account/password', {})).toMatchObject({ status: 303, location: '/sign-in?to=%2F' })
    expect(await browser.get('/account', { 'hx-request': 'true' })).toMatchObject({ status: 401 })
    expect((await browser.get('/api/v1/me')).status).toBe(401)
    browser.cookies.set('mailtrigger', 'x'.repeat(43))
    expect((await browser.get('/api/v1/me')).status).toBe(401)
  })

  it('ask again from a page of ours when a link of a chat led here without the cookie', async () => {
    const answer = await newBrowser().get('/account', { 'sec-fetch-site': 'cross-site' })
    expect(answer).toMatchObject({ status: 200, text: expect.stringContaining('http-equiv="refresh"') })
  })

  it('tell the browser what it must not do', async () => {
    const browser = await signIn(lin.name, lin.password)
    for (const page of [await newBrowser().get('/sign-in'), await browser.get('/account')]) {
      expect(page.headers.get('content-security-policy')).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      )
      expect(page.headers.get('x-content-type-options')).toBe('nosniff')
      expect(page.headers.get('referrer-policy')).toBe('same-origin')
      expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(page.headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(page.headers.get('cache-control')).toBe('no-store')
      expect(page.text).not.toMatch(/<script(?! src=")|style=|javascript:/)
    }
    expect((await browser.get('/api/v1/me')).headers.get('cache-control')).toBe('no-store')
  })
})

describe('a request that another site had the browser send', () => {
  const foreign: Record<string, string>[] = [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: '' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
  ]
  let browser: Browser
  beforeAll(async () => {
    browser = await signIn(lin.name, lin.password)
  })
  it.each(foreign)('changes nothing: %j', async (headers) => {
    const silence = JSON.stringify({ routes: ['all'], for: '1h' })
    const api = await browser.post('/api/v1/silences', { [silence]: '' }, headers)
    expect(api.status).toBe(403)
    expect(JSON.parse(api.text).error.code).toBe('cross_origin')
    const { form_token = '' } = (await browser.get('/account')).hidden
    expect((await browser.post('/sign-out', { form_token }, headers)).status).toBe(403)
    expect((await browser.get('/account')).status).toBe(200)
    // Signing somebody in as somebody else is an attack, too.
    const guest = newBrowser()
    expect((await guest.post('/sign-in', lin, headers)).status).toBe(403)
    expect((await guest.post('/sign-in/once', { code: await makeCode() }, headers)).status).toBe(403)
    expect(guest.cookies.size).toBe(0)
    expect(await program.app.calls.listSilences({ ended: true, limit: 10 })).toEqual([])
  })

  it('is told from one with a bearer token, which no browser adds by itself', async () => {
    const headers = { authorization: `Bearer ${program.app.token}`, origin: 'https://evil.example' }
    const answer = await newBrowser().post('/api/v1/silences', {}, headers)
    expect(JSON.parse(answer.text).error.code).not.toBe('cross_origin')
  })

  it('needs the token of this session in forms of the account', async () => {
    const other = await signIn(lin.name, lin.password)
    const { form_token = '' } = (await other.get('/account')).hidden
    for (const path of ['/sign-out', '/account/password', '/account/sessions/end-others', '/account/sessions/x/end']) {
      expect((await browser.post(path, { form_token })).status).toBe(403)
    }
    expect((await browser.get('/account')).status).toBe(200)
  })
})

describe('a session', () => {
  it('lasts over a restart, and ends by signing out', async () => {
    const browser = await signIn(lin.name, lin.password)
    await program.restart()
    expect((await browser.get('/api/v1/me')).status).toBe(200)
    const { form_token = '' } = (await browser.get('/account')).hidden
    const cookie = browser.cookies.get('mailtrigger') ?? ''
    expect(await browser.post('/sign-out', { form_token })).toMatchObject({ status: 303, location: '/sign-in' })
    expect(browser.cookies.size).toBe(0)
    expect((await newBrowser().get('/api/v1/me', { cookie: `mailtrigger=${cookie}` })).status).toBe(401)
  })

  it('is ended from another one', async () => {
    const [one, two, three] = [
      await signIn(tim.name, tim.password),
      await signIn(tim.name, tim.password),
      await signIn(tim.name, tim.password),
    ]
    const stranger = await signIn(lin.name, lin.password)
    const page = await one.get('/account')
    const { form_token = '' } = page.hidden
    const ids = Array.from(page.text.matchAll(/\/account\/sessions\/(\w{26})\/end/g), ([, id = '']) => id)
    const foreign = (await stranger.get('/account')).hidden.form_token ?? ''
    await stranger.post(`/account/sessions/${ids[0]}/end`, { form_token: foreign })
    expect((await three.get('/api/v1/me')).status).toBe(200)
    await one.post(`/account/sessions/${ids[0]}/end`, { form_token })
    expect((await three.get('/api/v1/me')).status).toBe(401)
    expect((await two.get('/api/v1/me')).status).toBe(200)
    await one.post('/account/sessions/end-others', { form_token })
    expect((await two.get('/api/v1/me')).status).toBe(401)
    expect((await one.get('/api/v1/me')).status).toBe(200)
    expect((await stranger.get('/api/v1/me')).status).toBe(200)
  })

  it('ends with a new password, but the one that chose it', async () => {
    const [one, two] = [await signIn(lin.name, lin.password), await signIn(lin.name, lin.password)]
    const { form_token = '' } = (await one.get('/account')).hidden
    const change = (old: string, password: string, repeated = password) =>
      one.post('/account/password', { form_token, old, password, repeated })
    expect(await change('wrong', 'a new one, long enough')).toMatchObject({ status: 400 })
    expect(await change(lin.password, 'short')).toMatchObject({ status: 400 })
    expect(await change(lin.password, 'a new one, long enough', 'other')).toMatchObject({ status: 400 })
    expect((await two.get('/api/v1/me')).status).toBe(200)
    const password = 'a new one, long enough'
    expect(await change(lin.password, password)).toMatchObject({ status: 303, location: '/account' })
    expect((await two.get('/api/v1/me')).status).toBe(401)
    expect((await one.get('/api/v1/me')).status).toBe(200)
    expect((await newBrowser().post('/sign-in', lin)).status).toBe(401)
    lin.password = password
    await signIn(lin.name, password)
  })

  it('has the role its user has now, and ends with them', async () => {
    const browser = await signIn(lin.name, lin.password)
    const headers = { 'content-type': 'application/json' }
    const add = () => browser.post('/api/v1/silences', {}, headers)
    expect((await add()).status).toBe(400)
    await program.app.calls.setUserRole(lin.name, 'viewer', 'test')
    expect((await add()).status).toBe(403)
    await program.app.calls.deleteUser(lin.name, 'test')
    expect((await browser.get('/api/v1/me')).status).toBe(401)
  })

  it('of whoever holds the data folder ends when another local token is made', async () => {
    const browser = newBrowser()
    await browser.post('/sign-in', { token: program.app.token })
    expect((await browser.get('/api/v1/me')).status).toBe(200)
    const { createToken } = await import('#src/http/runtime-file.js')
    createToken(join(program.folder, 'data', 'token'))
    await program.restart()
    expect((await browser.get('/api/v1/me')).status).toBe(401)
  })
})

it('keeps no token, password, code or cookie where the database can be read', async () => {
  const code = await makeCode()
  const { token } = await program.app.calls.createToken({ name: 'kept', role: 'admin', expiresInMs: null }, 'test')
  const browser = await signIn(tim.name, tim.password)
  const secrets = [
    code,
    token,
    token.slice(3),
    tim.password,
    lin.password,
    browser.cookies.get('mailtrigger') ?? '-',
    program.app.token,
  ]
  const data = join(program.folder, 'data')
  const files = readdirSync(data).filter(
    (name) => name.startsWith('mailtrigger.sqlite3') && statSync(join(data, name)).isFile(),
  )
  expect(files.length).toBeGreaterThan(1)
  for (const file of files) {
    const bytes = readFileSync(join(data, file))
    for (const secret of secrets) expect(bytes.includes(secret)).toBe(false)
  }
})
