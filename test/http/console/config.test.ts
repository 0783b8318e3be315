import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

const secret = 'hook-token-4711'
const literal = 'writteninthefile0815writteninx'
const config = (routes: string) => `version: 1
channels:
  inbox: { kind: inbox }
  hook: { kind: webhook, url: "http://127.0.0.1:9/", headers: { authorization: "\${HOOK_TOKEN}", x-other: "\${UNSET_ONE:-none}" } }
  pager: { kind: pushover, token: "${literal}", user: "\${EMPTY_ONE:-uQiRzpo4DXghDmr9QzzfQu27cmVRsG}" }
routes:
${routes}
`
const hostile = `a "quoted" <script>alert(1)</script> & 磁碟`
const good = config(
  `  - { name: ${JSON.stringify(hostile)}, when: { subject: x }, steps: [ { send: [inbox, hook, pager] } ] }`,
)
const broken = config(`  - { name: all, wehn: { subject: ${literal} }, steps: [ { send: inbox } ] }`)

let program: Program
let owner: ConsoleReader
let operator: ConsoleReader
let viewer: ConsoleReader

beforeAll(async () => {
  program = await startProgram(good, { HOOK_TOKEN: secret, EMPTY_ONE: '', NOT_USED: 'x' })
  owner = readConsole(program)
  const token = async (role: 'viewer' | 'operator') =>
    (await program.app.calls.createToken({ name: role, role, expiresInMs: null }, 'test')).token
  viewer = readConsole(program, await token('viewer'))
  operator = readConsole(program, await token('operator'))
})
afterAll(() => program.stop())

describe('the config page', () => {
  it('shows the config as it works with line numbers, and no secret', async () => {
    const { html, text } = await owner.show('/config')
    expect(text).toContain(hostile)
    expect(text).toContain('headers: •••')
    expect(text).toContain((await program.app.calls.info()).hash)
    expect(html).toContain('<pre class="numbers" aria-hidden="true">1\n2\n3\n')
    for (const hidden of [secret, literal, '<script>alert']) expect(html).not.toContain(hidden)
  })

  it('goes on where a long config does not fit one page', async () => {
    const routes = Array.from(
      { length: 300 },
      (_, at) => `  - { name: r${at}, when: { subject: s${at} }, steps: [ { send: inbox } ] }`,
    )
    program.writeRoutes(config(routes.join('\n')))
    await program.app.reload('test')
    const first = await owner.show('/config')
    expect(first.html.length).toBeLessThan(60_000)
    const next = /href="(\/config\?from=\d+)" rel="next"/.exec(first.html)?.[1] ?? ''
    const second = await owner.show(next)
    expect(second.html).toContain(`aria-hidden="true">${Number(next.split('=')[1]) + 1}\n`)
    program.writeRoutes(good)
    await program.app.reload('test')
  })

  it('says which variables of the environment it uses, and whether they are set', async () => {
    const { text, html } = await viewer.show('/config/variables')
    expect(text).toMatch(/EMPTY_ONE empty HOOK_TOKEN set UNSET_ONE unset/)
    expect(text).not.toContain('NOT_USED')
    expect(html).not.toContain(secret)
  })

  it('lists warnings with their lines for who may act, and never what a secret setting holds', async () => {
    const seen = await operator.show('/config/warnings')
    expect(seen.text).toContain('plaintext-secret')
    expect(seen.html).toContain('routes.yaml:5:')
    expect(seen.html).toContain('^^^')
    expect(seen.html).not.toContain(literal)
    expect((await viewer.show('/config/warnings')).html).not.toContain('^^^')
  })

  it('reloads for admins only, and says what came of it', async () => {
    expect((await owner.send('/config/reload', {}, '/config')).text).toContain('It is the same as before')
    expect((await operator.send('/config/reload', {}, '/config')).text).toContain('this takes the role admin')
    expect((await viewer.show('/config')).html).toContain('disabled')
  })

  it('says on every page that what is on disk is invalid, until it is mended', async () => {
    const { hash } = await program.app.calls.info()
    program.writeRoutes(broken)
    const { text, html } = await owner.send('/config/reload', {}, '/config')
    expect(text).toContain(`${hash} stays in force`)
    expect(text).toContain('did you mean "when"?')
    expect(html).toMatch(/routes\.yaml:7:\d+<\/code>/)
    expect(html).not.toContain(literal)
    for (const path of ['/', '/mails', '/config/history']) {
      expect((await viewer.show(path)).text).toContain('The config on disk is invalid')
    }
    const history = await owner.show('/config/history')
    expect(history.text).toMatch(/token:\S+ refused|refused/)
    expect(history.html).not.toContain(literal)
    program.writeRoutes(good)
    await program.app.reload('test')
    expect((await owner.show('/')).text).not.toContain('The config on disk is invalid')
  })

  it('keeps how it was read, page after page', async () => {
    for (let time = 0; time < 20; time++) await program.app.reload('test')
    const first = await owner.show('/config/history')
    const next = /href="(\/config\/history\?cursor=[^"]+)" rel="next"/.exec(first.html)?.[1] ?? ''
    const second = await owner.show(next)
    expect(second.status).toBe(200)
    expect(second.text).toContain('start')
    expect(first.text).not.toContain(' start in force')
  })
})
