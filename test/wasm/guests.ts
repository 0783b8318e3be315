import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import wabt from 'wabt'

/** What most guests of these tests start with: the host's functions, a memory, and `$answer`, which gives `{"n":1}`. */
const prologue = `
  (import "extism:host/env" "alloc" (func $alloc (param i64) (result i64)))
  (import "extism:host/env" "store_u64" (func $store (param i64 i64)))
  (import "extism:host/env" "output_set" (func $output (param i64 i64)))
  (import "extism:host/env" "error_set" (func $error (param i64)))
  (import "extism:host/env" "log_info" (func $log (param i64)))
  (import "extism:host/env" "input_offset" (func $input_offset (result i64)))
  (import "extism:host/env" "input_length" (func $input_length (result i64)))
  (func $answer (param $digit i64)
    (local $block i64)
    (local.set $block (call $alloc (i64.const 8)))
    ;; '{"n":0} ' in little endian, with the digit added in its place
    (call $store (local.get $block)
      (i64.add (i64.const 0x207d303a226e227b) (i64.shl (local.get $digit) (i64.const 40))))
    (call $output (local.get $block) (i64.const 7)))`

const memory = '(memory (export "memory") 1)'

/** A whole module around some functions; `withMemory: false` leaves the memory to them. */
export function guest(body: string, options: { withMemory?: boolean } = {}): string {
  return `(module ${prologue} ${options.withMemory === false ? '' : memory} ${body})`
}

export async function compileWat(text: string): Promise<Uint8Array> {
  const parsed = (await wabt()).parseWat('test.wat', text, { reference_types: true, bulk_memory: true, threads: true })
  try {
    return parsed.toBinary({}).buffer
  } finally {
    parsed.destroy()
  }
}

export async function writeWat(folder: string, name: string, text: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const path = join(folder, `${name}.wasm`)
  await writeFile(path, await compileWat(text))
  return path
}
