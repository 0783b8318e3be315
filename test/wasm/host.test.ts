import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SandboxError, type SandboxErrorKind } from '#src/domain/errors.js'
import type { WasmHost, WasmModule } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { guest, writeWat } from './guests.js'

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

const handle = (body: string) => guest(`(func (export "handle") (result i32) ${body})`)
const answered = '(call $answer (i64.const 1)) (i32.const 0)'
const wasi = (name: string, type: string, body: string) =>
  `(module (import "wasi_snapshot_preview1" "${name}" (func $wasi ${type}))
    ${guest('').slice('(module'.length, -1)} (func (export "handle") (result i32) ${body}))`

interface Attack {
  name: string
  wat: string
  kind: SandboxErrorKind
  words: RegExp
  timeoutMs?: number
}

/** Big blocks are filled through the host, 8 bytes at a time. */
const bigBlock = `(func $big (result i64) (local $block i64) (local $done i64)
  (local.set $block (call $alloc (i64.const 30000000)))
  (loop $fill
    (call $store (i64.add (local.get $block) (local.get $done)) (i64.const 0x80e480e480e480e4))
    (local.set $done (i64.add (local.get $done) (i64.const 8)))
    (br_if $fill (i64.lt_u (local.get $done) (i64.const 2000000))))
  (local.get $block))`

const attacks: Attack[] = [
  { name: 'loops', wat: handle('(loop $l (br $l)) (i32.const 0)'), kind: 'timeout', words: /300 ms/, timeoutMs: 300 },
  {
    name: 'loops in its start function',
    wat: guest(`(func $s (loop $l (br $l))) (start $s) (func (export "handle") (result i32) ${answered})`),
    kind: 'timeout',
    words: /300 ms/,
    timeoutMs: 300,
  },
  {
    name: 'loops in _initialize',
    wat: guest(`(func (export "_initialize") (loop $l (br $l))) (func (export "handle") (result i32) ${answered})`),
    kind: 'timeout',
    words: /300 ms/,
    timeoutMs: 300,
  },
  {
    name: 'takes host memory in big blocks',
    wat: handle('(loop $l (drop (call $alloc (i64.const 16000000))) (br $l)) (i32.const 0)'),
    kind: 'trap',
    words: /host memory/,
  },
  {
    name: 'takes host memory in tiny blocks',
    wat: handle('(loop $l (drop (call $alloc (i64.const 1))) (br $l)) (i32.const 0)'),
    kind: 'trap',
    words: /host memory/,
  },
  {
    name: 'takes 100 TB',
    wat: handle('(drop (call $alloc (i64.const 109951162777600))) (i32.const 0)'),
    kind: 'trap',
    words: /host memory/,
  },
  {
    name: 'takes less than nothing',
    wat: handle('(drop (call $alloc (i64.const -5))) (i32.const 0)'),
    kind: 'trap',
    words: /host memory/,
  },
  {
    name: 'gives a huge output',
    wat: handle('(call $output (call $alloc (i64.const 8000000)) (i64.const 8000000)) (i32.const 0)'),
    kind: 'output',
    words: /output has 8000000 bytes/,
  },
  { name: 'gives no output', wat: handle('(i32.const 0)'), kind: 'output', words: /no output/ },
  {
    name: 'gives no JSON',
    wat: handle('(call $output (call $alloc (i64.const 4)) (i64.const 4)) (i32.const 0)'),
    kind: 'output',
    words: /not JSON/,
  },
  {
    name: 'gives an output that is nowhere',
    wat: handle('(call $output (i64.const 0x7fff000000000000) (i64.const 4)) (i32.const 0)'),
    kind: 'output',
    words: /no output/,
  },
  { name: 'traps', wat: handle('(unreachable)'), kind: 'trap', words: /unreachable/ },
  {
    name: 'reads out of bounds',
    wat: handle('(i32.load (i32.const 999999999))'),
    kind: 'trap',
    words: /out of bounds/,
  },
  {
    name: 'divides by zero',
    wat: handle('(i32.div_s (i32.const 1) (i32.const 0))'),
    kind: 'trap',
    words: /divide by zero/,
  },
  {
    name: 'overflows the stack',
    wat: guest(`(func $f (param i32) (result i32) (i32.add (i32.const 1) (call $f (local.get 0))))
      (func (export "handle") (result i32) (call $f (i32.const 0)))`),
    kind: 'trap',
    words: /stack overflow/,
  },
  {
    name: 'returns 1 beside an output',
    wat: handle('(call $answer (i64.const 1)) (i32.const 1)'),
    kind: 'trap',
    words: /returned 1/,
  },
  {
    name: 'sets an error',
    wat: handle('(call $error (call $input_offset)) (i32.const 1)'),
    kind: 'trap',
    words: /^"why"$/,
  },
  {
    name: 'sets an error beside an output',
    wat: handle('(call $answer (i64.const 1)) (call $error (call $input_offset)) (i32.const 0)'),
    kind: 'trap',
    words: /^"why"$/,
  },
  {
    name: 'sets a huge error',
    wat: guest(`${bigBlock} (func (export "handle") (result i32) (call $error (call $big)) (i32.const 1))`),
    kind: 'trap',
    words: /^.{1,1000}$/,
  },
  {
    name: 'exits',
    wat: wasi('proc_exit', '(param i32)', '(call $wasi (i32.const 3)) (i32.const 0)'),
    kind: 'trap',
    words: /exit\(3\)/,
  },
  {
    name: 'asks WASI to write outside its memory',
    wat: wasi('random_get', '(param i32 i32) (result i32)', '(call $wasi (i32.const 65530) (i32.const 100000))'),
    kind: 'trap',
    words: /trapped/,
  },
  {
    name: 'wants the network',
    wat: guest(
      `(func (export "handle") (result i32) (drop (call $http (i64.const 0) (i64.const 0))) (i32.const 0))`,
    ).replace('(module', '(module (import "extism:host/env" "http_request" (func $http (param i64 i64) (result i64)))'),
    kind: 'trap',
    words: /no network/,
  },
]

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

  it('is given only its own input', async () => {
    const echo = handle('(call $output (call $input_offset) (call $input_length)) (i32.const 0)')
    const module = await load('echo', echo)
    for (const input of ['hi', { text: 'Ünï – 漢字 🎉' }, 'x'.repeat(100_000)]) {
      expect((await call(module, { input })).output).toEqual(input)
    }
  })
})

it('refuses an input over the limit', async () => {
  const error = await failureOf(call(good, { input: 'x'.repeat(4 * 1024 * 1024) }))
  expect(error.kind).toBe('rejected')
})

it('counts what it killed, and nothing crashed', () => {
  expect(host.status()).toMatchObject({ busy: 0, queued: 0, crashed: 0 })
  expect(host.status().killed).toBeGreaterThanOrEqual(4)
})
