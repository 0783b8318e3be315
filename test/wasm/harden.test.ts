import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SandboxError } from '#src/domain/errors.js'
import { hardenModule } from '#src/wasm/harden.js'
import { moduleLimits } from '#src/wasm/limits.js'
import { compileWat, guest } from './guests.js'

const handle = '(func (export "handle") (result i32) (i32.const 0))'

describe('what is refused, and how it is said', () => {
  const refused: [name: string, wat: string, words: RegExp][] = [
    ['an unknown function of env', `(module (import "env" "evil" (func)) ${handle})`, /imports "env" "evil"/],
    ['an unknown namespace', `(module (import "nope" "x" (func)) ${handle})`, /imports "nope" "x"/],
    ['an unknown host function', `(module (import "mailtrigger" "exec" (func)) ${handle})`, /"mailtrigger" "exec"/],
    ['the shim by its own name', `(module (import "mailtrigger:wasi" "fd_write" (func)) ${handle})`, /does not offer/],
    ['an inherited property as a function', `(module (import "mailtrigger" "toString" (func)) ${handle})`, /toString/],
    ['an inherited property as a namespace', `(module (import "toString" "x" (func)) ${handle})`, /"toString" "x"/],
    ['AssemblyScript without its abort', `(module (import "env" "abort" (func)) ${handle})`, /--use abort/],
    ['an imported memory', `(module (import "env" "memory" (memory 1)) ${handle})`, /"env" "memory".*not a function/],
    ['an imported table', `(module (import "env" "t" (table 1 funcref)) ${handle})`, /not a function/],
    ['an imported global', `(module (import "mailtrigger" "g" (global i32)) ${handle})`, /not a function/],
    ['a memory over the limit', `(module (memory 1025) ${handle})`, /needs 1025 pages/],
    ['a shared memory', `(module (memory 1 2 shared) ${handle})`, /shared or 64-bit memory/],
    ['a table over the limit', `(module (table 10001 funcref) ${handle})`, /table of 10001 entries/],
    ['too many tables', `(module ${'(table 1 funcref)'.repeat(5)} ${handle})`, /5 tables/],
    ['nothing to call', '(module (func (export "main")))', /none of the functions handle, match, run/],
    ['only a _start', '(module (func (export "_start")))', /none of the functions/],
    ['a handle that is a global', '(module (global (export "handle") i32 (i32.const 0)))', /none of the functions/],
  ]
  for (const [name, wat, words] of refused) {
    it(name, async () => {
      const module = await compileWat(wat)
      expect(() => hardenModule(module, moduleLimits)).toThrow(words)
    })
  }

  it('bytes that are no module', () => {
    for (const bytes of [new Uint8Array(0), new TextEncoder().encode('hello'), Uint8Array.of(0, 97, 115, 109, 1, 0)]) {
      expect(() => hardenModule(bytes, moduleLimits)).toThrow(/not a valid WebAssembly module/)
    }
  })

  it('a module over the limit, before anything reads it', () => {
    expect(() => hardenModule(new Uint8Array(100), { ...moduleLimits, moduleBytesMax: 99 })).toThrow(/100 bytes/)
  })
})

describe('what hardening makes of a module', () => {
  it('caps a memory without a maximum', async () => {
    const { bytes } = hardenModule(await compileWat(`(module (memory (export "memory") 1) ${handle})`), moduleLimits)
    const { memory } = instantiate(bytes) as { memory: { grow: (pages: number) => number } }
    expect(memory.grow(1_023)).toBe(1)
    expect(() => memory.grow(1)).toThrow(RangeError)
  })

  it('lowers a maximum that is too high and keeps one that is lower', async () => {
    const capped = hardenModule(await compileWat(`(module (memory (export "memory") 1 60000) ${handle})`), moduleLimits)
    expect(() =>
      (instantiate(capped.bytes) as { memory: { grow: (n: number) => number } }).memory.grow(1_024),
    ).toThrow()
    const low = hardenModule(await compileWat(`(module (memory (export "memory") 1 2) ${handle})`), moduleLimits)
    expect(() => (instantiate(low.bytes) as { memory: { grow: (n: number) => number } }).memory.grow(2)).toThrow()
  })

  it('caps tables', async () => {
    const wat = `(module (table $t 1 externref)
      (func (export "handle") (result i32) (table.grow $t (ref.null extern) (i32.const 9999999))))`
    const { bytes } = hardenModule(await compileWat(wat), moduleLimits)
    expect((instantiate(bytes) as { handle: () => number }).handle()).toBe(-1)
  })

  it('drops _start and keeps the rest', async () => {
    const { bytes } = hardenModule(await compileWat(`(module (func (export "_start")) ${handle})`), moduleLimits)
    expect(Object.keys(instantiate(bytes))).toEqual(['handle'])
  })

  it('renames WASI, so that only the shim can answer', async () => {
    const wat = `(module (import "wasi_snapshot_preview1" "sched_yield" (func (result i32))) ${handle})`
    const { bytes } = hardenModule(await compileWat(wat), moduleLimits)
    expect(new TextDecoder('latin1').decode(bytes)).toContain('mailtrigger:wasi')
    expect(new TextDecoder('latin1').decode(bytes)).not.toContain('wasi_snapshot_preview1')
  })

  it('says what the exports make of it', async () => {
    const three = ['handle', 'match', 'run'].map((name) => `(func (export "${name}") (result i32) (i32.const 0))`)
    expect(hardenModule(await compileWat(`(module ${three.join('')})`), moduleLimits).kinds).toEqual([
      'action',
      'condition',
      'job',
    ])
  })
})

describe('hostile bytes', () => {
  it('end in a refusal or in a module, never in another error', async () => {
    const whole = await compileWat(guest(`(table 2 funcref) ${handle}`))
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.boolean(), (at, byte, truncate) => {
        const changed = truncate ? whole.slice(0, at) : whole.slice()
        if (!truncate) changed[at] = byte
        try {
          hardenModule(changed, moduleLimits)
        } catch (error) {
          expect(error).toBeInstanceOf(SandboxError)
        }
      }),
      { numRuns: 500 },
    )
  })
})

interface Engine {
  Module: new (bytes: Uint8Array) => object
  Instance: new (module: object) => { exports: Record<string, unknown> }
}

function instantiate(bytes: Uint8Array): Record<string, unknown> {
  const engine = (globalThis as unknown as { WebAssembly: Engine }).WebAssembly
  return new engine.Instance(new engine.Module(bytes)).exports
}
