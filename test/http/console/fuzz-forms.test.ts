import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Role, roles } from '#src/domain/identity.js'
import { openBrowser } from '../browser.js'
import { odd, type Random, seededRandom } from '../invent-request.js'
import { readConsole } from './console-fixture.js'
import { type ConsoleRoute, crawlConsole, type FoundForm, listConsoleRoutes } from './crawl-console.js'
import { type LivedInProgram, listDetails, startLivedInProgram } from './lived-in-program.js'

/** What changes nothing for others: whoever may look may do it. */
const openToViewers = ['/theme', '/playground', '/mails/searches']
const secrets = ['1:x', '2:stored', 'a long pass phrase']
const foreign: Record<string, string>[] = [
  { origin: 'https://elsewhere.example' },
  { origin: 'null' },
  { 'sec-fetch-site': 'cross-site' },
]
const triesOfEach = 5
const timeoutMs = 120_000

let lived: LivedInProgram
let routes: ConsoleRoute[]
let forms: FoundForm[]
const tokens = new Map<Role, string>()

beforeAll(async () => {
  lived = await startLivedInProgram()
  const { program } = lived
  routes = listConsoleRoutes(program).filter(({ method }) => method === 'POST')
  const found = await crawlConsole(program, readConsole(program), ['/', '/new-channel/telegram', ...listDetails(lived)])
  forms = found.flatMap((page) => page.forms.map((form) => ({ ...form, action: form.action || page.path })))
  for (const role of roles) {
    tokens.set(
      role,
      (await program.app.calls.createToken({ name: `fuzz ${role}`, role, expiresInMs: null }, 'test')).token,
    )
  }
}, timeoutMs)
afterAll(() => lived.stop())

it('every form of the console is known here', () => {
  expect(routes.length).toBeGreaterThan(40)
  const isFound = ({ isPath }: ConsoleRoute): boolean => forms.some(({ action }) => isPath(pathOf(action)))
  expect(routes.filter(isFound).length).toBeGreaterThan(routes.length / 2)
})

it('sends who is not known to sign in, whatever they ask for', async () => {
  for (const { path } of routes) {
    const { status, location } = await send(fill(path), formOf({}), null)
    expect.soft(`${path} ${status} ${location}`).toBe(`${path} 303 /sign-in?to=%2F`)
  }
})

it('refuses who may only look, before it reads what they say', async () => {
  const before = await countThings()
  for (const { path, isPath } of routes.filter(({ path }) => !openToViewers.some((open) => path.startsWith(open)))) {
    const form = forms.find(({ action }) => isPath(pathOf(action)))
    const at = form ? pathOf(form.action) : fill(path)
    for (const body of [formOf({}), formOf(form?.fields ?? {}), formOf({ ids: odd[4] ?? '', name: odd[3] ?? '' })]) {
      const { status } = await send(at, body, 'viewer')
      expect.soft(`${path} ${status}`).toBe(`${path} 403`)
    }
  }
  expect(await countThings()).toEqual(before)
})

it('takes no form from a page of somebody else', async () => {
  const { program } = lived
  const browser = openBrowser(() => program.app.http.url)
  expect(await browser.post('/sign-in', { token: program.app.token })).toMatchObject({ status: 303 })
  expect(await browser.get('/', { accept: 'text/html' })).toMatchObject({ status: 200 })
  const before = await countThings()
  for (const { path } of routes) {
    for (const headers of foreign) {
      const { status } = await browser.post(fill(path), { back: '/' }, headers)
      expect.soft(`${path} ${status}`).toBe(`${path} 403`)
    }
  }
  expect(await countThings()).toEqual(before)
})

