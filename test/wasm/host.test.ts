import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { jobCallLimits } from '#src/wasm/limits.js'
import { guest, writeWat } from './guests.js'
import { answered, attacks, bigBlock, handle, saying, wasi } from './hostile-guests.js'

let folder: string
let host: WasmHost
let good: WasmModule

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wasm-host-'))
  host = createWasmHost({ cacheFolder: join(folder, 'cache') })
  good = await load('good', guest('(func (export "handle") (result i32) (call $answer (i64.const 1)) (i32.const 0))'))
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

async function load(name: string, wat: string): Promise<WasmModule> {
  return host.load(await writeWat(folder, name, wat))
}

function call(module: WasmModule, options: { timeoutMs?: number; input?: unknown; signal?: AbortSignal } = {}) {
  const { timeoutMs = 10_000, input = {}, signal = new AbortController().signal } = options
  return host.call({ module, export: 'handle', input, config: {}, timeoutMs }, signal)
}

async function failureOf(promise: Promise<unknown>): Promise<SandboxError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(SandboxError)
  return error as SandboxError
}

describe('a guest that', () => {
  for (const { name, wat, kind, words, timeoutMs } of attacks) {
    it(`${name} fails with ${kind}, and the next call works`, async () => {
      const module = await load(name.replace(/\W+/g, '-'), wat)
      const error = await failureOf(call(module, { input: 'why', ...(timeoutMs === undefined ? {} : { timeoutMs }) }))
      expect(error.message).toMatch(words)
      expect(error.kind).toBe(kind)
      expect((await call(good)).output).toEqual({ n: 1 })
    })
  }

  it('grows its memory gets no more than its limit, again and again', async () => {
    const bomb = await load(
      'bomb',
      handle(`
        (block $full (loop $more
          (br_if $full (i32.eq (memory.grow (i32.const 64)) (i32.const -1)))
          (memory.fill (i32.mul (i32.sub (memory.size) (i32.const 64)) (i32.const 65536)) (i32.const 1) (i32.const 4194304))
          (br $more)))
        (call $answer (i64.div_u (i64.extend_i32_u (memory.size)) (i64.const 200))) (i32.const 0)`),
    )
    // 961 pages of 1,024: one more step of 64 would be too many. Many in a row must not starve the ones after them.
    for (let round = 0; round < 25; round++) expect((await call(bomb)).output).toEqual({ n: 4 })
  })

  it('grows its table gets no more than its limit', async () => {
    const body = '(drop (table.grow $t (ref.null extern) (i32.const 9999999)))'
    const module = await load(
      'table',
      guest(`(table $t 1 externref) (func (export "handle") (result i32) ${body} ${answered})`),
    )
    expect((await call(module)).output).toEqual({ n: 1 })
  })

  it('floods the log is heard up to the limit', async () => {
    const flood = `(local $n i32) (loop $l (call $log (call $input_offset))
      (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const 3000)))) ${answered}`
    const { output, logs } = await call(await load('flood', handle(flood)), { input: 'why' })
    expect(output).toEqual({ n: 1 })
    expect(logs).toHaveLength(1_000)
    expect(logs[0]).toEqual({ level: 'info', message: '"why"' })
    expect(logs.at(-1)).toEqual({ level: 'warn', message: 'the guest logged too much; what follows was dropped' })
  })

  it('logs and then loops is heard all the same', async () => {
    const module = await load('last-words', handle('(call $log (call $input_offset)) (loop $l (br $l)) (i32.const 0)'))
    const error = await failureOf(call(module, { input: 'last words', timeoutMs: 300 }))
    expect(error).toMatchObject({ kind: 'timeout', logs: [{ level: 'info', message: '"last words"' }] })
  })

  it('logs a huge line is cut', async () => {
    const module = await load(
      'line',
      guest(`${bigBlock} (func (export "handle") (result i32) (call $log (call $big)) ${answered})`),
    )
    const [line] = (await call(module)).logs
    expect(line?.message.length).toBeLessThanOrEqual(4_096)
  })

  it('opens files finds none', async () => {
    const type = '(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)'
    const open = `(call $wasi (i32.const 3) (i32.const 1) (i32.const 0) (i32.const 4) (i32.const 0)
      (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 64))`
    const module = await load(
      'open',
      wasi('path_open', type, `(call $answer (i64.extend_i32_u ${open})) (i32.const 0)`),
    )
    expect((await call(module)).output).toEqual({ n: 8 })
  })

  it('sleeps is not let', async () => {
    const sleep = '(call $wasi (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128))'
    const body = `(call $answer (i64.extend_i32_u (i32.eq (i32.const 52) ${sleep}))) (i32.const 0)`
    const module = await load('sleep', wasi('poll_oneoff', '(param i32 i32 i32 i32) (result i32)', body))
    expect((await call(module, { timeoutMs: 5_000 })).output).toEqual({ n: 1 })
  })

  it('keeps a count starts anew in each call', async () => {
    const module = await load(
      'count',
      guest(`(global $g (mut i64) (i64.const 0)) (func (export "handle") (result i32)
        (global.set $g (i64.add (global.get $g) (i64.const 1)))
        (i64.store (i32.const 64) (i64.add (i64.load (i32.const 64)) (i64.const 1)))
        (call $answer (i64.add (global.get $g) (i64.load (i32.const 64)))) (i32.const 0))`),
    )
    for (let round = 0; round < 5; round++) expect((await call(module)).output).toEqual({ n: 2 })
  })

  it('names __proto__ in its answer changes nobody’s prototype', async () => {
    const json = '{"__proto__":{"polluted":true},"labels":{"__proto__":"x","constructor":"y"}}'
    const { output } = await call(await load('proto', saying(Buffer.from(json))))
    expect(Object.keys(output as object)).toEqual(['__proto__', 'labels'])
    expect(Object.getPrototypeOf({})).not.toHaveProperty('polluted')
  })

  it('asks for config finds its own keys only', async () => {
    const asking = guest(`(func (export "handle") (result i32)
      (call $answer (i64.extend_i32_u (i64.ne (i64.const 0) (call $config (call $input_offset))))) (i32.const 0))`)
    const wat = asking.replace(
      '(module',
      '(module (import "extism:host/env" "config_get" (func $config (param i64) (result i64)))',
    )
    const module = await load('config', wat)
    const config = JSON.parse('{"1":"one","[]":2}')
    const found = async (input: unknown) =>
      host.call({ module, export: 'handle', input, config, timeoutMs: 10_000 }, new AbortController().signal)
    // The key is the input's JSON.
    const cases: [input: unknown, n: number][] = [
      [1, 1],
      [[], 1],
      [2, 0],
      ['__proto__', 0],
      [null, 0],
    ]
    for (const [input, n] of cases) expect((await found(input)).output).toEqual({ n })
  })

  it('is given only its own input', async () => {
    const echo = handle('(call $output (call $input_offset) (call $input_length)) (i32.const 0)')
    const module = await load('echo', echo)
    for (const input of ['hi', { text: 'Ünï – 漢字 🎉' }, 'x'.repeat(100_000)]) {
      expect((await call(module, { input })).output).toEqual(input)
    }
  })
})

