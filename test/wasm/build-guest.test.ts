import { mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import type { WasmHost } from '#src/domain/wasm.js'
import { buildGuest } from '#src/wasm/build-guest.js'
import { createWasmHost } from '#src/wasm/host.js'

let folder: string
let host: WasmHost

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-build-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache'), prepareTimeoutMs: 10_000 })
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

async function write(name: string, code: string): Promise<string> {
  const path = join(folder, name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, code)
  return path
}

async function run(
  path: string,
  input: unknown = {},
  options: { config?: Record<string, unknown>; timeoutMs?: number } = {},
) {
  const module = await host.load(path)
  const { config = {}, timeoutMs = 10_000 } = options
  return host.call({ module, export: 'handle', input, config, timeoutMs }, new AbortController().signal)
}

async function failureOf(promise: Promise<unknown>): Promise<SandboxError> {
  const error = await promise.catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(SandboxError)
  return error as SandboxError
}

describe('a guest in TypeScript', () => {
  it('gets its input and gives its output, whatever the script', async () => {
    const path = await write(
      'echo.ts',
      `interface Input { text: string }
       export const handle = (input: Input) => ({ text: input.text, length: [...input.text].length })`,
    )
    for (const text of ['', 'plain', 'Ünï–"x"\\\n\u2028', '漢字 🎉', 'x'.repeat(300_001)]) {
      expect((await run(path, { text })).output).toEqual({ text, length: [...text].length })
    }
  })

  it('can import its own modules and be asynchronous', async () => {
    await write('lib/words.ts', "export const greet = async (name: string) => { await null; return 'hello ' + name }")
    const path = await write(
      'async.ts',
      `import { greet } from './lib/words'
       export async function handle({ name }: { name: string }) {
         const all = await Promise.all([greet(name), new Promise<string>((resolve) => Promise.resolve().then(() => resolve('later')))])
         return { all }
       }`,
    )
    expect((await run(path, { name: 'tim' })).output).toEqual({ all: ['hello tim', 'later'] })
  })

  it('logs by console with its levels', async () => {
    const path = await write(
      'log.ts',
      `export function handle() {
         console.trace('a'); console.debug('b'); console.log('c', 1, { d: [true] }); console.info('e'); console.warn('f')
         console.error(new TypeError('g')); const loop: { self?: unknown } = {}; loop.self = loop; console.log(loop, undefined)
         return {}
       }`,
    )
    expect((await run(path)).logs.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'trace a',
      'debug b',
      'info c 1 {"d":[true]}',
      'info e',
      'warn f',
      'error TypeError: g',
      'info [object Object] undefined',
    ])
  })

  it('has the time, other random numbers each time, its config, and nothing of the machine', async () => {
    const path = await write(
      'world.ts',
      `export function handle() {
         return {
           now: Date.now(), random: Math.random(), zone: new Date(0).getTimezoneOffset(),
           text: mailtrigger.config('text'), json: mailtrigger.config('list'), none: mailtrigger.config('none') ?? null,
           found: ['process', 'require', 'fetch', 'setTimeout', 'WebAssembly', '__host'].filter((name) => name in globalThis),
         }
       }`,
    )
    const config = { text: 'words', list: [1, 'two'] }
    const startedAt = Date.now()
    const first = (await run(path, {}, { config })).output as Record<string, number>
    const second = (await run(path, {}, { config })).output as Record<string, number>
    expect(first).toMatchObject({ zone: 0, text: 'words', json: '[1,"two"]', none: null, found: [] })
    expect(first.now).toBeGreaterThanOrEqual(startedAt)
    expect(first.random).not.toBe(second.random)
    expect(first.random).toBeGreaterThanOrEqual(0)
    expect(first.random).toBeLessThan(1)
  })

  it('forgets what it learned from one mail to the next', async () => {
    const path = await write('state.ts', 'let seen = 0\nexport const handle = () => ({ seen: ++seen })')
    for (let round = 0; round < 3; round++) expect((await run(path)).output).toEqual({ seen: 1 })
  })

  it('is told that the functions of jobs are not for actions', async () => {
    const path = await write(
      'jobs.ts',
      `export function handle() {
         const calls: Record<string, () => unknown> = {
           query: () => mailtrigger.db.query('SELECT 1'), exec: () => mailtrigger.db.exec('DELETE FROM t'),
           search: () => mailtrigger.mail.search({}), get: () => mailtrigger.mail.get('1'),
           people: () => mailtrigger.people.get('a@b.c'), http: () => mailtrigger.http({ url: 'http://x' }),
           notify: () => mailtrigger.notify({ title: 't' }),
         }
         return Object.entries(calls).map(([name, call]) => { try { call(); return name } catch (error) { return error.message } })
       }`,
    )
    expect((await run(path)).output).toEqual(
      ['db_query', 'db_exec', 'mail_search', 'mail_get', 'people_get', 'http', 'notify'].map(
        (name) => `${name} is not available to actions`,
      ),
    )
  })

  it('may be condition and job as well', async () => {
    const path = await write(
      'three.ts',
      'export function match() { return { match: true } }\nexport const run = () => ({})',
    )
    const module = await host.load(path)
    expect(module.kinds).toEqual(['condition', 'job'])
    const call = { module, export: 'match', input: {}, config: {}, timeoutMs: 10_000 } as const
    expect((await host.call(call, new AbortController().signal)).output).toEqual({ match: true })
  })

  it('in plain JavaScript, CommonJS too', async () => {
    expect((await run(await write('plain.js', 'export function handle() { return { plain: 1 } }'))).output).toEqual({
      plain: 1,
    })
    expect((await run(await write('common.cjs', 'exports.handle = () => ({ common: 1 })'))).output).toEqual({
      common: 1,
    })
  })
})

