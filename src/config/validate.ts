import type { z } from 'zod'
import { type IssueWords, zodIssueWords } from './issue-words.js'
import type { IssueList } from './issues.js'
import { childOf, nodeAt, type Path, type SourceNode } from './source.js'

type Issue = z.core.$ZodIssue

const passesMax = 3

/**
 * Checks a node's value against a schema and reports every issue at its place (`issues` null: reports nothing). Two
 * kinds of mismatch are mended first: `"${PORT}"` where a number or boolean is wanted, and a bare number such as a chat
 * id where a text is wanted (it becomes the text as written). Returns the data, or null with the paths that failed.
 * `alsoAllowed` names keys of the whole that are checked elsewhere, for hints.
 */
export function validate<T>(
  node: SourceNode,
  schema: z.ZodType<T>,
  issues: IssueList | null,
  at: Path = [],
  alsoAllowed: readonly string[] = [],
): { data: T; failed: null } | { data: null; failed: Path[] } {
  let result = schema.safeParse(node.value)
  for (let pass = 1; !result.success && pass < passesMax; pass++) {
    if (!coerceScalars(node, leavesOf(result.error.issues, []))) break
    result = schema.safeParse(node.value)
  }
  if (result.success) return { data: result.data, failed: null }
  const told = result.error.issues.flatMap((issue) => mostLikely(issue, [], node))
  if (issues) {
    const words = told.flatMap((issue) =>
      zodIssueWords(issue, { node, schema, at, alsoAllowed, isSecret: (place) => issues.isSecret(place) }),
    )
    for (const { code, message, place, hint } of withoutConsequences(words)) issues.error(code, message, place, hint)
  }
  return { data: null, failed: told.flatMap(failedPaths) }
}

function failedPaths(issue: Issue): Path[] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path]
}

const causedByUnknownKey = ['bad-step', 'empty-condition', 'bad-lookup']

/** A misspelt key also leaves a required one missing, or a step without a verb: one mistake, told once. */
function withoutConsequences(words: IssueWords[]): IssueWords[] {
  const misspelt = new Set(words.flatMap(({ meant, parent }) => (meant ? [`${parent} ${meant}`] : [])))
  const unknown = new Set(words.flatMap(({ code, parent }) => (code === 'unknown-key' ? [parent] : [])))
  return words.filter(({ code, parent, key }) => {
    if (code === 'missing-key') return !misspelt.has(`${parent} ${key}`)
    return !causedByUnknownKey.includes(code) || !unknown.has(parent)
  })
}

/**
 * Of a union's branches, the one whose author was meant: a branch that wants another type of value altogether is not
 * it, and of the others the one with the fewest complaints. The paths of the answer start at the root.
 */
function mostLikely(issue: Issue, prefix: Path, node: SourceNode): Issue[] {
  const path = [...prefix, ...issue.path]
  if (issue.code !== 'invalid_union') return [{ ...issue, path }]
  const branches = issue.errors.filter((branch) => branch.length > 0)
  const isScalar = nodeAt(node, path)?.type === 'scalar'
  const plausible = branches.filter((branch) => !branch.some((inner) => isTypeMismatch(inner, isScalar)))
  const best = plausible.sort((left, right) => left.length - right.length)[0]
  if (best) return best.flatMap((inner) => mostLikely(inner, path, node))
  const expected = new Set(branches.flat().flatMap(expectedTypes))
  return [{ code: 'custom', path, message: '', params: { code: 'wrong-type', expected: [...expected] } }]
}

function isTypeMismatch(issue: Issue, isScalar: boolean): boolean {
  if (issue.path.length > 0) return false
  if (issue.code === 'invalid_type') return true
  // A list or a map is never one of some words; a text is no mismatch where words are wanted.
  if (issue.code === 'invalid_value') return !isScalar || issue.values.every((value) => typeof value !== 'string')
  if (issue.code !== 'invalid_union') return false
  return issue.errors.every((branch) => branch.some((inner) => isTypeMismatch(inner, isScalar)))
}

function expectedTypes(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [issue.expected]
  if (issue.code === 'invalid_value') return ['value']
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectedTypes)
  return []
}

interface Leaf {
  path: Path
  expected: string
}

/** Every type that some branch would have taken, with paths from the root. */
function leavesOf(found: readonly Issue[], prefix: Path): Leaf[] {
  return found.flatMap((issue): Leaf[] => {
    const path = [...prefix, ...issue.path]
    if (issue.code === 'invalid_type') return [{ path, expected: issue.expected }]
    if (issue.code === 'invalid_union') return issue.errors.flatMap((branch) => leavesOf(branch, path))
    if (issue.code === 'invalid_value') return issue.values.map((value) => ({ path, expected: typeof value }))
    return []
  })
}

function coerceScalars(root: SourceNode, leaves: Leaf[]): boolean {
  let coerced = false
  for (const { path, expected } of leaves) {
    const parent = nodeAt(root, path.slice(0, -1))
    const key = path.at(-1)
    if (!parent || key === undefined) continue
    const node = childOf(parent, key)
    if (node?.type !== 'scalar') continue
    const value = coerce(node.value, node.pieces.length > 0, node.written, expected)
    if (value === null) continue
    node.value = value
    if (parent.type === 'map') parent.value[String(key)] = value
    else if (parent.type === 'list' && typeof key === 'number') parent.value[key] = value
    coerced = true
  }
  return coerced
}

function coerce(value: unknown, isSubstituted: boolean, written: string, expected: string) {
  if (typeof value === 'string' && isSubstituted) {
    if ((expected === 'number' || expected === 'int') && /^-?\d+(?:\.\d+)?$/.test(value)) return Number(value)
    if (expected === 'boolean' && (value === 'true' || value === 'false')) return value === 'true'
  }
  if (expected === 'string' && (typeof value === 'number' || typeof value === 'boolean'))
    return written || String(value)
  return null
}
