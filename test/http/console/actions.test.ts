import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../../program/start-program.js'
import { type ConsoleReader, readConsole } from './console-fixture.js'

let program: Program
let pages: ConsoleReader
let viewer: ConsoleReader

const odd = `it's "odd" 磁碟`
const routes = `version: 1
channels: { inbox: { kind: inbox } }
lookups: { owners: { inline: { web: [tim@corp.test] } } }
actions:
  declared: { module: declared.ts, config: { to: conf@corp.test, key: "\${API_KEY}" }, timeout: 5s }
routes:
  - { name: ${JSON.stringify(odd)}, when: { subject: plain }, steps: [ { attach: owners }, { run: declared }, { send: inbox } ] }
`
const secret = 'a-secret-of-the-config'
const declared = `export const handle = ({ action, mail }) => {
  console.log('called with ' + action.config.key)
  if (mail.subject.includes('broken')) throw new Error('it cannot do that')
  return { recipients: [action.config.to], title: mail.subject + ' <b>', severity: 'high', labels: { team: 'web' }, text: 'one\\nthree', reason: 'by config' }
}`
const sendTo = (address: string): string => `export const handle = () => ({ recipients: ['${address}'] })`
const file = (source: string, name: string): File => new File([source], name, { type: 'application/octet-stream' })

beforeAll(async () => {
  program = await startProgram('version: 1\n', { API_KEY: secret })
  writeFileSync(`${program.folder}/declared.ts`, declared)
  pages = readConsole(program)
  const { token } = await program.app.calls.createToken({ name: 'looker', role: 'viewer', expiresInMs: null }, 'test')
  viewer = readConsole(program, token)
})
afterAll(() => program.stop())

