import { z } from 'zod'
import { descriptionAt, keysAllowedAt } from './schema/walk.js'
import { keyPlaceAt, labelOf, nodeAt, type Path, type Place, placeAt, type SourceNode } from './source.js'
import { suggest, suggestionHint } from './suggest.js'
import { hintForValue } from './yaml-problems.js'

export interface IssueWords {
  code: string
  message: string
  place: Place
  hint: string | null
  /** The label of the map around, for telling consequences from causes. */
  parent?: string
  /** The key that is missing. */
  key?: string
  /** The key that a misspelt one meant. */
  meant?: string | null
}

export interface Checked {
  node: SourceNode
  schema: z.core.$ZodType
  /** The path of `node` in the whole config, for the label. */
  at: Path
  /** Keys beside the schema's own, where `node` itself is meant. */
  alsoAllowed: readonly string[]
  /** True when what stands at a place must not be quoted. */
  isSecret: (place: Place) => boolean
}

/** One of zod's issues in words for the person who wrote the file, with what to do about it. */
export function zodIssueWords(issue: z.core.$ZodIssue, checked: Checked): IssueWords[] {
  const { node, schema, at } = checked
  const path = issue.path
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(key, path, checked))
  if (issue.code === 'invalid_key') return [badKey(issue, checked)]

  const where = labelOf([...at, ...path])
  const found = nodeAt(node, path)
  // What a variable lacks has been told; that the rest of the text is no good is no news.
  if (found?.type === 'scalar' && found.incomplete) return []
  const place = placeAt(node, path)
  const description = descriptionAt(schema, path, (one) => z.globalRegistry.get(one)?.description)
  const expected = expectedOf(issue)
  if (expected !== null && found === undefined) {
    const missing = String(path.at(-1) ?? '')
    const parent = labelOf([...at, ...path.slice(0, -1)])
    const message = `"${missing}" is missing${parent ? ` in ${parent}` : ''}`
    const spot = keyPlaceAt(node, path.slice(0, -1))
    return [{ code: 'missing-key', message, place: spot, hint: description, parent, key: missing }]
  }
  if (expected !== null && found) {
    const type = typeWords(found)
    const spot = spotOf(found, node, path)
    const message =
      type === 'empty' ? `${where} is empty; it has to be ${expected}` : `${where} has to be ${expected}, not ${type}`
    return [
      {
        code: 'wrong-type',
        message,
        place: spot,
        hint: (checked.isSecret(spot) ? null : hintForType(found, spot, expected)) ?? description,
      },
    ]
  }
  if (issue.code === 'invalid_value') {
    const allowed = issue.values.map(String)
    const value = found?.type === 'scalar' ? String(found.value) : ''
    const message = `${where} cannot be ${JSON.stringify(shorten(value))}`
    return [{ code: 'unknown-value', message, place, hint: suggestionHint(value, allowed, 'allowed:') }]
  }
  if (issue.code === 'custom') return [customWords(issue, where, checked, description)]
  return [{ code: 'invalid-value', message: `${where}: ${limitWords(issue)}`, place, hint: description }]
}

/** An issue from a check of our own: its message says what is right, so it is the hint when there is a value to show. */
function customWords(
  issue: z.core.$ZodIssueCustom,
  where: string,
  { node, isSecret }: Checked,
  description: string | null,
): IssueWords {
  const found = nodeAt(node, issue.path)
  const place = placeAt(node, issue.path)
  const code = typeof issue.params?.code === 'string' ? issue.params.code : 'invalid-value'
  if (found?.type === 'scalar' && typeof found.value === 'string') {
    // A value from outside may be a secret, too: one that was put in the wrong place.
    const value = found.pieces.length > 0 || isSecret(found) ? 'what it is' : JSON.stringify(shorten(found.value))
    return { code, message: `${where} cannot be ${value}`, place, hint: issue.message }
  }
  const verbs = found?.type === 'map' ? [...found.entries.keys()] : []
  if (code === 'bad-step' && verbs.length > 1) {
    const message = `${where} has ${verbs.length} verbs: ${verbs.map(shorten).join(', ')}`
    return { code, message, place, hint: 'make a step of each, with its own "-"', parent: where }
  }
  return {
    code,
    message: `${where}: ${issue.message}`,
    place,
    hint: code === 'bad-step' ? null : description,
    parent: where,
  }
}