describe.each(['operator', 'admin'] as const)('whatever %s sends', (role) => {
  it('is answered by a page that says what is wrong, and by no secret', { timeout: timeoutMs }, async () => {
    const random = seededRandom(role === 'admin' ? 41 : 42)
    const names = knownNames()
    for (const route of routes) {
      for (let count = 0; count < triesOfEach; count++) {
        const path = fill(route.path, () => pick(random, random() < 0.7 ? names : odd.slice(0, 10)))
        const form = forms.filter(({ action }) => route.isPath(pathOf(action)))
        const body = inventBody(random, form.length > 0 ? pick(random, form).fields : {}, names)
        const { status, text } = await send(path, body, role)
        const said = `${path} ${JSON.stringify(describeBody(body)).slice(0, 300)} → ${status} ${text.slice(0, 300)}`
        expect.soft(status, said).not.toBe(500)
        expect.soft([200, 303, 400, 403, 404, 409, 410, 413, 415, 422, 429, 502, 503, 504], said).toContain(status)
        const told = [...secrets, ...tokens.values()].filter((secret) => text.includes(secret))
        expect.soft(told, said).toEqual([])
      }
    }
    expect((await readConsole(lived.program).show('/')).status).toBe(200)
  })
})

const pathOf = (action: string): string => new URL(action, 'http://console').pathname

const pick = <Item>(random: Random, items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item

function knownNames(): string[] {
  const { mails, ids } = lived
  const names = [
    'desk',
    'ops',
    'busy',
    'telegram',
    'owner',
    'night-watch',
    'disks',
    'tim@mailtrigger.app',
    'nightly-backup',
  ]
  return [...Object.values(mails).slice(0, 4), ...Object.values(ids), ...names]
}

/** The address of a form, with something for each of its names. */
function fill(path: string, name: () => string = () => 'some'): string {
  return path.replace(/:\w+(\{[^/]*\})?/g, () => encodeURIComponent(name()))
}

function formOf(fields: Record<string, string>): URLSearchParams {
  return new URLSearchParams(fields)
}

type Body = URLSearchParams | FormData | { type: string; text: string }

/** The fields of a form that is there, right ones and wrong ones; now and then no form at all. */
function inventBody(random: Random, fields: Record<string, string>, names: string[]): Body {
  if (random() < 0.1) {
    const type = pick(random, [
      'multipart/form-data; boundary=x',
      'application/json',
      'text/plain',
      'multipart/form-data',
    ])
    return { type, text: pick(random, ['', '{', '--x\r\n\r\n', '--x--', 'a=%ff&b=%']) }
  }
  const body = random() < 0.3 ? new FormData() : new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    if (random() < 0.15) continue
    body.append(name, random() < 0.5 ? value : pick(random, random() < 0.4 ? names : odd))
    if (random() < 0.1) body.append(name, pick(random, odd))
  }
  if (body instanceof FormData) {
    const bytes = pick(random, ['', '\0asm', 'export const handle = (', 'SQLite format 3\0', '<b>'])
    for (const name of ['module', 'file', 'database', 'mail']) {
      if (random() < 0.5) body.append(name, new File([bytes], pick(random, ['a.ts', 'x".wasm', '../y', '中.sqlite3'])))
    }
  }
  return body
}

function describeBody(body: Body): unknown {
  return body instanceof FormData || body instanceof URLSearchParams ? [...body.entries()] : body
}

async function send(path: string, body: Body, role: Role | null) {
  const isForm = body instanceof FormData || body instanceof URLSearchParams
  const headers: Record<string, string> = { accept: 'text/html', origin: lived.program.app.http.url }
  if (role !== null) headers.authorization = `Bearer ${tokens.get(role)}`
  if (!isForm) headers['content-type'] = body.type
  const answer = await fetch(`${lived.program.app.http.url}${path}`, {
    method: 'POST',
    headers,
    body: isForm ? body : body.text,
    redirect: 'manual',
  })
  return { status: answer.status, text: await answer.text(), location: answer.headers.get('location') }
}

/** What a form might have changed. */
async function countThings(): Promise<unknown> {
  const { calls } = lived.program.app
  const audit = await calls.listAudit({ limit: 1 })
  const ofOurOwn = (await calls.listSilences({ limit: 100, ended: true })).length
  return [audit.items[0]?.id, ofOurOwn, (await calls.listTokens()).length]
}
