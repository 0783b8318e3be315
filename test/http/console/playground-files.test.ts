import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type App, startApp } from '#src/app.js'
import { createLogger } from '#src/log/logger.js'
import { sendTo } from '../../program/start-program.js'
import { readText } from './console-fixture.js'

const silent = { level: 'silent' as const, terminal: false, color: false }
const folder = mkdtempSync(join(tmpdir(), 'mailtrigger-playground-'))
const apps: App[] = []

async function start(paths: string[], data: string): Promise<App> {
  const overrides = {
    data: join(folder, data),
    smtpListen: ['127.0.0.1:0'],
    httpListen: '127.0.0.1:0',
  }
  const source = { paths, overrides, env: {}, inboxOnly: false }
  const app = await startApp({ source, log: createLogger(silent), logSettings: silent, watch: false })
  apps.push(app)
  return app
}

async function call(app: App, path: string, form?: Record<string, string>): Promise<{ html: string; text: string }> {
  const headers = { authorization: `Bearer ${app.token}`, origin: app.http.url, accept: 'text/html' }
  const sent = form ? { method: 'POST', body: new URLSearchParams(form) } : {}
  const html = await (await fetch(`${app.http.url}${path}`, { headers, ...sent })).text()
  return { html, text: readText(html) }
}

const manyRoutes = Array.from(
  { length: 100 },
  (_, at) =>
    `  - { name: route ${at}, when: { subject: "subject ${at} ${'x'.repeat(60)}" }, steps: [ { send: inbox } ] }`,
)

let several: App
let bare: App

beforeAll(async () => {
  const config = join(folder, 'config')
  mkdirSync(config)
  writeFileSync(join(config, 'a channels.yaml'), 'version: 1\nchannels: { inbox: { kind: inbox } }\n')
  writeFileSync(
    join(config, "b 'routes' & more.yaml"),
    `routes:\n${manyRoutes.join('\n')}\n  - { name: last, when: { subject: hello }, steps: [ { send: inbox } ] }\n`,
  )
  ;[several, bare] = await Promise.all([start([config], 'data-1'), start([], 'data-2')])
  const people = Array.from({ length: 20 }, (_, at) => `person-${at}-${'n'.repeat(30)}@mailtrigger.app`)
  for (let at = 0; at < 3; at++)
    await sendTo(several, { subject: `hello "${at}" <b>${'&'.repeat(400)}`, text: '<'.repeat(5_000), to: people })
})
afterAll(async () => {
  for (const app of apps) await app.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the playground', () => {
  it('begins with the file that has the routes, and leads to the others', async () => {
    const { html, text } = await call(several, '/playground')
    expect(text).toContain("Draft of b 'routes' & more.yaml")
    const href = /href="(\/playground\?file=a[^"]+)"/.exec(html)?.[1] ?? ''
    expect((await call(several, href)).text).toContain('channels: { inbox: { kind: inbox } }')
    expect((await call(several, '/playground?file=nobody.yaml')).text).toContain(
      'the config in force has no file nobody.yaml',
    )
  })

  it('shows what matched first, and stays a page, however much there is', async () => {
    const { items } = await several.calls.listMails({ limit: 1 })
    const draft = `routes:\n${manyRoutes.join('\n')}\n  - { name: new "last", when: { subject: hello }, steps: [ { send: inbox } ] }\n`
    const form = { file: "b 'routes' & more.yaml", draft, mail: items[0]?.id ?? '', newest: '200', do: 'try' }
    const { html, text } = await call(several, '/playground', form)
    expect(text).toContain('3 of 3 mails would change')
    expect(text).toContain('new "last" matched')
    expect(text).toContain('more routes are left out here')
    const area = /<textarea[^>]*name="draft"[\s\S]*?<\/textarea>/.exec(html)?.[0] ?? ''
    expect(html.length - area.length).toBeLessThan(60_000)
    expect(text).toContain('- - { name: last, when')
  })

  it('begins with a small config where the server has none', async () => {
    const { html } = await call(bare, '/playground')
    const draft = /name="draft"[^>]*>([\s\S]*?)<\/textarea>/.exec(html)?.[1] ?? ''
    expect(draft).toContain('my first route')
    const { text } = await call(bare, '/playground', { file: 'routes.yaml', draft, mail: '', newest: '50', do: 'try' })
    expect(text).toContain('No mail is stored to try it on; the draft itself is in order.')
    expect(text).toContain('+version: 1')
  })

  it('says that a server without a file has the defaults', async () => {
    expect((await call(bare, '/config')).text).toContain('none: the defaults hold, and no route')
    expect((await call(bare, '/routes')).text).toContain('There is no route yet')
    expect((await call(bare, '/config/variables')).text).toContain('The config takes nothing from the environment')
  })
})
