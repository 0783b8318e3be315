/**
 * The little of the WebAssembly binary format that hardening and snapshots rewrite: sections, LEB128 numbers, names.
 * Source: WebAssembly Core Specification 2.0, section 5 (Binary Format).
 */
export const sectionIds = {
  custom: 0,
  import: 2,
  table: 4,
  memory: 5,
  export: 7,
  data: 11,
  dataCount: 12,
} as const

export const externalKinds = { function: 0, table: 1, memory: 2, global: 3 } as const

export interface Section {
  id: number
  body: Uint8Array
}

/** Bytes that do not follow the format. */
export class MalformedModuleError extends Error {
  override readonly name = 'MalformedModuleError'
}

const headerBytes = 8
const decoder = new TextDecoder()
const encoder = new TextEncoder()

/** A cursor over bytes. Every read checks the end, so hostile lengths end in an error and never in `undefined`. */
export class Reader {
  readonly #bytes: Uint8Array
  #offset: number

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#offset = offset
  }

  get atEnd(): boolean {
    return this.#offset >= this.#bytes.length
  }

  readByte(): number {
    const byte = this.#bytes[this.#offset]
    if (byte === undefined) throw new MalformedModuleError('unexpected end of the module')
    this.#offset++
    return byte
  }

  /** Unsigned LEB128 of at most 32 bits. */
  readNumber(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.readByte()
      value += (byte & 0x7f) * 2 ** shift
      if ((byte & 0x80) === 0) return value
    }
    throw new MalformedModuleError('a number is longer than 32 bits')
  }

  readBytes(length: number): Uint8Array {
    const end = this.#offset + length
    if (end > this.#bytes.length) throw new MalformedModuleError('unexpected end of the module')
    const slice = this.#bytes.subarray(this.#offset, end)
    this.#offset = end
    return slice
  }

  readName(): string {
    return decoder.decode(this.readBytes(this.readNumber()))
  }

  readRest(): Uint8Array {
    return this.readBytes(this.#bytes.length - this.#offset)
  }
}

/** The sections of a module, in the order of the file. Bodies are views, not copies. */
export function readSections(module: Uint8Array): Section[] {
  const reader = new Reader(module, headerBytes)
  const sections: Section[] = []
  while (!reader.atEnd) {
    const id = reader.readByte()
    sections.push({ id, body: reader.readBytes(reader.readNumber()) })
  }
  return sections
}

/** Puts sections behind the header (magic and version) of the module they came from. */
export function writeModule(original: Uint8Array, sections: Section[]): Uint8Array {
  const parts: Uint8Array[] = [original.subarray(0, headerBytes)]
  for (const { id, body } of sections) parts.push(Uint8Array.of(id), encodeNumber(body.length), body)
  return joinBytes(parts)
}

/** A custom section: engines skip it, whoever knows its name reads it. */
export function customSection(name: string, content: Uint8Array): Section {
  return { id: sectionIds.custom, body: joinBytes([encodeName(name), content]) }
}

export function encodeNumber(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  do {
    const low = rest % 128
    rest = Math.floor(rest / 128)
    bytes.push(rest > 0 ? low | 0x80 : low)
  } while (rest > 0)
  return Uint8Array.from(bytes)
}

/** Signed LEB128, as `i32.const` wants it. */
export function encodeSigned(value: number): Uint8Array {
  const bytes: number[] = []
  let rest = value
  for (;;) {
    const low = rest & 0x7f
    rest >>= 7
    const done = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)
    bytes.push(done ? low : low | 0x80)
    if (done) return Uint8Array.from(bytes)
  }
}

export function encodeName(name: string): Uint8Array {
  const bytes = encoder.encode(name)
  return joinBytes([encodeNumber(bytes.length), bytes])
}

/** A vector: how many, then one after the other. */
export function encodeVector(items: Uint8Array[]): Uint8Array {
  return joinBytes([encodeNumber(items.length), ...items])
}

export function joinBytes(parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((total, part) => total + part.length, 0))
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}
