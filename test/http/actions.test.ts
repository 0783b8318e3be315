import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Program, startProgram } from '../program/start-program.js'

let program: Program

const routes = `version: 1
channels: { inbox: { kind: inbox } }
lookups: { owners: { inline: { web: [tim@corp.test] } } }
actions: { declared: { module: declared.ts, config: { to: conf@corp.test } } }
routes:
  - { name: plain, when: { subject: plain }, steps: [ { run: declared }, { send: inbox } ] }
`

/** An action in TypeScript that sends everything to one address. */
const sendTo = (address: string) => `
interface Answer { recipients: string[]; reason: string }
export function handle(): Answer { return { recipients: ['${address}'], reason: 'said so' } }
`
const asks = `export const match = ({ mail }) => ({ match: mail.subject.endsWith('!'), reason: 'the last sign' })`

beforeAll(async () => {
  program = await startProgram('version: 1\n')
  writeFileSync(
    `${program.folder}/declared.ts`,
    'export const handle = ({ action }) => ({ recipients: [action.config.to] })',
  )
  program.writeRoutes(routes)
  await program.app.reload()
})
afterAll(() => program.stop())

async function call(method: string, path: string, body?: string | Uint8Array<ArrayBuffer>, type?: string) {
  const headers: Record<string, string> = { authorization: `Bearer ${program.app.token}` }
  if (type) headers['content-type'] = type
  const url = `${program.app.http.url}/api/v1/actions${path}`
  const answer = await fetch(url, { method, headers, ...(body === undefined ? {} : { body }) })
  return { status: answer.status, json: JSON.parse(await answer.text()) }
}
const put = (name: string, source: string, query = `?filename=${name}.ts`) => call('PUT', `/${name}${query}`, source)
const versionsOf = async (name: string): Promise<{ sha256: string; active: boolean }[]> =>
  (await call('GET', `/${name}/versions`)).json.items

async function recipientsOf(subject: string): Promise<(string | null)[]> {
  const { deliveries } = await program.settled(await program.send({ subject }))
  return deliveries.map(({ recipient }) => recipient)
}

async function use(route: string): Promise<void> {
  program.writeRoutes(`${routes}  - ${route}\n`)
  await program.app.reload()
}

/** Modules lie in a file only while they are built. */
function listUploadFiles(): string[] {
  const folder = `${program.folder}/data/uploads`
  return existsSync(folder) ? readdirSync(folder) : []
}

