import { foldAddress } from '../domain/fold-address.js'
import type { TextField } from '../domain/route.js'
import type { TestNode } from './compile-condition.js'
import type { CompiledRoute } from './compile-routes.js'
import { buildLiteralIndex } from './literal-index.js'
import type { MailReading } from './mail-reading.js'
import { formsOf, keyOfField, readAddresses } from './read-field.js'
import { countKeys, type LookupKey, lookupKeys, requiredTests } from './required-tests.js'

/**
 * Rules routes out by one test each of them needs, so that ten thousand routes cost about what ten do.
 * Invariant: a route that is not found cannot match, nor depend on an LLM question.
 */
export interface RouteIndex {
  /** Positions of the routes that may match, ascending. */
  find: (reading: MailReading) => number[]
  /** By position: the tests of which at least one must hold. Empty for routes that are always found. */
  required: readonly TestNode[][]
}

export function buildRouteIndex(routes: readonly CompiledRoute[]): RouteIndex {
  const counts = countKeys(routes.map(({ condition }) => condition))
  const required = routes.map(({ condition }) => requiredTests(condition, counts)?.tests ?? [])
  const always: number[] = []
  const drawers = new Map<string, Drawer>()
  for (const [position, tests] of required.entries()) {
    if (tests.length === 0) always.push(position)
    for (const test of tests) {
      for (const key of lookupKeys(test.condition) ?? []) file(drawers, key, position)
    }
  }
  const finders = [...drawers.values()].map(buildFinder)
  return {
    required,
    find(reading) {
      const positions = new Set(always)
      for (const findInDrawer of finders) findInDrawer(reading, positions)
      return [...positions].sort((a, b) => a - b)
    },
  }
}

/** The keys that one look at a field answers. */
interface Drawer extends Pick<LookupKey, 'type' | 'field' | 'caseSensitive'> {
  positions: Map<string, number[]>
}

type Finder = (reading: MailReading, into: Set<number>) => void

function file(drawers: Map<string, Drawer>, key: LookupKey, position: number): void {
  const { type, field, caseSensitive } = key
  const name = `${type} ${caseSensitive} ${keyOfField(field)}`
  const drawer = drawers.get(name) ?? { type, field, caseSensitive, positions: new Map<string, number[]>() }
  drawers.set(name, drawer)
  const known = drawer.positions.get(key.value)
  if (known) known.push(position)
  else drawer.positions.set(key.value, [position])
}

function buildFinder({ type, field, caseSensitive, positions }: Drawer): Finder {
  switch (type) {
    case 'address':
      return (reading, into) => {
        for (const address of foldedAddresses(reading, field)) addAll(into, positions.get(address))
      }
    case 'domain':
      return (reading, into) => {
        for (const address of foldedAddresses(reading, field)) {
          addAll(into, positions.get(address.slice(address.lastIndexOf('@') + 1)))
        }
      }
    case 'pattern':
      return (reading, into) => {
        for (const pattern of reading.hitPatterns(field)) addAll(into, positions.get(pattern))
      }
    case 'literal': {
      const index = buildLiteralIndex(positions)
      return (reading, into) => {
        for (const text of caseSensitive ? reading.composed(field) : reading.folded(field)) index.find(text, into)
      }
    }
  }
}

function foldedAddresses(reading: MailReading, field: TextField): string[] {
  return readAddresses(reading.mail, field)
    .flatMap((address) => formsOf(address, field))
    .map(foldAddress)
}

function addAll(into: Set<number>, positions: number[] | undefined): void {
  if (positions) for (const position of positions) into.add(position)
}
