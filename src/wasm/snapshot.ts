import {
  customSection,
  encodeNumber,
  encodeSigned,
  encodeVector,
  joinBytes,
  Reader,
  readSections,
  type Section,
  sectionIds,
  writeModule,
} from './binary.js'
import { type GuestExport, guestExports } from './host-interface.js'

export interface Script {
  /** The name the engine gives it in stacks. */
  name: string
  code: string
}

export interface Snapshot {
  /** The engine with the memory the scripts left behind, exporting what the last of them serves. */
  module: Uint8Array
  exports: GuestExport[]
}

/** A script threw while it was loaded. */
export class ScriptError extends Error {
  override readonly name = 'ScriptError'
}

interface Engine {
  memory: WebAssembly.Memory
  __stack_pointer: WebAssembly.Global
  build_init: () => number
  build_malloc: (length: number) => number
  build_evaluate: (script: number, length: number, name: number) => number
}

const pageBytes = 65_536
/** glue.wat keeps its constants below; between here and the stack pointer lies QuickJS's stack, which nothing needs. */
const stackStart = 256
/** Shorter runs of zeros are stored rather than paid for with another segment. */
const zerosMin = 16
const i32Const = 0x41
const endOfExpression = 0x0b

/**
 * Loads scripts into a fresh engine, and freezes engine and memory into one module that starts where loading ended.
 * Loading sees a clock that stands still and the same random numbers each time, so equal sources give equal modules.
 * The last script calls `__serve()`, which names the handlers to export, or `__fail(error)`. The caller bounds the time: a script may loop.
 */
export function takeSnapshot(engineBytes: Uint8Array, scripts: Script[]): Snapshot {
  const host = createLoadingHost()
  const instance = new WebAssembly.Instance(new WebAssembly.Module(engineBytes), host.imports)
  const engine = instance.exports as unknown as Engine
  if (engine.build_init() !== 0) throw new ScriptError('the script engine does not start')
  for (const script of scripts) {
    const name = writeText(engine, script.name)
    const code = writeText(engine, script.code)
    const thrown = engine.build_evaluate(code.at, code.length, name.at) !== 0
    if (thrown || host.error() !== '') throw new ScriptError(host.error())
  }
  const served = JSON.parse(host.output() || '[]') as GuestExport[]
  const memory = new Uint8Array(engine.memory.buffer)
  memory.fill(0, stackStart, engine.__stack_pointer.value)
  return { module: freeze(engineBytes, memory, served), exports: served }
}

/** A module with a source map for whoever reports its errors. */
export function appendSection(module: Uint8Array, name: string, content: string): Uint8Array {
  return writeModule(module, [...readSections(module), customSection(name, new TextEncoder().encode(content))])
}

function writeText(engine: Engine, text: string): { at: number; length: number } {
  const bytes = new TextEncoder().encode(text)
  const at = engine.build_malloc(bytes.length + 1)
  if (at === 0) throw new ScriptError('the script does not fit into the engine')
  const memory = new Uint8Array(engine.memory.buffer)
  memory.set(bytes, at)
  memory[at + bytes.length] = 0
  return { at, length: bytes.length }
}

function freeze(engineBytes: Uint8Array, memory: Uint8Array, served: GuestExport[]): Uint8Array {
  const segments = dataSegments(memory)
  const kept = new Set<string>(['memory', ...served.filter((name) => Object.hasOwn(guestExports, name))])
  const sections = readSections(engineBytes).map((section): Section => {
    switch (section.id) {
      case sectionIds.memory: {
        const withoutMaximum = Uint8Array.of(0)
        const limits = joinBytes([withoutMaximum, encodeNumber(memory.length / pageBytes)])
        return { id: section.id, body: encodeVector([limits]) }
      }
      case sectionIds.export:
        return { id: section.id, body: keepExports(new Reader(section.body), kept) }
      case sectionIds.dataCount:
        return { id: section.id, body: encodeNumber(segments.length) }
      case sectionIds.data:
        return { id: section.id, body: encodeVector(segments) }
      default:
        return section
    }
  })
  return writeModule(engineBytes, sections)
}

/** The parts of the memory that are not zero, as active data segments. */
function dataSegments(memory: Uint8Array): Uint8Array[] {
  const segments: Uint8Array[] = []
  let start = 0
  while (start < memory.length) {
    if (memory[start] === 0) {
      start++
      continue
    }
    let end = start + 1
    for (let next = end, zeros = 0; next < memory.length && zeros < zerosMin; next++) {
      zeros = memory[next] === 0 ? zeros + 1 : 0
      if (zeros === 0) end = next + 1
    }
    segments.push(
      joinBytes([
        Uint8Array.of(0, i32Const),
        encodeSigned(start),
        Uint8Array.of(endOfExpression),
        encodeNumber(end - start),
        memory.slice(start, end),
      ]),
    )
    start = end
  }
  return segments
}

function keepExports(reader: Reader, kept: Set<string>): Uint8Array {
  const count = reader.readNumber()
  const exports: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const name = reader.readName()
    const kind = reader.readByte()
    const item = reader.readNumber()
    const nameBytes = new TextEncoder().encode(name)
    if (!kept.has(name)) continue
    exports.push(joinBytes([encodeNumber(nameBytes.length), nameBytes, Uint8Array.of(kind), encodeNumber(item)]))
  }
  return encodeVector(exports)
}

/** The host while scripts load: it takes blocks, an error and an output, and answers nothing else. */
function createLoadingHost() {
  const blocks: Uint8Array[] = []
  const addressBits = 32n
  const blockOf = (address: bigint) => blocks[Number(address >> addressBits) - 1] ?? new Uint8Array(0)
  const offsetOf = (address: bigint) => Number(address & 0xffff_ffffn)
  const textOf = (address: bigint) => new TextDecoder().decode(blockOf(address))
  let error = ''
  let output = ''
  let randomState = 0x9e37_79b9_7f4a_7c15n
  const nothing = () => undefined
  const none = () => 0n
  const extism: Record<string, unknown> = {
    alloc: (length: bigint) => {
      blocks.push(new Uint8Array(Number(length)))
      return BigInt(blocks.length) << addressBits
    },
    store_u8: (address: bigint, value: number) => {
      blockOf(address)[offsetOf(address)] = value
    },
    store_u64: (address: bigint, value: bigint) => {
      const block = blockOf(address)
      new DataView(block.buffer).setBigInt64(offsetOf(address), value, true)
    },
    length: (address: bigint) => BigInt(blockOf(address).length),
    error_set: (address: bigint) => {
      error = textOf(address)
    },
    output_set: (address: bigint) => {
      output = textOf(address)
    },
    input_length: none,
    input_offset: none,
    load_u64: none,
    load_u8: () => 0,
    config_get: none,
    free: nothing,
    log_trace: nothing,
    log_debug: nothing,
    log_info: nothing,
    log_warn: nothing,
    log_error: nothing,
  }
  const mailtrigger: Record<string, unknown> = {
    now_ms: none,
    random: () => {
      randomState = BigInt.asUintN(64, randomState * 6_364_136_223_846_793_005n + 1_442_695_040_888_963_407n)
      return randomState
    },
  }
  const unavailable = () => {
    throw new ScriptError('the mailtrigger functions are not available while the module is loaded')
  }
  for (const name of ['db_query', 'db_exec', 'mail_search', 'mail_get', 'people_get', 'http', 'notify']) {
    mailtrigger[name] = unavailable
  }
  return { imports: { 'extism:host/env': extism, mailtrigger }, error: () => error, output: () => output }
}
