import { SandboxError } from '../domain/errors.js'
import {
  encodeName,
  encodeNumber,
  encodeVector,
  externalKinds,
  joinBytes,
  MalformedModuleError,
  Reader,
  readSections,
  type Section,
  sectionIds,
  writeModule,
} from './binary.js'
import {
  extismFunctions,
  extismNamespace,
  guestExports,
  mailtriggerFunctions,
  mailtriggerNamespace,
  wasiNamespace,
  wasiShimNamespace,
} from './host-interface.js'
import type { ModuleLimits } from './limits.js'
import { wasiFunctionNames } from './wasi.js'

export interface HardenedModule {
  bytes: Uint8Array
  kinds: ('action' | 'condition' | 'job')[]
}

const allowedImports: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [extismNamespace, extismFunctions],
  [mailtriggerNamespace, mailtriggerFunctions],
  [wasiNamespace, wasiFunctionNames],
])
const tablesMax = 4
const hasMaximum = 1

/**
 * Makes a module safe to instantiate: it can import only the functions the host offers, its memory and tables get a
 * maximum, WASI is renamed to the shim's namespace, and `_start` is dropped, because nobody runs a `main`.
 * Throws `SandboxError('rejected')` saying which import or feature stands in the way.
 */
export function hardenModule(module: Uint8Array, limits: ModuleLimits): HardenedModule {
  if (module.length > limits.moduleBytesMax) {
    throw refuse(`the module has ${module.length} bytes, at most ${limits.moduleBytesMax} are allowed`)
  }
  // The engine checks the whole module against the specification first, so the rewriting below reads well-formed bytes.
  compile(module)
  try {
    const kinds = new Set<HardenedModule['kinds'][number]>()
    const sections = readSections(module).map((section): Section => {
      switch (section.id) {
        case sectionIds.import:
          return { id: section.id, body: hardenImports(new Reader(section.body)) }
        case sectionIds.table:
          return { id: section.id, body: hardenTables(new Reader(section.body), limits.tableEntriesMax) }
        case sectionIds.memory:
          return { id: section.id, body: hardenMemory(new Reader(section.body), limits.memoryPagesMax) }
        case sectionIds.export:
          return { id: section.id, body: hardenExports(new Reader(section.body), kinds) }
        default:
          return section
      }
    })
    if (kinds.size === 0) {
      throw refuse(`the module exports none of the functions ${Object.keys(guestExports).join(', ')}`)
    }
    return { bytes: writeModule(module, sections), kinds: [...kinds].sort() }
  } catch (error) {
    if (error instanceof MalformedModuleError) throw refuse(`not a module this host understands: ${error.message}`)
    throw error
  }
}

function compile(module: Uint8Array): void {
  try {
    new WebAssembly.Module(module)
  } catch (error) {
    const detail = error instanceof Error ? error.message.replace(/^WebAssembly\.Module\(\): /, '') : String(error)
    throw refuse(`not a valid WebAssembly module for this Node.js: ${detail.slice(0, 300)}`)
  }
}

function hardenImports(reader: Reader): Uint8Array {
  const count = reader.readNumber()
  const imports: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const namespace = reader.readName()
    const name = reader.readName()
    const kind = reader.readByte()
    if (kind !== externalKinds.function) {
      throw refuse(`imports "${namespace}" "${name}", which is not a function; only functions can be imported`)
    }
    if (!allowedImports.get(namespace)?.has(name)) {
      const hint =
        namespace === 'env' && name === 'abort' ? ' (AssemblyScript: compile with --use abort=yourAbort)' : ''
      throw refuse(`imports "${namespace}" "${name}", which this host does not offer${hint}`)
    }
    const type = reader.readNumber()
    imports.push(
      joinBytes([
        encodeName(namespace === wasiNamespace ? wasiShimNamespace : namespace),
        encodeName(name),
        Uint8Array.of(externalKinds.function),
        encodeNumber(type),
      ]),
    )
  }
  return encodeVector(imports)
}

function hardenTables(reader: Reader, entriesMax: number): Uint8Array {
  const count = reader.readNumber()
  if (count > tablesMax) throw refuse(`has ${count} tables, at most ${tablesMax} are allowed`)
  const tables: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const elementType = reader.readByte()
    const functionReference = 0x70
    const externalReference = 0x6f
    if (elementType !== functionReference && elementType !== externalReference) {
      throw refuse('has a table of typed references, which this host does not support')
    }
    const { minimum, maximum } = readLimits(reader, 'table')
    if (minimum > entriesMax) throw refuse(`needs a table of ${minimum} entries, at most ${entriesMax} are allowed`)
    tables.push(
      joinBytes([Uint8Array.of(elementType), encodeLimits(minimum, Math.min(maximum ?? entriesMax, entriesMax))]),
    )
  }
  return encodeVector(tables)
}

function hardenMemory(reader: Reader, pagesMax: number): Uint8Array {
  const count = reader.readNumber()
  if (count > 1) throw refuse(`has ${count} memories, at most one is allowed`)
  if (count === 0) return encodeVector([])
  const { minimum, maximum } = readLimits(reader, 'memory')
  if (minimum > pagesMax) throw refuse(`needs ${minimum} pages of memory, at most ${pagesMax} (64 KB each) are allowed`)
  return encodeVector([encodeLimits(minimum, Math.min(maximum ?? pagesMax, pagesMax))])
}

function hardenExports(reader: Reader, kinds: Set<HardenedModule['kinds'][number]>): Uint8Array {
  const count = reader.readNumber()
  const exports: Uint8Array[] = []
  for (let index = 0; index < count; index++) {
    const name = reader.readName()
    const kind = reader.readByte()
    const item = reader.readNumber()
    if (name === '_start') continue
    if (kind === externalKinds.function && isGuestExport(name)) kinds.add(guestExports[name])
    exports.push(joinBytes([encodeName(name), Uint8Array.of(kind), encodeNumber(item)]))
  }
  return encodeVector(exports)
}

function isGuestExport(name: string): name is keyof typeof guestExports {
  return Object.hasOwn(guestExports, name)
}

function readLimits(reader: Reader, what: string): { minimum: number; maximum: number | null } {
  const flags = reader.readByte()
  if (flags > hasMaximum) throw refuse(`has a shared or 64-bit ${what}, which this host does not support`)
  const minimum = reader.readNumber()
  return { minimum, maximum: flags === hasMaximum ? reader.readNumber() : null }
}

function encodeLimits(minimum: number, maximum: number): Uint8Array {
  return joinBytes([Uint8Array.of(hasMaximum), encodeNumber(minimum), encodeNumber(maximum)])
}

function refuse(message: string): SandboxError {
  return new SandboxError('rejected', message)
}