describe('uploads', () => {
  it('says what there is', async () => {
    expect((await call('GET', '')).json).toEqual({
      items: [
        {
          name: 'declared',
          origin: 'config',
          declared: true,
          sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
          filename: 'declared.ts',
          size_bytes: expect.any(Number),
          kinds: ['action'],
          uploaded_at: null,
          versions: 0,
          timeout_ms: 1_000,
          routes: ['plain'],
        },
      ],
      next_cursor: null,
    })
    expect(await call('GET', '/nobody')).toMatchObject({
      status: 404,
      json: { error: { code: 'not_found', hint: 'actions: declared' } },
    })
  })

  it('a new version is used by the next mail, and its hash stands in the trace', async () => {
    expect((await put('pager', sendTo('one@corp.test'))).json).toMatchObject({
      name: 'pager',
      origin: 'uploaded',
      declared: false,
      filename: 'pager.ts',
      kinds: ['action'],
      versions: 1,
      routes: [],
    })
    await use('{ name: paged, when: { subject: page }, steps: [ { run: pager }, { send: inbox } ] }')
    expect(await recipientsOf('page')).toEqual(['one@corp.test'])
    const { json } = await put('pager', sendTo('two@corp.test'))
    expect(json).toMatchObject({ versions: 2, routes: ['paged'] })
    const { mail, deliveries } = await program.settled(await program.send({ subject: 'page' }))
    expect(deliveries.map(({ recipient }) => recipient)).toEqual(['two@corp.test'])
    const step = mail.traces[0]?.routes.find(({ name }) => name === 'paged')?.steps[0]
    expect(step?.facts).toMatchObject({ sha256: json.sha256 })
    expect((await versionsOf('pager'))[0]).toMatchObject({ sha256: json.sha256, active: true })
  })

  it.each([
    ['a syntax error', 'export const handle = () => {', 'pager.ts:1:'],
    ['top-level code that throws', 'export const handle = () => ({})\nmissing()', 'pager.ts:2:'],
    ['no function we call', 'export const other = 1', 'exports none of the functions handle, match, run'],
    ['only a job', 'export const run = () => {}', 'neither "handle" nor "match"'],
    ['not what the route needs', asks, 'does not export "handle"'],
    ['an import of a file of the server', `import x from '/etc/x.json'\nexport const handle = () => x`, 'one file'],
    ['a relative import', `import x from '../routes.yaml'\nexport const handle = () => x`, 'one file'],
    ['a dynamic import', `export const handle = () => import('./token')`, 'one file'],
  ])('a broken one (%s) is refused with the reason, and the old one stays', async (_, source, words) => {
    const before = await versionsOf('pager')
    const { status, json } = await put('pager', source)
    expect([status, json.error.code]).toEqual([422, 'invalid_module'])
    expect(json.error.message).toContain(words)
    expect(await versionsOf('pager')).toEqual(before)
    expect(await recipientsOf('page')).toEqual(['two@corp.test'])
    expect(listUploadFiles()).toEqual([])
  })

  it.each([
    ['.wasm that is none', '?filename=pager.wasm', 'export const handle = 1', 422, 'invalid_module'],
    ['a name that says nothing', '', 'export const handle = 1', 400, 'unknown_type'],
    ['another file type', '?filename=pager.exe', 'x', 400, 'bad_filename'],
    ['a path as file name', `?filename=${encodeURIComponent('../pager.ts')}`, 'x', 400, 'bad_filename'],
    ['nothing', '?filename=pager.ts', '', 400, 'bad_request'],
    ['too much', '?filename=pager.ts', ' '.repeat(8 * 1024 * 1024 + 1), 413, 'too_large'],
  ])('refuses %s', async (_, query, body, status, code) => {
    expect(await call('PUT', `/pager${query}`, body)).toMatchObject({ status, json: { error: { code } } })
  })

  it.each([['%2e%2e%2fpager'], ['.hidden'], ['-flag'], ['a%20b'], [`${'x'.repeat(65)}`], ['a%22b'], ['%00']])(
    'refuses the name %s',
    async (name) => {
      expect(await call('PUT', `/${name}?filename=a.ts`, sendTo('x@corp.test'))).toMatchObject({
        status: 400,
        json: { error: { code: 'bad_name' } },
      })
    },
  )

  it('takes JavaScript by its content type', async () => {
    const source = 'export const handle = () => ({})'
    expect((await call('PUT', '/plain-script', source, 'text/javascript; charset=utf-8')).json).toMatchObject({
      filename: 'plain-script.js',
    })
    expect((await call('DELETE', '/plain-script')).json).toEqual({ deleted: 1 })
  })

  it('two uploads of one name at once each become a version, and one is active', async () => {
    const sources = ['three@corp.test', 'four@corp.test'].map(sendTo)
    const answers = await Promise.all(sources.map((source) => put('pager', source)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    const versions = await versionsOf('pager')
    expect(versions.filter(({ active }) => active)).toEqual([versions[0]])
    const [recipient] = await recipientsOf('page')
    const { json } = await call('GET', '/pager')
    expect(json.sha256).toBe(versions[0]?.sha256)
    expect(['three@corp.test', 'four@corp.test']).toContain(recipient)
  })

  it('an upload cut off half-way changes nothing', async () => {
    const before = await versionsOf('pager')
    const { host, port } = program.app.http.address
    await new Promise<void>((resolve) => {
      const headers = { authorization: `Bearer ${program.app.token}`, 'content-length': '4000' }
      const path = '/api/v1/actions/pager?filename=pager.ts'
      const upload = request({ host, port, method: 'PUT', path, headers })
      upload.once('error', () => resolve())
      upload.write(sendTo('cut@corp.test'), () => upload.destroy(new Error('cut off')))
    })
    expect(await versionsOf('pager')).toEqual(before)
    expect(await recipientsOf('page')).not.toContain('cut@corp.test')
    expect(listUploadFiles()).toEqual([])
  })
})

describe('versions', () => {
  it('goes back to the one before, or to one by the start of its hash', async () => {
    await put('pager', sendTo('five@corp.test'))
    const newest = (await put('pager', sendTo('six@corp.test'))).json
    expect(await recipientsOf('page')).toEqual(['six@corp.test'])
    expect((await call('POST', '/pager/rollback')).json.sha256).not.toBe(newest.sha256)
    expect(await recipientsOf('page')).toEqual(['five@corp.test'])
    const body = JSON.stringify({ sha256: newest.sha256.slice(0, 12) })
    expect((await call('POST', '/pager/rollback', body)).json.sha256).toBe(newest.sha256)
    expect(await recipientsOf('page')).toEqual(['six@corp.test'])
  })

  it.each([
    ['{"sha256":"ffffffffffff"}', 404, 'not_found'],
    ['{"sha256":"ff"}', 400, 'bad_request'],
    ['{"sha256":"no-hash"}', 400, 'bad_request'],
    ['nonsense', 400, 'bad_json'],
  ])('refuses to go back to %s', async (body, status, code) => {
    expect(await call('POST', '/pager/rollback', body)).toMatchObject({ status, json: { error: { code } } })
  })

  it('has none to go back to where nothing was uploaded', async () => {
    expect(await call('POST', '/declared/rollback')).toMatchObject({ status: 404 })
    expect((await call('GET', '/declared/versions')).json.items).toEqual([])
    expect(await call('GET', '/nobody/versions')).toMatchObject({ status: 404 })
  })
})

describe('names the config has too', () => {
  it('the upload runs, with the config and the timeout of the config; without it the file does', async () => {
    expect(await recipientsOf('plain')).toEqual(['conf@corp.test'])
    const source = `export const handle = ({ action }) => ({ recipients: ['up.' + action.config.to] })`
    expect((await put('declared', source)).json).toMatchObject({ origin: 'uploaded', declared: true })
    expect(await recipientsOf('plain')).toEqual(['up.conf@corp.test'])
    expect((await program.app.reload()).warnings).toContainEqual(expect.objectContaining({ code: 'overridden-action' }))
    expect(await recipientsOf('plain')).toEqual(['up.conf@corp.test'])
    expect((await call('DELETE', '/declared')).json).toEqual({ deleted: 1 })
    expect(await recipientsOf('plain')).toEqual(['conf@corp.test'])
    expect(await call('DELETE', '/declared')).toMatchObject({ status: 404 })
  })

  it('one that a route uses is not deleted', async () => {
    expect(await call('DELETE', '/pager')).toMatchObject({
      status: 409,
      json: { error: { code: 'in_use', message: 'the route "paged" uses "pager"' } },
    })
  })

  it('a config that names neither is refused, with a suggestion from both, and the last good one stays', async () => {
    const wrong = use('{ name: paged, when: { subject: page }, steps: [ { run: pagr }, { send: inbox } ] }')
    await expect(wrong).rejects.toMatchObject({
      name: 'ConfigError',
      issues: [expect.objectContaining({ code: 'unknown-action', hint: 'did you mean "pager"?' })],
    })
    expect(await recipientsOf('page')).toEqual(['six@corp.test'])
  })
})

describe('conditions', () => {
  it('asks an uploaded module, and says in the trace what it said', async () => {
    const { json } = await put('loud', asks)
    await use('{ name: shouted, when: { from: "service@*", wasm: loud }, steps: [ { send: inbox } ] }')
    expect((await call('GET', '/loud')).json).toMatchObject({ kinds: ['condition'], routes: ['shouted'] })
    const { mail } = await program.settled(await program.send({ subject: 'now!' }))
    expect(mail.routes).toEqual(['shouted'])
    const condition = mail.traces[0]?.routes.at(-1)?.condition
    expect(condition?.children[1]).toMatchObject({
      kind: 'wasm',
      expected: 'loud',
      verdict: 'true',
      reason: `the last sign (sha256 ${json.sha256.slice(0, 12)})`,
    })
    const { mail: quiet } = await program.settled(await program.send({ subject: 'later' }))
    expect(quiet.routes).toEqual([])
  })

  it('refuses an action where a route asks', async () => {
    expect((await put('loud', sendTo('x@corp.test'))).json.error.message).toContain('does not export "match"')
    const wrong = use('{ name: shouted, when: { wasm: declared }, steps: [ { send: inbox } ] }')
    await expect(wrong).rejects.toThrow('does not export "match"')
  })
})

describe('trials', () => {
  const mail = 'From: a@corp.test\r\nTo: ops@corp.test\r\nSubject: try!\r\n\r\nbody'

  it('runs an action on a mail and sends nothing', async () => {
    const source = `export const handle = ({ attachments, recipients }) => {
      console.log(attachments[0].content)
      return { recipients: [...recipients, 'tim@corp.test'] }
    }`
    await put('tried', source)
    const { status, json } = await call('POST', '/tried/try?to=ops@corp.test&attach=owners', mail)
    expect(status).toBe(200)
    expect(json).toMatchObject({
      export: 'handle',
      before: ['ops@corp.test'],
      after: ['ops@corp.test', 'tim@corp.test'],
      logs: [{ level: 'info', message: '{"web":["tim@corp.test"]}' }],
      duration_ms: expect.any(Number),
      memory_bytes: expect.any(Number),
      error: null,
    })
    expect(json.sha256).toBe((await call('GET', '/tried')).json.sha256)
    expect((await program.app.calls.listMails({ limit: 100, text: 'try!' })).items).toEqual([])
  })

  it('asks a condition', async () => {
    expect((await call('POST', '/loud/try', mail)).json).toMatchObject({ export: 'match', output: { match: true } })
  })

  it('tells of a failure as a result', async () => {
    await put('failing', 'export const handle = () => { throw new Error("boom") }')
    const { status, json } = await call('POST', '/failing/try', mail)
    expect(status).toBe(200)
    expect(json.error).toEqual({ kind: 'trap', message: expect.stringContaining('failing.ts:1:') })
  })

  it.each([
    ['/nobody/try', mail, 404],
    ['/tried/try?attach=nothing', mail, 404],
    ['/tried/try', '', 400],
  ])('refuses %s', async (path, body, status) => {
    expect((await call('POST', path, body)).status).toBe(status)
  })
})
