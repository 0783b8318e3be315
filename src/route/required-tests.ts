import type { TextField } from '../domain/route.js'
import { compileAddressGlob } from './address-glob.js'
import type { ConditionNode, TestCondition, TestNode } from './compile-condition.js'
import { literalsOf, patternsOf } from './compile-text-test.js'
import { keyOfField } from './read-field.js'

/** Something the index can look up: a test with these keys can hold only when the mail has one of them. */
export interface LookupKey {
  type: 'address' | 'domain' | 'literal' | 'pattern'
  field: TextField
  caseSensitive: boolean
  value: string
}

/** How many tests of all routes share a key, by `nameKey`. */
export type KeyCounts = ReadonlyMap<string, number>

/**
 * Tests of which at least one must hold for the condition to hold; null when there are none with keys. Of `all` the
 * cheapest member will do; `any` needs one of each member.
 */
export function requiredTests(node: ConditionNode, counts: KeyCounts): { tests: TestNode[]; cost: number } | null {
  if (node.kind === 'test') {
    const keys = lookupKeys(node.condition)
    return keys && { tests: [node], cost: lookupCost(keys, counts) }
  }
  if (node.kind === 'all') {
    const options = node.of.map((child) => requiredTests(child, counts)).filter((option) => option !== null)
    return options.sort((a, b) => a.cost - b.cost)[0] ?? null
  }
  if (node.kind === 'any' && node.of.length > 0) {
    const options = node.of.map((child) => requiredTests(child, counts))
    const tests = options.flatMap((option) => option?.tests ?? [])
    const isUsable = !options.includes(null) && tests.length <= 100
    return isUsable ? { tests, cost: options.reduce((sum, option) => sum + (option?.cost ?? 0), 0) } : null
  }
  return null
}

export function countKeys(nodes: Iterable<ConditionNode>): KeyCounts {
  const counts = new Map<string, number>()
  const count = (node: ConditionNode): void => {
    for (const child of 'of' in node ? node.of : []) count(child)
    const keys = node.kind === 'test' ? lookupKeys(node.condition) : null
    for (const key of keys ?? []) counts.set(nameKey(key), (counts.get(nameKey(key)) ?? 0) + 1)
  }
  for (const node of nodes) count(node)
  return counts
}

/** Null when the test can hold without a key being there. */
export function lookupKeys(condition: TestCondition): LookupKey[] | null {
  if (condition.kind === 'address') return addressKeys(condition.field, condition.globs)
  if (condition.kind !== 'text') return null
  const { field, operator, caseSensitive } = condition
  if (operator === 'matches')
    return patternsOf(condition).map((value) => ({ type: 'pattern', field, caseSensitive: true, value }))
  const literals = literalsOf(condition)
  return literals.includes('') ? null : literals.map((value) => ({ type: 'literal', field, caseSensitive, value }))
}

function addressKeys(field: TextField, globs: string[]): LookupKey[] | null {
  const keys: LookupKey[] = []
  for (const { exact, domain } of globs.map(compileAddressGlob)) {
    if (exact !== null) keys.push({ type: 'address', field, caseSensitive: false, value: exact })
    else if (domain !== null) keys.push({ type: 'domain', field, caseSensitive: false, value: domain })
    else return null
  }
  return keys
}

/** About the routes that come up together by these keys, and what looking through the field costs beside that. */
function lookupCost(keys: LookupKey[], counts: KeyCounts): number {
  const shared = keys.reduce((sum, key) => sum + (counts.get(nameKey(key)) ?? 1), 0)
  const [first] = keys
  const isLong = first?.field.type === 'body' || first?.field.type === 'html'
  const isText = first?.type === 'literal' || first?.type === 'pattern'
  return shared + (isText ? 1 : 0) + (isText && isLong ? 20 : 0)
}

function nameKey({ type, field, caseSensitive, value }: LookupKey): string {
  return `${type} ${caseSensitive} ${keyOfField(field)}\n${value}`
}
