import type { Scalar } from 'yaml'
import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Pair,
  Parser,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import type { IssueList } from './issues.js'
import {
  type ListNode,
  type MapEntry,
  type MapNode,
  type Place,
  positionOf,
  type ScalarNode,
  type SourceFile,
  type SourceNode,
} from './source.js'
import { type Surroundings, substitute } from './substitute.js'
import { explainYamlError } from './yaml-problems.js'

/** The YAML library's checks grow with the square of the keys, and so do its pathological inputs. */
export const yamlSizeBytesMax = 256_000
const depthMax = 60
const nodesMax = 200_000
const errorsShownMax = 20

/**
 * Reads one YAML 1.2 document into nodes with places, substituting `${…}` in its text values. Returns null after a
 * syntax error (reported to `issues`), and for an empty document.
 */
export function parseYaml(file: SourceFile, surroundings: Surroundings, issues: IssueList): SourceNode | null {
  const tokens = [...new Parser().parse(file.text)]
  const tooDeep = findTooDeep(tokens)
  if (tooDeep !== null) {
    const place = { file, start: tooDeep, end: tooDeep + 1 }
    issues.error('too-deep', `nested more than ${depthMax} levels deep`, place)
    return null
  }
  // Duplicate keys are found below: the library's own check is quadratic.
  const composer = new Composer({ version: '1.2', uniqueKeys: false, prettyErrors: false })
  const documents = [...composer.compose(tokens, true, file.text.length)]
  const document = documents[0]
  if (!document) return null
  if (documents.length > 1) {
    const start = documents[1]?.range[0] ?? 0
    const { message, hint } = explainYamlError('MULTIPLE_DOCS', '', file, start)
    issues.error('bad-yaml', message, { file, start, end: start + 3 }, hint)
    return null
  }
  const problems = [...document.errors, ...document.warnings]
  for (const { code, message, pos } of problems.slice(0, errorsShownMax)) {
    const [start, end] = placeOfError(file, pos)
    const explained = explainYamlError(code, message, file, start)
    const place = { file, start, end }
    issues.error('bad-yaml', explained.message, place, issues.isSecret(place) ? null : explained.hint)
  }
  if (problems.length > 0) return null
  const reading: Reading = { file, surroundings, issues, anchors: new Map(), isFull: false }
  const node = document.contents ? readNode(document.contents, reading) : null
  return reading.isFull ? null : node
}

interface Reading {
  file: SourceFile
  surroundings: Surroundings
  issues: IssueList
  /** The node of each anchor so far; null while its own content is being read. */
  anchors: Map<string, SourceNode | null>
  isFull: boolean
}

/**
 * Offset of the first token nested too deep, or null. The library recurses while composing and a long run of `- - -`
 * can take the whole process down there; this looks at the token tree first, without recursion.
 */
function findTooDeep(tokens: CST.Token[]): number | null {
  const pending: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = pending.pop(); next; next = pending.pop()) {
    const { token, depth } = next
    if (depth > depthMax) return token.offset
    if (token.type === 'document' && token.value) pending.push({ token: token.value, depth })
    if (!('items' in token)) continue
    for (const item of token.items) {
      if (item.key) pending.push({ token: item.key, depth: depth + 1 })
      if (item.value) pending.push({ token: item.value, depth: depth + 1 })
    }
  }
  return null
}

function readNode(node: unknown, reading: Reading): SourceNode {
  if (isAlias(node)) return readAlias(node.source, placeOf(node, reading), reading)
  const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined
  if (anchor) reading.anchors.set(anchor, null)
  const read = isMap(node)
    ? readMap(node, reading)
    : isSeq(node)
      ? readList(node, reading)
      : readScalar(isScalar(node) ? node : null, placeOf(node, reading), reading)
  if (anchor) reading.anchors.set(anchor, read)
  return read
}

function readAlias(name: string, place: Place, reading: Reading): SourceNode {
  const target = reading.anchors.get(name)
  if (target) return target
  const shown = reading.issues.isSecret(place) ? '' : name
  const message = target === null ? `the alias *${shown} contains itself` : `the alias *${shown} is not defined`
  reading.issues.error('bad-yaml', message, place, `a text that starts with * has to be quoted: "*${shown}"`)
  return { ...scalarNode(null, place), incomplete: true }
}

