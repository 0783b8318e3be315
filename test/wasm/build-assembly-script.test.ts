import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WasmHost } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'

let folder: string
let host: WasmHost

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-as-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache') })
  // Outside of the folder the sources lie in.
  await writeFile(join(folder, 'secret.ts'), 'export const a: i32 = 0')
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

async function write(name: string, code: string): Promise<string> {
  const path = join(folder, 'src', name)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, code)
  return path
}

async function run(path: string, config: Record<string, unknown> = {}) {
  const module = await host.load(path)
  const call = { module, export: 'handle' as const, input: { hello: 'wörld 🎉' }, config, timeoutMs: 10_000 }
  return host.call(call, new AbortController().signal)
}

const answering = (body: string) => `
  import { abort, fail, logInfo, nowMs, readConfig, readInput, writeOutput } from "mailtrigger/host"
  import { parseJson, quote } from "mailtrigger/json"
  export function handle(): i32 { ${body} }`

describe('a guest in AssemblyScript', () => {
  it('reads its input and config, logs, tells the time and answers', async () => {
    const path = await write(
      'all.as.ts',
      answering(`
        logInfo(readInput())
        const key = readConfig("key")
        const none = readConfig("none")
        const hello = parseJson(readInput())!.getText("hello")
        writeOutput('{"key":' + quote(key === null ? "" : key) + ',"none":' + (none === null).toString() +
          ',"hello":' + quote(hello) + ',"now":' + (nowMs() > 1700000000000).toString() + '}')
        return 0`),
    )
    const { output, logs } = await run(path, { key: 'ключ' })
    expect(output).toEqual({ key: 'ключ', none: true, hello: 'wörld 🎉', now: true })
    expect(logs).toEqual([{ level: 'info', message: '{"hello":"wörld 🎉"}' }])
  })

  const failing: [name: string, body: string, words: RegExp][] = [
    ['says why it fails', 'return fail("no such project")', /^no such project$/],
    ['throws', 'throw new Error("gone wrong")', /^gone wrong \(throws\.as\.ts:\d+:\d+\)$/],
    ['reads past an array', 'const a: i32[] = []; return a[7]', /^Index out of range \(~lib\/array\.ts:\d+:\d+\)$/],
  ]
  for (const [name, body, words] of failing) {
    it(`that ${name} is heard with its own words`, async () => {
      const path = await write(`${name.split(' ')[0]}.as.ts`, answering(body))
      await expect(run(path)).rejects.toMatchObject({ kind: 'trap', message: expect.stringMatching(words) })
    })
  }

  it('is built anew when a file it is made of changes', async () => {
    const path = await write(
      'whole.as.ts',
      'import { part } from "./lib/part"\nexport function handle(): i32 { return part }',
    )
    await write('lib/part.ts', 'export const part: i32 = 1')
    const first = await host.load(path)
    await write('lib/part.ts', 'export const part: i32 = 22')
    expect((await host.load(path)).sha256).not.toBe(first.sha256)
  })
})

describe('what cannot be built is refused', () => {
  const cases: [name: string, code: string, words: RegExp][] = [
    ['type.as.ts', '\nexport function handle(): i32 { return "x" }', /TS2322.*in type\.as\.ts\(2,40\)/],
    ['syntax.as.ts', 'export function handle( {', /TS1\d+.*in syntax\.as\.ts\(1,/],
    ['outside.as.ts', 'import { a } from "../secret"\nexport function handle(): i32 { return a }', /TS6054.*secret/],
    ['absolute.as.ts', 'import { a } from "/etc/secret"\nexport function handle(): i32 { return a }', /TS6054.*secret/],
    [
      'import.as.ts',
      'declare function other(): i32\nexport function handle(): i32 { return other() }',
      /imports "import\.as" "other"/,
    ],
    ['nothing.as.ts', 'export function other(): i32 { return 0 }', /none of the functions handle, match, run/],
  ]
  for (const [name, code, words] of cases) {
    it(name, async () => {
      const path = await write(name, code)
      await expect(host.load(path)).rejects.toMatchObject({ kind: 'rejected', message: expect.stringMatching(words) })
    })
  }

  it('when it comes from elsewhere and imports a file', async () => {
    await write('lib/near.ts', 'export const near: i32 = 0')
    const path = await write(
      'alone.as.ts',
      'import { near } from "./lib/near"\nexport function handle(): i32 { return near }',
    )
    await expect(host.load(path, { alone: true })).rejects.toMatchObject({ message: expect.stringMatching(/TS6054/) })
    await expect(host.load(path)).resolves.toMatchObject({ kinds: ['action'] })
  })
})
