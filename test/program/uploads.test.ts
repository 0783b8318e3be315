import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import type { ModuleVersion } from '#src/domain/module-version.js'
import { type CliResult, runCli, spawnCli } from '../cli/run-cli.js'
import { type ServeProcess, startServe } from './serve-process.js'

// Each test starts several processes, one after the other.
vi.setConfig({ testTimeout: 120_000 })

// What somebody does who has read no more than the README: init, edit, run, push. Each test goes on from the one before.
let folder: string
let server: ServeProcess
let firstVersion: string
let secondVersion: string

const action = 'wasm-actions/project-owner.ts'

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mailtrigger-uploads-'))
  expect((await runCli(['init', folder])).code).toBe(0)
  const routes = readFileSync(join(folder, 'routes.yaml'), 'utf8')
  // The action is only uploaded: the server does not see the file.
  writeFileSync(join(folder, 'routes.yaml'), routes.replace(/^ {2}project-owner: .*\n/m, ''))
}, 60_000)
afterAll(async () => {
  await server?.kill('SIGTERM')
  rmSync(folder, { recursive: true, force: true })
})

const cli = (...args: string[]): Promise<CliResult> => runCli(args, { cwd: folder })

function edit(from: string | RegExp, to: string): void {
  const path = join(folder, action)
  const source = readFileSync(path, 'utf8')
  const edited = source.replace(from, to)
  expect(edited).not.toBe(source)
  writeFileSync(path, edited)
}

/** The recipients of the Sentry route for the sample, and the version of the action that decided them. */
async function routeSample(): Promise<{ recipients: string[]; sha256: unknown }> {
  const raw = readFileSync(join(folder, 'fixtures/mails/sentry-error.eml'), 'utf8')
  const mail = await server.route(raw, 'sentry@mailtrigger.app', 'devops@mailtrigger.app')
  const route = mail.traces.at(-1)?.routes.find(({ name }) => name.startsWith('Sentry'))
  return {
    recipients: route?.recipients ?? [],
    sha256: route?.steps.find(({ step }) => step === 'run')?.facts.sha256,
  }
}

const versions = async (): Promise<ModuleVersion[]> =>
  JSON.parse((await cli('actions', 'versions', 'project-owner', '--json')).out)

it('an action nobody uploaded is an error that says how to name it', async () => {
  const { code, err } = await cli('check')
  expect(code).toBe(78)
  expect(err).toContain('there is no action "project-owner"')
  expect(err).toContain('--uploaded project-owner=FILE')
  expect((await cli('check', '--uploaded', `project-owner=${action}`)).code).toBe(0)
  expect((await cli('test', '--filter', 'Sentry', '--uploaded', `project-owner=${action}`)).code).toBe(0)
  const sample = 'fixtures/mails/sentry-error.eml'
  const explained = await cli('explain', sample, '--uploaded', `project-owner=${action}`)
  expect(explained.out).toContain('→ tim@mailtrigger.app, jolin@mailtrigger.app')
})

it('an edited action is tried without a server', async () => {
  const lookup = 'fixtures/lookups/project-owners.json'
  const args = ['--mail', 'fixtures/mails/sentry-error.eml', '--attach', lookup, '--timeout', '20s']
  const before = await cli('actions', 'run', action, ...args)
  expect(before.out).toContain('✓ devops@mailtrigger.app → tim@mailtrigger.app, jolin@mailtrigger.app')
  expect(before.out).toMatch(/\d ms, .* memory/)
  edit('        recipients,\n', `        recipients: [...recipients, 'boss@mailtrigger.app'],\n`)
  const { code, out } = await cli('actions', 'run', action, ...args, '--json')
  expect(code).toBe(0)
  expect(JSON.parse(out)).toMatchObject({
    before: ['devops@mailtrigger.app'],
    after: ['tim@mailtrigger.app', 'jolin@mailtrigger.app', 'boss@mailtrigger.app'],
    error: null,
  })
})

it('it is uploaded, and the next mail uses it without a reload', async () => {
  const yaml = readFileSync(join(folder, 'routes.yaml'), 'utf8')
  writeFileSync(join(folder, 'routes.yaml'), yaml.replace('      - run: project-owner', '      # - run: project-owner'))
  server = await startServe(folder)
  expect((await routeSample()).recipients).toEqual(['devops@mailtrigger.app'])
  const pushed = await cli('actions', 'push', action, '--json')
  expect(pushed.err).toContain('no route uses it yet')
  firstVersion = JSON.parse(pushed.out).sha256
  writeFileSync(join(folder, 'routes.yaml'), yaml)
  expect(await cli('reload')).toMatchObject({ code: 0 })
  const { recipients, sha256 } = await routeSample()
  expect(recipients).toEqual(['tim@mailtrigger.app', 'jolin@mailtrigger.app', 'boss@mailtrigger.app'])
  expect(sha256).toBe(firstVersion)

  edit('boss@mailtrigger.app', 'chief@mailtrigger.app')
  const again = await cli('actions', 'push', action, '--json')
  secondVersion = JSON.parse(again.out).sha256
  expect(await routeSample()).toEqual({
    recipients: ['tim@mailtrigger.app', 'jolin@mailtrigger.app', 'chief@mailtrigger.app'],
    sha256: secondVersion,
  })
})

