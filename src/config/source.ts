import type { Position } from '../domain/errors.js'

/** A text that settings come from: a config file, or the value of a flag or variable under that flag's name. */
export interface SourceFile {
  /** As issues show it. */
  name: string
  /** Absolute; relative paths written in this text start here. */
  folder: string
  text: string
  lineStarts: number[]
}

/** A stretch of a source text, in UTF-16 offsets. */
export interface Place {
  file: SourceFile
  start: number
  end: number
}

/** A value from outside that took the place of `${…}` in a scalar. */
export interface SubstitutedPiece {
  value: string
  from: 'variable' | 'file'
}

/**
 * What a file says and where it says it. `value` is the plain data zod sees; the nodes keep the places, so that a path
 * in the data leads to a line and column in constant time per key.
 */
export type SourceNode = MapNode | ListNode | ScalarNode

export interface MapNode extends NodeBase {
  type: 'map'
  value: Record<string, unknown>
  entries: Map<string, MapEntry>
}

export interface MapEntry {
  key: Place
  node: SourceNode
}

export interface ListNode extends NodeBase {
  type: 'list'
  value: unknown[]
  items: SourceNode[]
  /** Written as `[a, b]`. */
  flow: boolean
}

export interface ScalarNode extends NodeBase {
  type: 'scalar'
  value: string | number | boolean | null
  style: 'plain' | 'quoted' | 'block'
  /** The scalar as written, without quotes: what a number was before it became one. */
  written: string
  pieces: SubstitutedPiece[]
  /** A `${…}` in it had no value, which has been reported. */
  incomplete: boolean
}

interface NodeBase extends Place {
  /** Nodes in this subtree, aliases counted as often as they are used. */
  sizeNodes: number
}

export type Path = readonly PropertyKey[]

export function createSourceFile(name: string, folder: string, text: string): SourceFile {
  const lineStarts = [0]
  for (let index = text.indexOf('\n'); index >= 0; index = text.indexOf('\n', index + 1)) lineStarts.push(index + 1)
  return { name, folder, text, lineStarts }
}

/** Line and column (from 1, in UTF-16 units) of an offset. */
export function positionAt(file: SourceFile, offset: number): Position {
  let low = 0
  let high = file.lineStarts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((file.lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { file: file.name, line: low + 1, column: offset - (file.lineStarts[low] ?? 0) + 1 }
}

export function positionOf(place: Place): Position {
  return positionAt(place.file, place.start)
}

/** The node under a key or index, or undefined. */
export function childOf(node: SourceNode | undefined, key: PropertyKey): SourceNode | undefined {
  if (node?.type === 'map') return node.entries.get(String(key))?.node
  if (node?.type === 'list' && typeof key === 'number') return node.items[key]
  return undefined
}

/** The node a path leads to, or undefined where the file does not go so far. */
export function nodeAt(root: SourceNode | undefined, path: Path): SourceNode | undefined {
  let node = root
  for (const key of path) node = childOf(node, key)
  return node
}

/** Where to point for a path: the value; failing that, the nearest thing around it that is written down. */
export function placeAt(root: SourceNode, path: Path): SourceNode {
  let node = root
  for (const key of path) {
    const next = childOf(node, key)
    if (!next) break
    node = next
  }
  return node
}

/** Where the key at the end of a path is written; for list items and what is absent, the nearest value. */
export function keyPlaceAt(root: SourceNode, path: Path): Place {
  const parent = nodeAt(root, path.slice(0, -1))
  const key = path.at(-1)
  const entry = parent?.type === 'map' && key !== undefined ? parent.entries.get(String(key)) : undefined
  return entry?.key ?? placeAt(root, path)
}

/** `routes[0].when.all[1].body`, with keys quoted where a dot would mislead. */
export function labelOf(path: Path): string {
  let label = ''
  for (const key of path) {
    if (typeof key === 'number') label += `[${key}]`
    else if (/^[\w-]+$/.test(String(key))) label += label ? `.${String(key)}` : String(key)
    else label += `[${JSON.stringify(String(key))}]`
  }
  return label
}
