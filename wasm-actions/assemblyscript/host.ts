/**
 * What a guest written in AssemblyScript needs of its host. `import { … } from "mailtrigger/host"`: the builder of
 * `.as.ts` files finds this library by that name; with asc itself, give `--lib` this folder's parent (docs/guests.md).
 *
 * Texts cross the border as UTF-8, in blocks of host memory of which a guest knows only the address.
 */

@external("extism:host/env", "alloc") declare function allocateBlock(sizeBytes: u64): u64
@external("extism:host/env", "length") declare function blockLength(address: u64): u64
@external("extism:host/env", "load_u8") declare function loadByte(address: u64): u32
@external("extism:host/env", "load_u64") declare function loadWord(address: u64): u64
@external("extism:host/env", "store_u8") declare function storeByte(address: u64, value: u32): void
@external("extism:host/env", "store_u64") declare function storeWord(address: u64, value: u64): void
@external("extism:host/env", "input_length") declare function inputLength(): u64
@external("extism:host/env", "input_load_u8") declare function loadInputByte(offset: u64): u32
@external("extism:host/env", "input_load_u64") declare function loadInputWord(offset: u64): u64
@external("extism:host/env", "output_set") declare function setOutput(address: u64, sizeBytes: u64): void
@external("extism:host/env", "error_set") declare function setError(address: u64): void
@external("extism:host/env", "config_get") declare function getConfig(keyAddress: u64): u64
@external("extism:host/env", "log_info") declare function writeInfo(address: u64): void
@external("extism:host/env", "log_warn") declare function writeWarning(address: u64): void

/** Milliseconds since 1970. */
@external("mailtrigger", "now_ms") export declare function nowMs(): i64

/** The whole input: UTF-8 JSON. */
export function readInput(): string {
  const length = <i32>inputLength()
  const bytes = new ArrayBuffer(length)
  const start = changetype<usize>(bytes)
  let at = 0
  for (; at + 8 <= length; at += 8) store<u64>(start + at, loadInputWord(at))
  for (; at < length; at++) store<u8>(start + at, <u8>loadInputByte(at))
  return String.UTF8.decode(bytes)
}

/** Gives the answer, as JSON. Return 0 afterwards. */
export function writeOutput(json: string): void {
  setOutput(toBlock(json), String.UTF8.byteLength(json))
}

/** Says why the call fails. Return what this returns. */
export function fail(message: string): i32 {
  setError(toBlock(message))
  return 1
}

export function logInfo(line: string): void {
  writeInfo(toBlock(line))
}

export function logWarning(line: string): void {
  writeWarning(toBlock(line))
}

/** A value of the action's `config` as text; values that are not texts come as JSON. Null when there is none. */
export function readConfig(key: string): string | null {
  const address = getConfig(toBlock(key))
  return address == 0 ? null : fromBlock(address)
}

/** What AssemblyScript calls when an assertion fails or something is thrown: the words end in the trace. */
export function abort(message: string | null, file: string | null, line: u32, column: u32): void {
  const words = message === null ? "abort" : message
  const place = file === null ? "" : file
  fail(`${words} (${place}:${line}:${column})`)
  unreachable()
}

function toBlock(text: string): u64 {
  const bytes = String.UTF8.encode(text)
  const length = bytes.byteLength
  const start = changetype<usize>(bytes)
  const address = allocateBlock(length)
  let at = 0
  for (; at + 8 <= length; at += 8) storeWord(address + at, load<u64>(start + at))
  for (; at < length; at++) storeByte(address + at, load<u8>(start + at))
  return address
}

function fromBlock(address: u64): string {
  const length = <i32>blockLength(address)
  const bytes = new ArrayBuffer(length)
  const start = changetype<usize>(bytes)
  let at = 0
  for (; at + 8 <= length; at += 8) store<u64>(start + at, loadWord(address + at))
  for (; at < length; at++) store<u8>(start + at, <u8>loadByte(address + at))
  return String.UTF8.decode(bytes)
}
