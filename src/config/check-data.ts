import type { IssueList } from './issues.js'
import { type RawFile, routesFile } from './schema/routes-file.js'
import { type MapNode, nodeAt, type Path, type SourceNode } from './source.js'
import { validate } from './validate.js'

const passesMax = 16

/**
 * Checks the merged files against the schema. What fails is reported and left out: the value itself, and what cannot
 * do without it. So the checks after this one still see the rest, and a person gets to know everything at once.
 */
export function checkData(root: MapNode, issues: IssueList): { raw: RawFile; root: MapNode } {
  let rest = root
  for (let pass = 1; pass <= passesMax; pass++) {
    // What fails in later passes fails for what is missing by then; a person need not hear of it.
    const { data, failed } = validate(rest, routesFile, pass === 1 ? issues : null)
    if (!failed) return { raw: data, root: rest }
    const pruned = withoutPaths(
      rest,
      failed.map((path) => existingPath(rest, path)),
    )
    if (pruned?.type !== 'map') break
    rest = pruned
  }
  return { raw: {}, root: { ...root, value: {}, entries: new Map() } }
}

/** What is missing cannot be left out; what lacks it can. */
function existingPath(root: SourceNode, path: Path): Path {
  return nodeAt(root, path) || path.length === 0 ? path : existingPath(root, path.slice(0, -1))
}

/** The tree without the nodes at some paths; nodes off those paths are shared. Null when the root itself goes. */
function withoutPaths(node: SourceNode, paths: Path[]): SourceNode | null {
  if (paths.some((path) => path.length === 0)) return null
  const byKey = new Map<PropertyKey, Path[]>()
  for (const [key, ...rest] of paths) if (key !== undefined) byKey.set(key, [...(byKey.get(key) ?? []), rest])
  if (node.type === 'map') {
    const entries = new Map(
      [...node.entries].flatMap(([name, entry]) => {
        const inner = byKey.get(name)
        const kept = inner ? withoutPaths(entry.node, inner) : entry.node
        return kept ? [[name, { key: entry.key, node: kept }] as const] : []
      }),
    )
    const value: Record<string, unknown> = Object.create(null)
    for (const [name, entry] of entries) value[name] = entry.node.value
    return { ...node, entries, value }
  }
  if (node.type === 'list') {
    const items = node.items.flatMap((item, index) => {
      const inner = byKey.get(index)
      const kept = inner ? withoutPaths(item, inner) : item
      return kept ? [kept] : []
    })
    return { ...node, items, value: items.map((item) => item.value) }
  }
  return node
}