describe('errors name the author’s file and line', () => {
  it('when a handler throws', async () => {
    await write(
      'lib/deep.ts',
      'export type Nothing = null\n\nexport function fail(): never {\n  throw new RangeError("too deep")\n}\n',
    )
    const path = await write(
      'throws.ts',
      'import { fail } from "./lib/deep"\n// a comment\nexport function handle() {\n  fail()\n}\n',
    )
    const error = await failureOf(run(path))
    expect(error.kind).toBe('trap')
    expect(error.message).toMatch(/^RangeError: too deep \(lib\/deep\.ts:4:\d+\)$/)
    expect(error.logs.at(-1)?.message).toMatch(/^at fail \(lib\/deep\.ts:4:\d+\)\nat handle \(throws\.ts:4:\d+\)$/)
  })

  it('when a promise rejects', async () => {
    const path = await write(
      'rejects.ts',
      'export async function handle() {\n  await null\n  throw new Error("later")\n}',
    )
    expect((await failureOf(run(path))).message).toMatch(/^Error: later \(rejects\.ts:3:\d+\)$/)
  })

  it('when something else than an error is thrown', async () => {
    const path = await write('odd.ts', 'export function handle() { throw { code: 7 } }')
    expect((await failureOf(run(path))).message).toBe('thrown: {"code":7}')
  })

  it('when the type of a value is wrong', async () => {
    const path = await write('type.ts', 'export function handle(input) {\n\n  return input.mail.subject\n}')
    expect((await failureOf(run(path))).message).toMatch(/^TypeError: .*\(type\.ts:3:\d+\)$/)
  })

  it('when a promise never settles', async () => {
    const path = await write('never.ts', 'export function handle() { return new Promise(() => {}) }')
    expect((await failureOf(run(path))).message).toBe('handle returned a promise that never settles')
  })

  const refused: [name: string, code: string, words: RegExp][] = [
    ['syntax.ts', 'export const a = 1\nexport function handle( {', /^syntax\.ts:2:\d+ /],
    [
      'import.ts',
      "import fs from 'node:fs'\nexport const handle = () => fs",
      /^import\.ts:1:\d+ Could not resolve "node:fs"/,
    ],
    [
      'top.ts',
      'const x = null\n\nx.y()\nexport const handle = () => 1',
      /^loading top\.ts: TypeError: .*\(top\.ts:3:\d+\)/,
    ],
    ['top-db.ts', 'mailtrigger.db.query("x")\nexport const handle = () => 1', /while the module is loaded/],
    ['nothing.ts', 'export const other = 1', /nothing\.ts exports none of the functions handle, match, run/],
    ['value.ts', 'export const handle = 1', /exports none of the functions/],
    ['words.txt', 'hello', /a module is a \.wasm, \.ts, \.js or \.as\.ts file/],
    ['words.wasm', 'hello', /not a valid WebAssembly module/],
  ]
  for (const [name, code, words] of refused) {
    it(`when ${name} cannot be a module`, async () => {
      const error = await failureOf(host.load(await write(name, code)))
      expect(error.message).toMatch(words)
      expect(error.kind).toBe('rejected')
    })
  }

  it('when there is no such file', async () => {
    const error = await failureOf(host.load(join(folder, 'missing.ts')))
    expect(error).toMatchObject({ kind: 'rejected', message: expect.stringContaining('missing.ts') })
  })
})

