import type { TextField } from '../domain/route.js'
import { compileAddressGlob, foldAddress } from './address-glob.js'
import type { ConditionNode, TestCondition, TestNode } from './compile-condition.js'
import type { CompiledRoute } from './compile-routes.js'
import { literalsOf } from './compile-text-test.js'
import { buildLiteralIndex } from './literal-index.js'
import type { MailReading } from './mail-reading.js'
import type { PatternSet } from './patterns.js'
import { keyOfField, readAddresses } from './read-field.js'

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

export function buildRouteIndex(
  routes: readonly CompiledRoute[],
  patterns: ReadonlyMap<string, PatternSet>,
): RouteIndex {
  const required = routes.map(({ condition }) => requiredTests(condition)?.tests ?? [])
  const always: number[] = []
  const filed: { test: TestNode; position: number }[] = []
  for (const [position, tests] of required.entries()) {
    if (tests.length === 0) always.push(position)
    for (const test of tests) filed.push({ test, position })
  }
  const parts = [indexAddresses(filed), indexLiterals(filed), indexPatterns(filed, patterns)]
  return {
    required,
    find(reading) {
      const positions = new Set(always)
      for (const findInPart of parts) findInPart(reading, positions)
      return [...positions].sort((a, b) => a - b)
    },
  }
}

type FindPositions = (reading: MailReading, into: Set<number>) => void
type FiledTests = { test: TestNode; position: number }[]

/**
 * Tests of which at least one must hold for the condition to hold, and what looking them up costs; null when there are
 * none the index can look up. Of `all` the cheapest member will do; `any` needs one of each member.
 */
function requiredTests(node: ConditionNode): { tests: TestNode[]; cost: number } | null {
  if (node.kind === 'test') {
    const cost = lookupCost(node.condition)
    return cost === null ? null : { tests: [node], cost }
  }
  if (node.kind === 'all') {
    const options = node.of.map(requiredTests).filter((option) => option !== null)
    return options.reduce<ReturnType<typeof requiredTests>>(
      (best, option) => (best === null || option.cost < best.cost ? option : best),
      null,
    )
  }
  if (node.kind === 'any' && node.of.length > 0) {
    const options = node.of.map(requiredTests)
    const tests = options.flatMap((option) => option?.tests ?? [])
    if (options.includes(null) || tests.length > 100) return null
    return { tests, cost: Math.max(...options.map((option) => option?.cost ?? 0)) }
  }
  return null
}

/** Lower is better; null when the index cannot look the test up. */
function lookupCost(condition: TestCondition): number | null {
  if (condition.kind === 'address') {
    const globs = condition.globs.map(compileAddressGlob)
    if (globs.every(({ exact }) => exact !== null)) return 0
    return globs.every(({ exact, domain }) => exact !== null || domain !== null) ? 2 : null
  }
  if (condition.kind !== 'text') return null
  const isLong = condition.field.type === 'body' || condition.field.type === 'html'
  if (condition.operator === 'matches') return isLong ? 5 : 3
  if (literalsOf(condition).includes('')) return null
  return isLong ? 4 : 1
}

function indexAddresses(filed: FiledTests): FindPositions {
  const byField = new Map<string, { field: TextField; exact: Map<string, number[]>; domain: Map<string, number[]> }>()
  for (const { test, position } of filed) {
    if (test.condition.kind !== 'address') continue
    const { field, globs } = test.condition
    const maps = byField.get(keyOfField(field)) ?? { field, exact: new Map(), domain: new Map() }
    byField.set(keyOfField(field), maps)
    for (const { exact, domain } of globs.map(compileAddressGlob)) {
      if (exact !== null) push(maps.exact, exact, position)
      else if (domain !== null) push(maps.domain, domain, position)
    }
  }
  return (reading, into) => {
    for (const { field, exact, domain } of byField.values()) {
      for (const address of readAddresses(reading.mail, field).map(foldAddress)) {
        addAll(into, exact.get(address))
        addAll(into, domain.get(address.slice(address.lastIndexOf('@') + 1)))
      }
    }
  }
}

function indexLiterals(filed: FiledTests): FindPositions {
  const byForm = new Map<
    string,
    { field: TextField; caseSensitive: boolean; literals: { literal: string; payload: number }[] }
  >()
  for (const { test, position } of filed) {
    if (test.condition.kind !== 'text' || test.condition.operator === 'matches') continue
    const { field, caseSensitive } = test.condition
    const key = `${caseSensitive} ${keyOfField(field)}`
    const form = byForm.get(key) ?? { field, caseSensitive, literals: [] }
    byForm.set(key, form)
    for (const literal of literalsOf(test.condition)) form.literals.push({ literal, payload: position })
  }
  const indexes = [...byForm.values()].map(({ field, caseSensitive, literals }) => {
    return { field, caseSensitive, index: buildLiteralIndex(literals) }
  })
  return (reading, into) => {
    for (const { field, caseSensitive, index } of indexes) {
      for (const text of caseSensitive ? reading.composed(field) : reading.folded(field)) index.find(text, into)
    }
  }
}

function indexPatterns(filed: FiledTests, patterns: ReadonlyMap<string, PatternSet>): FindPositions {
  const byField = new Map<string, { field: TextField; positions: Map<number, number[]> }>()
  for (const { test, position } of filed) {
    if (test.condition.kind !== 'text' || test.condition.operator !== 'matches') continue
    const { field, values } = test.condition
    const key = keyOfField(field)
    const entry = byField.get(key) ?? { field, positions: new Map() }
    byField.set(key, entry)
    for (const pattern of values) {
      const id = patterns.get(key)?.ids.get(pattern)
      if (id === undefined) throw new Error(`pattern on ${key} was never compiled: ${pattern}`)
      push(entry.positions, id, position)
    }
  }
  return (reading, into) => {
    for (const { field, positions } of byField.values()) {
      for (const id of reading.patternHits(field).keys()) addAll(into, positions.get(id))
    }
  }
}

function push<Key>(map: Map<Key, number[]>, key: Key, position: number): void {
  const known = map.get(key)
  if (known) known.push(position)
  else map.set(key, [position])
}

function addAll(into: Set<number>, positions: number[] | undefined): void {
  if (positions) for (const position of positions) into.add(position)
}