it('commands show it', async () => {
  const { out } = await cli('actions', 'list')
  expect(out).toMatch(/^project-owner +action +uploaded +project-owner\.wasm +\w{12} .*Sentry/m)
  expect(out).toMatch(/^domain-owner +action +config +domain-owner\.ts/m)
  expect((await versions()).map(({ sha256, active }) => [sha256, active])).toEqual([
    [secondVersion, true],
    [firstVersion, false],
  ])
  const tried = await cli(
    'actions',
    'run',
    'project-owner',
    '--mail',
    'fixtures/mails/sentry-error.eml',
    '--attach',
    'project-owners',
  )
  expect(tried.out).toContain('chief@mailtrigger.app')
})

it('a rollback is used by the next mail', async () => {
  expect((await cli('actions', 'rollback', 'project-owner')).code).toBe(0)
  expect((await routeSample()).sha256).toBe(firstVersion)
  expect((await cli('actions', 'rollback', 'project-owner', secondVersion.slice(0, 12))).code).toBe(0)
  expect((await routeSample()).sha256).toBe(secondVersion)
  expect((await cli('actions', 'rollback', 'project-owner', 'abcdef012345')).code).toBe(3)
})

it('a broken one is refused with its file and line, and the old one stays', async () => {
  edit('export function handle(', 'const broken = missing.thing\nexport function handle(')
  const { code, err } = await cli('actions', 'push', action)
  expect(code).toBe(1)
  expect(err).toMatch(/project-owner\.ts:\d+/)
  expect((await routeSample()).sha256).toBe(secondVersion)
  edit('const broken = missing.thing\n', '')
})

it('one that a route uses is not deleted', async () => {
  const { code, err } = await cli('actions', 'rm', 'project-owner')
  expect(code).toBe(1)
  expect(err).toContain('uses "project-owner"')
  expect((await cli('actions', 'rm', 'nobody')).code).toBe(3)
})

it('a name that would lead elsewhere is refused, whatever the command', async () => {
  for (const args of [
    ['actions', 'push', action, '--name', '..'],
    ['actions', 'push', action, '--name', '.'],
    ['actions', 'versions', '..'],
    ['actions', 'rm', '..'],
    ['jobs', 'run', '..'],
    ['jobs', 'rm', '.', '--yes'],
  ]) {
    expect(await cli(...args), args.join(' ')).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('no names'),
    })
  }
  // The server refuses before it has read the module, and closes: that connection is nobody else's.
  const climbing = await spawnCli(['actions', 'push', action, '--name', '../../reload'], { cwd: folder })
  expect(climbing).toMatchObject({ code: 1, err: expect.stringContaining('cannot be the name') })
  expect((await cli('jobs', 'show', '../../status')).code).toBe(3)
  expect((await versions()).map(({ sha256 }) => sha256)).toEqual([secondVersion, firstVersion])
})

it('kill -9 during an upload leaves the version before', async () => {
  const bytes = Buffer.concat([readFileSync(join(folder, action)), Buffer.alloc(1_000_000, ' ')])
  const { hostname, port } = new URL(server.url)
  const headers = { authorization: `Bearer ${server.token}`, 'content-length': String(bytes.length + 1) }
  const path = '/api/v1/actions/project-owner?filename=project-owner.ts'
  const upload = request({ hostname, port, method: 'PUT', path, headers })
  const failed = new Promise((resolve) => upload.once('error', resolve))
  await new Promise<void>((resolve) => upload.write(bytes, () => resolve()))
  await server.kill('SIGKILL')
  await failed
  server = await startServe(folder)
  expect((await versions()).map(({ sha256 }) => sha256)).toEqual([secondVersion, firstVersion])
  expect((await routeSample()).sha256).toBe(secondVersion)
})

it('a server that starts with a config that names an action nobody uploaded says so', async () => {
  await server.kill('SIGTERM')
  const yaml = readFileSync(join(folder, 'routes.yaml'), 'utf8')
  writeFileSync(join(folder, 'routes.yaml'), yaml.replace('run: project-owner', 'run: project-ower'))
  await expect(startServe(folder)).rejects.toThrow(/did you mean "project-owner"\?/)
  writeFileSync(join(folder, 'routes.yaml'), yaml)
  server = await startServe(folder)
  expect((await routeSample()).sha256).toBe(secondVersion)
})