describe('hostile scripts', () => {
  it('that loop while they are loaded are given up', async () => {
    const impatient = createWasmHost({ cacheFolder: join(folder, 'cache'), prepareTimeoutMs: 1_500 })
    try {
      const error = await failureOf(
        impatient.load(await write('spin.ts', 'for (;;) {}\nexport const handle = () => 1')),
      )
      expect(error).toMatchObject({ kind: 'rejected', message: expect.stringContaining('longer than 1500 ms') })
    } finally {
      await impatient.stop()
    }
  })

  const cases: [name: string, code: string, kind: string, words: RegExp][] = [
    ['loop', 'for (;;) {}', 'timeout', /no result/],
    ['loop in promises', 'const again = () => Promise.resolve().then(again); return again()', 'timeout', /no result/],
    ['recurse', 'const down = (n: number): number => 1 + down(n + 1); return down(0)', 'trap', /stack/i],
    ['fill the memory', 'const all = []; for (;;) all.push(new Array(100000).fill(1.5))', 'trap', /memory|trapped/i],
    ['match with a catastrophic regex', 'return /^(a+)+$/.test("a".repeat(40) + "b")', 'timeout', /no result/],
    ['give too much', 'return { text: "x".repeat(2_000_000) }', 'output', /at most 1048576/],
  ]
  for (const [name, code, kind, words] of cases) {
    it(`that ${name} fail with ${kind}`, async () => {
      const path = await write(`${name.replaceAll(' ', '-')}.ts`, `export function handle(): unknown {\n${code}\n}`)
      const error = await failureOf(run(path, {}, { timeoutMs: kind === 'timeout' ? 400 : 10_000 }))
      expect(error.message).toMatch(words)
      expect(error.kind).toBe(kind)
    })
  }
})

describe('loading', () => {
  it('gives the same module until a file it is made of changes', async () => {
    await write('lib/version.ts', 'export const version = 1')
    const path = await write(
      'versioned.ts',
      "import { version } from './lib/version'\nexport const handle = () => ({ version })",
    )
    const first = await host.load(path)
    expect(await host.load(path)).toBe(first)
    expect((await run(path)).output).toEqual({ version: 1 })

    const changed = await write('lib/version.ts', 'export const version = 2')
    await utimes(changed, new Date(), new Date(Date.now() + 5_000))
    expect((await host.load(path)).sha256).not.toBe(first.sha256)
    expect((await run(path)).output).toEqual({ version: 2 })
  })

  it('loads a module anew when its hardened copy was deleted', async () => {
    const path = await write('deleted.ts', 'export const handle = () => ({ there: true })')
    await rm((await host.load(path)).path)
    expect((await run(path)).output).toEqual({ there: true })
  })

  it('builds the same module from the same source, wherever it stands', async () => {
    const engine = await readFile(fileURLToPath(import.meta.resolve('#src/wasm/engine.wasm')))
    const code = 'const seed = Math.random()\nexport const handle = () => ({ seed })'
    const one = await buildGuest(await write('here/same.ts', code), { engine })
    const other = await buildGuest(await write('there/same.ts', code), { engine })
    expect(Buffer.compare(one, other)).toBe(0)
  })
})