function unknownKey(key: string, path: Path, { node, schema, at, alsoAllowed }: Checked): IssueWords {
  const parent = labelOf([...at, ...path])
  const allowed = [...keysAllowedAt(schema, path), ...(path.length === 0 ? alsoAllowed : [])]
  return {
    code: 'unknown-key',
    message: `unknown key ${JSON.stringify(shorten(key))}${parent ? ` in ${parent}` : ''}`,
    place: keyPlaceAt(node, [...path, key]),
    hint: suggestionHint(key, allowed, 'allowed here:'),
    parent,
    meant: suggest(key, allowed),
  }
}

function badKey(issue: z.core.$ZodIssueInvalidKey, { node, at }: Checked): IssueWords {
  const key = String(issue.path.at(-1) ?? '')
  const inner = issue.issues[0]
  const code = inner?.code === 'custom' && typeof inner.params?.code === 'string' ? inner.params.code : 'bad-key'
  return {
    code,
    message: `${JSON.stringify(shorten(key))} cannot be a key of ${labelOf([...at, ...issue.path.slice(0, -1)])}`,
    place: keyPlaceAt(node, issue.path),
    hint: inner?.code === 'custom' ? inner.message : inner ? limitWords(inner) : null,
  }
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
  null: 'empty',
}

/** `a text, a list or a map`, when the issue is about the type; null when the type was right. */
function expectedOf(issue: z.core.$ZodIssue): string | null {
  if (issue.code === 'invalid_type') return typeNames[issue.expected] ?? issue.expected
  const listed: unknown = issue.code === 'custom' ? issue.params?.expected : undefined
  if (!Array.isArray(listed)) return null
  const names = [...new Set(listed.map((type) => typeNames[String(type)]).filter((one) => one !== undefined))]
  return names.length > 1 ? `${names.slice(0, -1).join(', ')} or ${names.at(-1)}` : (names[0] ?? 'something else')
}

function typeWords(node: SourceNode): string {
  if (node.type === 'map') return 'a map'
  if (node.type === 'list') return 'a list'
  if (node.value === null) return 'empty'
  if (typeof node.value === 'string') return 'a text'
  return typeof node.value === 'number' ? 'a number' : 'true or false'
}

/** An empty value has no extent of its own; its key is what a person sees. */
function spotOf(found: SourceNode, root: SourceNode, path: Path): Place {
  return found.type === 'scalar' && found.value === null && found.written === '' ? keyPlaceAt(root, path) : found
}

function hintForType(found: SourceNode, spot: Place, expected: string): string | null {
  const written = found.file.text.slice(found.start, Math.min(found.end, found.start + 80)).trim()
  if (found.type === 'list' && found.flow && expected.includes('a text')) {
    return `a text that starts with [ has to be quoted: "${written}"`
  }
  if (found.type === 'map') {
    if (written.startsWith('{') && expected.includes('a text'))
      return `a text that starts with { has to be quoted: "${written}"`
    return null
  }
  if (found.type === 'scalar' && found.value === null) {
    const rest = spot.file.text.slice(spot.end, spot.file.text.indexOf('\n', spot.end) + 1 || undefined)
    const comment = /^:?\s+(#.*)/.exec(rest)?.[1]
    if (comment) return `a text that starts with # has to be quoted: "${shorten(comment.trim())}"`
  }
  return hintForValue(written)
}

function limitWords(issue: z.core.$ZodIssue): string {
  if (issue.code === 'too_small') {
    const { minimum, origin } = issue
    if (origin === 'string') return minimum === 1 ? 'must not be empty' : `at least ${minimum} characters`
    if (origin === 'array') return minimum === 1 ? 'the list must not be empty' : `at least ${minimum} entries`
    return `at least ${minimum}`
  }
  if (issue.code === 'too_big') {
    const { maximum, origin } = issue
    if (origin === 'string') return `at most ${maximum} characters`
    if (origin === 'array') return `at most ${maximum} entries`
    return `at most ${maximum}`
  }
  return issue.message
}

function shorten(value: string): string {
  return value.length > 60 ? `${value.slice(0, 60)}…` : value
}