describe('actions', () => {
  it('says what would be here when nothing is', async () => {
    expect((await pages.show('/actions')).text).toContain('There is no action yet')
    program.writeRoutes(routes)
    await program.app.reload()
    const { text } = await pages.show('/actions')
    expect(text).toContain(`“handle”: an action used by “${odd}”`)
    expect(text).toContain('declared.ts, of the config')
  })

  it('takes an upload by form: the next mail goes by it, and it is counted', async () => {
    const uploaded = await pages.send('/actions', {
      module: file(sendTo('up@corp.test'), 'de "cl" ared.ts'),
      name: 'declared',
    })
    expect(uploaded.text).toContain('“declared” is uploaded and runs from the next mail on')
    expect(uploaded.text).toContain('de _cl_ ared.ts')
    const { deliveries } = await program.settled(await program.send({ subject: 'plain' }))
    expect(deliveries.map(({ recipient }) => recipient)).toEqual(['up@corp.test'])
    const { text } = await pages.show('/actions/declared')
    expect(text).toMatch(/1 call 95 of 100 within .* none failed/)
    expect(text).toContain('user:api')
    expect(text).toContain('5s')
    expect(text).not.toContain(secret)
  })

  it('is called like its file when nobody says otherwise, and says that nothing uses it', async () => {
    const { text } = await pages.send('/actions', { module: file(sendTo('a@corp.test'), 'pager.as.wasm.ts'), name: '' })
    expect(text).toContain('“pager.as.wasm” is uploaded')
    expect(text).toContain('No route uses it yet')
  })

  it.each([
    ['export const handle = (\n  !! }', 'broken.ts', ['broken.ts:2:', '> 2 | !! }', '^']],
    [
      'const a = 1\nexport const handle = () => ({})\nmissing.thing',
      'loads.ts',
      ['loads.ts:3:', 'missing', '> 3 | missing.thing'],
    ],
    ['export const other = 1', 'other.ts', ['exports none of the functions']],
    ['not wasm', 'some.wasm', ['wasm']],
    ['text', 'some.txt', ['no .wasm, .ts or .js file']],
  ])('tells in the words of the compiler what is wrong (%#)', async (source, name, words) => {
    const { status, text, html } = await pages.send('/actions', { module: file(source, name), name: 'wrong' })
    expect(status).toBeGreaterThanOrEqual(200)
    for (const word of words) expect(text).toContain(word)
    expect(html).toContain('id="upload"')
    expect((await pages.show('/actions/wrong')).status).toBe(404)
  })

  it('rolls back to a version, and deletes what no route needs', async () => {
    const [first] = await program.app.calls.listActionVersions('declared')
    await pages.send('/actions', { module: file(sendTo('second@corp.test'), 'declared.ts'), name: 'declared' })
    const back = await pages.send('/actions/declared/rollback', { sha256: first?.sha256 ?? '' })
    expect(back.text).toContain('runs from the next mail on')
    expect((await program.app.calls.readAction('declared')).sha256).toBe(first?.sha256)
    expect((await pages.send('/actions/pager.as.wasm/delete', {})).text).toContain('is deleted, with its one version')
    expect((await pages.send('/actions/declared/delete', {})).text).toContain('is deleted, with 2 versions')
  })

  it('tries it on a stored mail and on a pasted one, as a comparison, and tells no secret', async () => {
    const id = await program.send({ subject: `plain <i>it's "q"`, text: 'one\ntwo\n' })
    await program.settled(id)
    const form = await pages.show(`/actions/declared/try?mail=${id}`)
    expect(form.html).toContain(`value="${id}" selected`)
    expect(form.html).toContain('value="owners"')
    const { html, text } = await pages.send('/actions/declared/try', { mail: id, pasted: '', to: '', attach: 'owners' })
    expect(text).toContain('goes: devops@mailtrigger.app')
    expect(text).toContain('comes: conf@corp.test')
    expect(text).toContain(`comes: plain <i>it's "q" <b>`)
    expect(text).toMatch(/stays: one .*goes: two .*comes: three/)
    expect(text).toContain('comes: high')
    expect(text).toContain('comes: team: web')
    expect(text).toContain('called with •••')
    expect(html).not.toContain('<i>')
    expect(html).not.toContain(secret)

    const pasted = { mail: '', pasted: 'Subject: broken\r\n\r\ntext', to: 'a@b.test', attach: '' }
    const failed = await pages.send('/actions/declared/try', pasted)
    expect(failed.text).toContain('It failed.')
    expect(failed.text).toContain('it cannot do that (declared.ts:3:')
    const nothing = await pages.send('/actions/declared/try', { ...pasted, pasted: '' })
    expect(nothing.text).toContain('No mail was chosen')
  })

  it('leads to routes whose names have quotes and letters from everywhere', async () => {
    const { html, text } = await pages.show('/actions/declared')
    expect(text).toContain(odd)
    expect(html).toContain(`href="/routes/${encodeURIComponent(odd).replaceAll("'", '&#39;')}"`)
  })

  it('lets a viewer look, and change nothing', async () => {
    expect((await viewer.show('/actions')).text).toContain('Uploading takes the role admin')
    for (const [path, fields] of [
      ['/actions', { module: file(sendTo('x@y.test'), 'x.ts'), name: 'x' }],
      ['/actions/declared/rollback', { sha256: 'a'.repeat(64) }],
      ['/actions/declared/delete', {}],
      ['/actions/declared/try', { mail: '', pasted: 'Subject: x\n\n', to: '', attach: '' }],
    ] as const) {
      expect((await viewer.send(path, fields, '/actions')).text, path).toContain('this takes the role')
    }
  })

  it('has a second page', async () => {
    const many = Array.from({ length: 60 }, (_, index) => `  a${100 + index}: { module: declared.ts }\n`).join('')
    program.writeRoutes(`version: 1\nactions:\n${many}`)
    await program.app.reload()
    const first = await pages.show('/actions')
    const next = /href="(\/actions\?cursor=[^"]+)" rel="next"/.exec(first.html)?.[1] ?? ''
    expect(first.text).toContain('a149')
    expect(first.html.length).toBeLessThan(60_000)
    const second = await pages.show(next)
    expect(second.text).toContain('a159')
    expect(second.text).not.toContain('a149')
  })
})
