import type { IssueList } from './issues.js'
import { withoutItems, withoutKeys } from './merge.js'
import { namedSections, type RawFile, routesFile } from './schema/routes-file.js'
import type { MapNode, Path } from './source.js'
import { validate } from './validate.js'

const passesMax = 4

/**
 * Checks the merged files against the schema. What fails is reported and left out (one route, one channel, one
 * section), so that the checks after this one still see the rest and a person gets to know everything at once.
 */
export function checkData(root: MapNode, issues: IssueList): { raw: RawFile; root: MapNode } {
  let rest = root
  for (let pass = 1; pass <= passesMax; pass++) {
    const { data, failed } = validate(rest, routesFile, issues)
    if (!failed) return { raw: data, root: rest }
    rest = withoutFailed(rest, failed)
  }
  // Every pass removes what failed, so this needs a schema that finds new faults in ever smaller data.
  return { raw: {}, root: withoutKeys(root, new Set(root.entries.keys())) }
}

function withoutFailed(root: MapNode, failed: Path[]): MapNode {
  const sections = new Set<string>()
  const names = new Map<string, Set<string>>()
  const routeIndexes = new Set<number>()
  for (const [first, second] of failed) {
    const section = String(first)
    if (section === 'routes' && typeof second === 'number') routeIndexes.add(second)
    else if (second !== undefined && namedSections.some((named) => named === section)) {
      names.set(section, (names.get(section) ?? new Set()).add(String(second)))
    } else sections.add(section)
  }
  const rest = withoutKeys(root, sections)
  for (const [section, removed] of names) {
    const entry = rest.entries.get(section)
    if (entry?.node.type === 'map') replace(rest, section, withoutKeys(entry.node, removed))
  }
  const routes = rest.entries.get('routes')
  if (routes?.node.type === 'list') replace(rest, 'routes', withoutItems(routes.node, routeIndexes))
  return rest
}

function replace(map: MapNode, name: string, node: MapNode | ReturnType<typeof withoutItems>): void {
  const entry = map.entries.get(name)
  if (!entry) return
  map.entries.set(name, { key: entry.key, node })
  map.value[name] = node.value
}
