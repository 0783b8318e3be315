import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { startTelegram, type TelegramStandIn } from '../../stand-ins/telegram.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const token = '123456:CANARY-of-the-bot'
const zoe = 'zoe@example.com'
/** More than a page shows. */
const many = Array.from({ length: 60 }, (_, index) => `z${100 + index}@many.example`)
const page = `/people/${encodeURIComponent(zoe)}`

let program: Program
let telegram: TelegramStandIn
let pages: ConsoleReader
const readers: Record<string, ConsoleReader> = {}

beforeAll(async () => {
  telegram = await startTelegram()
  program = await startProgram(`version: 1
channels:
  inbox: { kind: inbox }
  telegram: { kind: telegram, bot_token: "${token}", base_url: "${telegram.url}" }
  calls: { kind: log }
people: { tim@mailtrigger.app: { name: Tim, telegram: "111111", manager: boss@mailtrigger.app }, boss@mailtrigger.app: {}, ${many.map((address) => `${address}: {}`).join(', ')} }
groups: { devops: [tim@mailtrigger.app, "o'neil@mailtrigger.app"], 'on-call': [tim@mailtrigger.app] }
routes: [ { name: all, steps: [ { send: [telegram, inbox] } ] } ]
`)
  pages = readConsole(program)
  for (const role of ['viewer', 'operator'] as const) {
    const made = await program.app.calls.createToken({ name: role, role, expiresInMs: null }, 'test')
    readers[role] = readConsole(program, made.token)
  }
})
afterAll(async () => {
  await program.stop()
  await telegram.stop()
})

describe('people', () => {
  it('are listed with where they are reached, and found by a part of it', async () => {
    const { text, html } = await pages.show('/people')
    expect(text).toMatch(/tim@mailtrigger\.app Tim telegram devops, on-call boss@mailtrigger\.app file/)
    expect(html).toContain(`href="/people/o'neil%40mailtrigger.app"`.replace("'", '&#39;'))
    expect((await pages.show('/people?search=BOSS')).text).toContain('tim@mailtrigger.app')
    expect((await pages.show('/people?search=%3Cscript%3E')).text).toContain('Nobody is like that')
  })

  it('of groups are named under them', async () => {
    const { text } = await pages.show('/people/groups')
    expect(text).toMatch(/devops 2 tim@mailtrigger\.app o'neil@mailtrigger\.app on-call 1 tim@mailtrigger\.app/)
  })

  it('have a second page', async () => {
    const first = await pages.show('/people?search=many.example')
    const next = /<a href="([^"]+)" rel="next">/.exec(first.html)?.[1] ?? ''
    const second = await pages.show(next.replaceAll('&amp;', '&'))
    const shown = [...`${first.html}${second.html}`.matchAll(/class="row-link">([^<]+)</g)].map(
      ([, address]) => address,
    )
    expect(shown).toEqual(many)
    expect(Buffer.byteLength(first.html)).toBeLessThan(60_000)
  })
})

describe('a person', () => {
  it('is added, reached somewhere, changed and deleted', async () => {
    const name = '<b>Zoë</b> "Z" 王'
    const added = await pages.send('/people/new', { address: 'Zoe@Example.com', name, manager: '' })
    expect(added.text).toContain(`${zoe} is added.`)
    expect(added.text).toContain(name)
    expect(added.html).not.toContain('<b>Zoë')
    expect((await pages.send('/people/new', { address: zoe })).text).toContain('is known already')

    const wrong = await pages.send(`${page}/addresses`, { channel: 'telegram', address: 'not a chat' }, page)
    expect(wrong.text).toMatch(/is no Telegram address.*chat:topic/)
    const entered = await pages.send(`${page}/addresses`, { channel: 'telegram', address: '4711:7' }, page)
    expect(entered.text).toMatch(/telegram 4711:7 entered here/)
    const taken = await pages.send(`${page}/addresses/delete`, { channel: 'telegram' }, page)
    expect(taken.text).toContain('is not reached on telegram any more')
    expect(taken.text).toContain('Nowhere but at their mail address')

    const changed = await pages.send(`${page}/change`, { name: 'Zoë', manager: 'tim@mailtrigger.app' }, page)
    expect(changed.text).toMatch(/Manager tim@mailtrigger\.app/)
    expect((await pages.send(`${page}/change`, { name: '', manager: '' }, page)).html).toContain(`<h1>${zoe}</h1>`)
    expect((await pages.send(`${page}/delete`, {}, page)).text).toContain(`${zoe} is deleted.`)
    expect((await pages.show(page)).status).toBe(404)
  })

  it('of a file is what the file says, and says so', async () => {
    const { text, html } = await pages.show('/people/tim%40mailtrigger.app')
    expect(text).toMatch(/telegram 111111 a file in the file/)
    expect(text).toContain('The name stands in a file')
    expect(html).not.toContain('/delete"')
    const refused = await pages.send('/people/tim@mailtrigger.app/addresses', { channel: 'telegram', address: '9' })
    expect(refused.text).toContain('stands in a file')
  })

  it('opens a link that is shown once, and the page that waits sees it', async () => {
    await pages.send('/people/new', { address: zoe, name: 'Zoë' })
    const made = await pages.send(`${page}/link`, { channel: 'telegram' }, page)
    const code = /https:\/\/t\.me\/stand_in_bot\?start=([\w-]+)/.exec(made.text)?.[1] ?? ''
    expect(code).toMatch(/^[\w-]{32}$/)
    expect(made.text).toContain('Nobody opened it yet.')
    const wait = /hx-get="([^"]+)"/.exec(made.html)?.[1]?.replaceAll('&amp;', '&') ?? ''
    const waiting = await pages.show(wait)
    expect(waiting.html).toContain('hx-trigger="every 3s"')
    expect(waiting.html).not.toContain(code)

    telegram.updates.write(token, `/start ${code}`, { id: 42, first_name: 'Zoë' })
    await until(async () => (await pages.show(wait)).text.includes('linked'), 'the link is opened')
    const linked = await pages.show(wait)
    expect(linked.text).toContain('Their alerts go to 42 on telegram now.')
    expect(linked.html).not.toContain('hx-trigger')
    expect((await pages.show(page)).text).toMatch(/telegram 42 they opened a link/)
  })

  it('waits for nothing once a link is over', async () => {
    const over = await pages.show(`${page}/linking?channel=telegram&since=${8e15}&until=1`)
    expect(over.text).toContain('Nobody opened it in its time')
    expect(over.html).not.toContain('hx-trigger')
    expect((await pages.show(`${page}/linking?channel=telegram&since=x&until=1`)).status).toBe(400)
  })
})

describe('roles', () => {
  it.each<[string, Record<string, string>, string[]]>([
    ['/people/new', { address: 'new@example.com' }, ['viewer']],
    [`${page}/change`, { name: 'Z' }, ['viewer']],
    [`${page}/addresses`, { channel: 'telegram', address: '1' }, ['viewer']],
    [`${page}/addresses/delete`, { channel: 'telegram' }, ['viewer']],
    [`${page}/link`, { channel: 'telegram' }, ['viewer']],
    [`${page}/delete`, {}, ['viewer', 'operator']],
  ])('%s', async (path, fields, refused) => {
    for (const role of ['viewer', 'operator']) {
      const { text } = await readers[role]!.send(path, fields, '/people')
      expect(text.includes(`you are signed in with the role ${role}`)).toBe(refused.includes(role))
    }
  })
})