function readMap(map: YAMLMap<unknown, unknown>, reading: Reading): MapNode {
  const entries = new Map<string, MapEntry>()
  // Without a prototype, so that a name such as "constructor" is a name like any other.
  const value: Record<string, unknown> = Object.create(null)
  let sizeNodes = 1
  for (const pair of map.items) {
    if (reading.isFull) break
    const key = readKey(pair, reading)
    if (key === null) continue
    const known = entries.get(key.name)
    if (known) {
      const first = positionOf(known.key)
      const message = `the key ${JSON.stringify(key.name.slice(0, 100))} is here twice`
      reading.issues.error(
        'duplicate-key',
        message,
        key.place,
        `it is first at ${first.file}:${first.line}:${first.column}`,
      )
      continue
    }
    const node = pair.value === null ? scalarNode(null, key.place) : readNode(pair.value, reading)
    entries.set(key.name, { key: key.place, node })
    value[key.name] = node.value
    sizeNodes = countNodes(sizeNodes, node, key.place, reading)
  }
  return { type: 'map', value, entries, sizeNodes, ...placeOf(map, reading) }
}

function readList(list: YAMLSeq<unknown>, reading: Reading): ListNode {
  const items: SourceNode[] = []
  let sizeNodes = 1
  for (const item of list.items) {
    if (reading.isFull) break
    const node = readNode(item, reading)
    items.push(node)
    sizeNodes = countNodes(sizeNodes, node, placeOf(item, reading), reading)
  }
  const value = items.map((item) => item.value)
  return { type: 'list', value, items, flow: list.flow === true, sizeNodes, ...placeOf(list, reading) }
}

/** Aliases of aliases grow without bound while the file stays small. */
function countNodes(sizeNodes: number, node: SourceNode, place: Place, reading: Reading): number {
  const total = sizeNodes + node.sizeNodes
  if (total > nodesMax && !reading.isFull) {
    reading.isFull = true
    reading.issues.error('too-large', `aliases make this more than ${nodesMax} values`, place)
  }
  return total
}

function readKey(pair: Pair<unknown, unknown>, reading: Reading): { name: string; place: Place } | null {
  const place = placeOf(pair.key, reading)
  if (!isScalar(pair.key)) {
    const written = reading.file.text.slice(Math.max(0, place.start - 1), place.end + 1)
    const hint = written.includes('{') ? 'a text that starts with { has to be quoted: "{{ name }}"' : 'quote the text'
    reading.issues.error('bad-key', 'a key has to be a plain text', place, hint)
    return null
  }
  const name = typeof pair.key.value === 'string' ? pair.key.value : (pair.key.source ?? String(pair.key.value))
  if (name === '__proto__' || name === '') {
    reading.issues.error('bad-key', `"${name}" cannot be a key`, place)
    return null
  }
  return { name, place }
}

function readScalar(scalar: Scalar<unknown> | null, place: Place, reading: Reading): ScalarNode {
  if (!scalar) return scalarNode(null, place)
  const style = scalar.type?.startsWith('QUOTE') ? 'quoted' : scalar.type?.startsWith('BLOCK') ? 'block' : 'plain'
  const written = scalar.source ?? ''
  if (typeof scalar.value === 'string') {
    const substituted = substitute(scalar.value, place, reading.surroundings, reading.issues)
    const { text, pieces, incomplete } = substituted
    return { ...scalarNode(text, place), style, written, pieces, incomplete }
  }
  const { value } = scalar
  const simple = typeof value === 'number' || typeof value === 'boolean' ? value : null
  return { ...scalarNode(simple, place), style, written }
}

function scalarNode(value: ScalarNode['value'], place: Place): ScalarNode {
  const { file, start, end } = place
  return {
    type: 'scalar',
    value,
    style: 'plain',
    written: '',
    pieces: [],
    incomplete: false,
    sizeNodes: 1,
    file,
    start,
    end,
  }
}

function placeOf(node: unknown, { file }: Reading): Place {
  const range = isAlias(node) || isScalar(node) || isMap(node) || isSeq(node) ? node.range : undefined
  const [start, end] = range ?? [0, 0]
  return { file, start, end: Math.max(start, end) }
}

/** The library points at where it noticed; an unknown value reads better from its first character. */
function placeOfError(file: SourceFile, [start, end]: [number, number]): [number, number] {
  const last = Math.max(0, file.text.length - 1)
  const first = Math.min(start, last)
  return [first, Math.max(first + 1, Math.min(end, last + 1))]
}
