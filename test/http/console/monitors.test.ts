import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { until } from '../../stand-ins/until.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const name = 'nightly-backup'
const path = `/monitors/${encodeURIComponent(name)}`
let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader

beforeAll(async () => {
  const many = Array.from({ length: 60 }, (_, n) => `  m${n}: { every: 24h, on_down: { send: inbox } }`).join('\n')
  program = await startProgram(`version: 1
channels: { inbox: { kind: inbox }, ops: { kind: inbox } }
monitors:
  '${name}': { every: 24h, grace: 1h, on_down: { send: inbox }, on_recovery: { send: inbox } }
  by-mail: { expect: { when: { from: "backup@*" } }, every: 24h }
${many}
routes: []
`)
  pages = readConsole(program)
  const made = await program.app.calls.createToken({ name: 'watcher', role: 'viewer', expiresInMs: null }, 'test')
  viewer = readConsole(program, made.token)
})
afterAll(() => program.stop())

describe('the monitors', () => {
  it('are listed with what is expected and when the alarm is due, on more than one page', async () => {
    const { text, html } = await pages.show('/monitors')
    expect(text).toContain('by-mail a mail, or a ping')
    expect(text).toContain('every 1d, 1h to spare')
    expect(html).toMatch(/<time [^>]*data-countdown[^>]*>in /)
    const next = /href="([^"]+)" rel="next"/.exec(html)?.[1] ?? ''
    expect((await pages.show(next)).html.match(/class="row-link"/g)?.length).toBeGreaterThan(5)
    expect(Buffer.byteLength(html)).toBeLessThan(60_000)
  })

  it('have a page each, with the address to ping for those who may', async () => {
    const { text } = await pages.show(path)
    expect(text).toContain('It has never been down')
    const url = /curl -fsS -m 10 --retry 3 (http\S+)/.exec(text)?.[1] ?? ''
    expect(await (await fetch(url)).text()).toBe('OK\n')
    expect((await pages.show(path)).text).toMatch(/State up/)
    const seen = await viewer.show(path)
    expect(seen.text).toContain('Its address is a secret')
    expect(seen.html).not.toContain('/ping/')
  })

  it('show when they were down and up again, and count as seen by hand', async () => {
    const monitor = (await program.app.calls.listMonitors()).find((one) => one.name === name)
    await fetch(`${program.app.http.url}${monitor?.ping_path}/fail`, { method: 'POST' })
    await until(async () => (await pages.show(path)).text.includes(`${name} is down`), 'the alarm is kept')
    expect((await pages.show('/monitors')).text).toMatch(/Next alarm down nightly/)
    expect((await pages.send(`${path}/ping`, {})).text).toContain('It counts as seen now, and is up.')
    await until(async () => /is down.* resolved /.test((await pages.show(path)).text), 'the alarm is over')
    expect((await viewer.send(`${path}/ping`, {}, path)).text).toContain('this takes the role operator')
  })

  it('are not there when they are not', async () => {
    const { status, text } = await pages.show('/monitors/nope')
    expect(status).toBe(404)
    expect(text).toContain('There is no monitor “nope”.')
  })
})

describe('the rules', () => {
  it('are added and removed by admins, and stand on the monitor’s page', async () => {
    expect((await pages.show('/rules')).text).toContain('Nobody was added')
    const rule = { name, event: 'on_down', channels: 'ops, inbox' }
    const added = await pages.send('/rules', rule)
    expect(added.text).toContain('From now on ops, inbox hears')
    expect(added.text).toContain(name)
    expect((await pages.show(path)).html).toContain('href="/channels/ops"')
    expect((await pages.send('/rules', rule)).text).toContain('the same rule is there already')
    expect((await pages.send('/rules', { ...rule, channels: 'nope' })).text).toContain('there is no channel "nope"')
    expect((await pages.send('/rules', { ...rule, event: 'on_failure' })).text).toContain('there is no job')

    expect((await viewer.send('/rules', rule)).text).toContain('this takes the role admin')
    const id = /action="\/rules\/([^/"]+)\/remove"/.exec(added.html)?.[1] ?? ''
    expect((await pages.send(`/rules/${id}/remove`, {}, '/rules')).text).toContain('The rule is gone.')
    expect((await pages.show('/rules')).text).toContain('Nobody was added')
  })
})