it('lets no job take more blocks than Extism can tell apart', async () => {
  const limited = createWasmHost({ cacheFolder: join(folder, 'cache'), callLimits: jobCallLimits })
  // The last block that may be taken holds the answer: past Extism's last number it would be lost without a word.
  const blocks = jobCallLimits.blocksMax - 1
  const taking = handle(`(local $n i32) (loop $l (drop (call $alloc (i64.const 1)))
    (local.set $n (i32.add (local.get $n) (i32.const 1))) (br_if $l (i32.lt_u (local.get $n) (i32.const ${blocks})))) ${answered}`)
  try {
    const module = await limited.load(await writeWat(folder, 'blocks', taking))
    const request = { module, export: 'handle' as const, input: {}, config: {}, timeoutMs: 10_000 }
    expect((await limited.call(request, new AbortController().signal)).output).toEqual({ n: 1 })
  } finally {
    await limited.stop()
  }
})

it('refuses an input over the limit', async () => {
  const error = await failureOf(call(good, { input: 'x'.repeat(4 * 1024 * 1024) }))
  expect(error.kind).toBe('rejected')
})

it('counts what it killed, and nothing crashed', () => {
  expect(host.status()).toMatchObject({ busy: 0, queued: 0, crashed: 0 })
  expect(host.status().killed).toBeGreaterThanOrEqual(4)
})
