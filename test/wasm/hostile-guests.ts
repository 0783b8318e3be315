import type { SandboxErrorKind } from '#src/domain/errors.js'
import { guest } from './guests.js'

export const handle = (body: string) => guest(`(func (export "handle") (result i32) ${body})`)
export const answered = '(call $answer (i64.const 1)) (i32.const 0)'
export const wasi = (name: string, type: string, body: string) =>
  `(module (import "wasi_snapshot_preview1" "${name}" (func $wasi ${type}))
    ${guest('').slice('(module'.length, -1)} (func (export "handle") (result i32) ${body}))`

export interface Attack {
  name: string
  wat: string
  kind: SandboxErrorKind
  words: RegExp
  timeoutMs?: number
}

/** Big blocks are filled through the host, 8 bytes at a time. */
export const bigBlock = `(func $big (result i64) (local $block i64) (local $done i64)
  (local.set $block (call $alloc (i64.const 30000000)))
  (loop $fill
    (call $store (i64.add (local.get $block) (local.get $done)) (i64.const 0x80e480e480e480e4))
    (local.set $done (i64.add (local.get $done) (i64.const 8)))
    (br_if $fill (i64.lt_u (local.get $done) (i64.const 2000000))))
  (local.get $block))`

export const attacks: Attack[] = [
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
  {
    name: 'gives bytes that are no UTF-8',
    wat: saying(Buffer.concat([Buffer.from('{"reason":"'), Uint8Array.of(0xff, 0xfe), Buffer.from('"}')])),
    kind: 'output',
    words: /not UTF-8/,
  },
  {
    name: 'gives half a character',
    wat: saying(Buffer.from('{"reason":"é').subarray(0, -1)),
    kind: 'output',
    words: /not UTF-8/,
  },
  {
    name: 'nests its answer a hundred thousand levels deep',
    wat: saying(Buffer.from(`{"labels":${'['.repeat(100_000)}${']'.repeat(100_000)}}`)),
    kind: 'output',
    words: /nested deeper than 100 levels/,
  },
  {
    name: 'keeps a million variables',
    wat: guest(`(func (export "handle") (result i32) (local $key i64)
      (local.set $key (call $alloc (i64.const 8)))
      (loop $l
        (call $store (local.get $key) (i64.add (i64.const 1) (call $load (local.get $key))))
        (call $var (local.get $key) (local.get $key))
        (br $l)) (i32.const 0))`).replace(
      '(module',
      `(module (import "extism:host/env" "var_set" (func $var (param i64 i64)))
        (import "extism:host/env" "load_u64" (func $load (param i64) (result i64)))`,
    ),
    kind: 'trap',
    words: /host memory/,
  },
  {
    name: 'writes its whole memory to stderr, a thousand times at once',
    wat: wasi(
      'fd_write',
      '(param i32 i32 i32 i32) (result i32)',
      `(local $n i32) (drop (memory.grow (i32.const 1000)))
      (memory.fill (i32.const 65536) (i32.const 65) (i32.const 65536000))
      (loop $l
        (i32.store (i32.mul (local.get $n) (i32.const 8)) (i32.const 65536))
        (i32.store (i32.add (i32.mul (local.get $n) (i32.const 8)) (i32.const 4)) (i32.const 65536000))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $l (i32.lt_u (local.get $n) (i32.const 1000))))
      (drop (call $wasi (i32.const 2) (i32.const 0) (i32.const 1000) (i32.const 60000))) (i32.const 1)`,
    ),
    kind: 'trap',
    words: /returned 1/,
  },
]

/** A guest whose answer is these bytes, whatever they are. */
export function saying(bytes: Uint8Array): string {
  const escaped = [...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')
  const pages = Math.ceil((bytes.length + 8) / 65_536)
  return guest(
    `(memory (export "memory") ${pages}) (data (i32.const 0) "${escaped}")
    (func (export "handle") (result i32) (local $block i64) (local $at i32)
      (local.set $block (call $alloc (i64.const ${bytes.length + 8})))
      (loop $copy
        (call $store (i64.add (local.get $block) (i64.extend_i32_u (local.get $at))) (i64.load (local.get $at)))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br_if $copy (i32.lt_u (local.get $at) (i32.const ${bytes.length}))))
      (call $output (local.get $block) (i64.const ${bytes.length})) (i32.const 0))`,
    { withMemory: false },
  )
}
