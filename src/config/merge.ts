import type { IssueList } from './issues.js'
import { namedSections } from './schema/routes-file.js'
import { type MapEntry, type MapNode, type Place, positionOf, type SourceFile, type SourceNode } from './source.js'

/**
 * Puts several files together: names of named sections and routes are joined in the order of the files, everything
 * else may stand in one of them only. A name that is in two files is reported with both places.
 */
export function mergeFiles(roots: SourceNode[], issues: IssueList): MapNode {
  const merged = emptyMap(roots[0])
  for (const root of roots) {
    if (root.type !== 'map') {
      const hint = 'start with the sections: channels, routes, …'
      issues.error('wrong-type', 'a config file has to be a map', root, hint)
      continue
    }
    for (const [name, entry] of root.entries) addSection(merged, name, entry, issues)
  }
  return merged
}

/** A map that stands for all files together; its place is the first file's. */
export function emptyMap(like: SourceNode | undefined): MapNode {
  const file: SourceFile = like?.file ?? { name: '', folder: '/', text: '', lineStarts: [0] }
  const start = like?.start ?? 0
  return { type: 'map', value: Object.create(null), entries: new Map(), sizeNodes: 1, file, start, end: start }
}

export function setEntry(map: MapNode, name: string, entry: MapEntry): void {
  map.entries.set(name, entry)
  map.value[name] = entry.node.value
}

/** The same map without some keys. */
export function withoutKeys(map: MapNode, names: ReadonlySet<string>): MapNode {
  const rest: MapNode = { ...map, value: Object.create(null), entries: new Map() }
  for (const [name, entry] of map.entries) if (!names.has(name)) setEntry(rest, name, entry)
  return rest
}

/** `it is first at routes.yaml:3:5`, for everything that may be there once. */
export function firstAt(place: Place): string {
  const { file, line, column } = positionOf(place)
  return `it is first at ${file}:${line}:${column}`
}

function addSection(merged: MapNode, name: string, entry: MapEntry, issues: IssueList): void {
  // A section whose lines are all comments is no section.
  if (entry.node.type === 'scalar' && entry.node.value === null) return
  const known = merged.entries.get(name)
  if (!known) {
    setEntry(merged, name, copyOf(entry))
    return
  }
  if (isNamedSection(name) && known.node.type === 'map' && entry.node.type === 'map') {
    for (const [key, inner] of entry.node.entries) {
      const twin = known.node.entries.get(key)
      if (twin)
        issues.error('duplicate-name', `${JSON.stringify(key)} is in ${name} twice`, inner.key, firstAt(twin.key))
      else setEntry(known.node, key, inner)
    }
  } else if (name === 'routes' && known.node.type === 'list' && entry.node.type === 'list') {
    known.node.items.push(...entry.node.items)
    known.node.value.push(...entry.node.value)
  } else if (name !== 'version' || known.node.value !== entry.node.value) {
    const message = `"${name}" is set in two files`
    issues.error('duplicate-section', message, entry.key, `${firstAt(known.key)}; keep it in one of them`)
  }
}

/** Merging adds to the section; the file's own node stays as the file has it. */
function copyOf(entry: MapEntry): MapEntry {
  const { node } = entry
  if (node.type === 'map') {
    const value = Object.assign(Object.create(null), node.value)
    return { key: entry.key, node: { ...node, entries: new Map(node.entries), value } }
  }
  if (node.type === 'list') return { key: entry.key, node: { ...node, items: [...node.items], value: [...node.value] } }
  return entry
}

function isNamedSection(name: string): boolean {
  return namedSections.some((section) => section === name)
}
