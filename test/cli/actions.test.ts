import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliResult, folderWith, runCli } from './run-cli.js'

let folder: string
const mail = 'From: a@corp.test\nTo: ops@corp.test\nSubject: disk full\n\nbody\n'

beforeAll(() => {
  folder = folderWith({
    'mail.eml': mail,
    'owners.json': '{"disk":"tim@corp.test"}',
    'owner.ts': `import type { ActionInput, ActionOutput } from 'mailtrigger/guest'
      import { pick } from './pick'
      export function handle(input: ActionInput): ActionOutput {
        console.info('limit', input.action.config.limit, typeof input.action.config.word)
        return { recipients: [...input.recipients, pick(input.attachments[0]?.content ?? '{}')] }
      }`,
    'pick.ts': `export const pick = (text: string): string => JSON.parse(text).disk ?? 'nobody@corp.test'`,
    'full.ts': `export const match = ({ mail }) => ({ match: mail.subject.includes('full'), reason: 'the subject' })`,
    'calls.ts': `export const handle = ({ action }) => ({ title: mailtrigger.http({ url: action.config.url }).body })`,
    'throws.ts': `export function handle() {\n  throw new Error('boom')\n}`,
    'job.ts': 'export const run = () => {}',
    'broken.ts': 'export const handle = () => {\n  return 1 +\n}',
    'not-wasm.wasm': 'nonsense',
  })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What else runs on the machine must not decide how a test ends. */
const patience = ['--timeout', '20s']

const actions = (args: string[], input?: string): Promise<CliResult> =>
  runCli(['actions', ...args], { cwd: folder, ...(input === undefined ? {} : { input }) })

describe('actions run', () => {
  it('prints before and after, what it said and logged, time and memory', async () => {
    const { code, out } = await actions([
      'run',
      'owner.ts',
      '--mail',
      'mail.eml',
      '--attach',
      'owners.json',
      ...patience,
    ])
    expect(code).toBe(0)
    expect(out).toContain('✓ ops@corp.test → ops@corp.test, tim@corp.test')
    expect(out).toContain('output  {"recipients":["ops@corp.test","tim@corp.test"]}')
    expect(out).toContain('info    limit undefined undefined')
    expect(out).toMatch(/[\d.]+ ms, [\d.]+ MB memory/)
  })

  it('takes recipients, config and standard input', async () => {
    const given = ['--recipients', 'x@corp.test, y@corp.test', '--config', 'limit=5', '--config', 'word=five=5']
    const { out } = await actions(['run', 'owner.ts', '--mail', '-', ...given, ...patience, '--json'], mail)
    expect(JSON.parse(out)).toMatchObject({
      before: ['x@corp.test', 'y@corp.test'],
      after: ['x@corp.test', 'y@corp.test', 'nobody@corp.test'],
      logs: [{ level: 'info', message: 'limit 5 string' }],
    })
  })

  it('lets it call the hosts it is told, and no other', async () => {
    const server = createServer((_request, response) => response.end('on call')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const url = `url=http://127.0.0.1:${port}/`
    const args = ['run', 'calls.ts', '--mail', 'mail.eml', '--config', url, ...patience]
    const allowed = await actions([...args, '--allow-host', `127.0.0.1:${port}`, '--json'])
    const refused = await actions(args)
    server.close()
    expect(JSON.parse(allowed.out)).toMatchObject({ output: { title: 'on call' }, error: null })
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('allow_hosts names no host')
  })

  it('asks a condition', async () => {
    const { code, out } = await actions(['run', 'full.ts', '--mail', 'mail.eml', ...patience])
    expect([code, out]).toEqual([0, expect.stringContaining('✓ matches  (the subject)')])
  })

  it.each([
    ['one that throws', 'throws.ts', 1, /failed \(trap\): Error: boom \(throws\.ts:2:/],
    ['one that cannot be built', 'broken.ts', 1, /broken\.ts:3:/],
    ['a job', 'job.ts', 1, /neither "handle" nor "match"/],
    ['no module', 'not-wasm.wasm', 1, /not a valid WebAssembly module/],
    ['no file', 'missing.ts', 3, /there is no file missing\.ts/],
  ])('says what is wrong with %s', async (_, file, code, words) => {
    const result = await actions(['run', file, '--mail', 'mail.eml', ...patience])
    expect(result.code).toBe(code)
    expect(result.out + result.err).toMatch(words)
  })

  it.each([
    ['without a mail', ['run', 'owner.ts'], 2],
    ['with a config that is none', ['run', 'owner.ts', '--mail', 'mail.eml', '--config', 'limit'], 2],
    ['with a timeout that is none', ['run', 'owner.ts', '--mail', 'mail.eml', '--timeout', 'long'], 2],
    ['with a lookup that is not there', ['run', 'owner.ts', '--mail', 'mail.eml', '--attach', 'none.json'], 3],
    ['of a name, when no server runs', ['run', 'owner', '--mail', 'mail.eml'], 5],
  ])('is refused %s', async (_, args, code) => {
    expect((await actions(args)).code).toBe(code)
  })
})

describe('actions build', () => {
  it('writes one .wasm that says the same without its sources', async () => {
    const { code, out } = await actions(['build', 'owner.ts', '-o', 'owner.wasm', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ file: 'owner.wasm', kinds: ['action'] })
    expect([...readFileSync(join(folder, 'owner.wasm')).subarray(0, 4)]).toEqual([0, 0x61, 0x73, 0x6d])
    const tried = await runCli(
      ['actions', 'run', join(folder, 'owner.wasm'), '--mail', join(folder, 'mail.eml'), ...patience, '--json'],
      { cwd: resolve('test') },
    )
    expect(JSON.parse(tried.out)).toMatchObject({ after: ['ops@corp.test', 'nobody@corp.test'], error: null })
  })

  it('writes nothing for a broken one', async () => {
    const { code, err } = await actions(['build', 'broken.ts', '-o', 'broken.wasm'])
    expect([code, err]).toEqual([1, expect.stringMatching(/broken\.ts:3:/)])
    expect(() => readFileSync(join(folder, 'broken.wasm'))).toThrow('ENOENT')
  })
})

it.each([['list'], ['versions', 'a'], ['rollback', 'a'], ['rm', 'a'], ['push', 'full.ts']])(
  'actions %s needs a server',
  async (...args) => {
    expect(await actions(args)).toMatchObject({ code: 5, out: '' })
  },
)
