import { isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type YAMLMap } from 'yaml'
import { yamlSizeBytesMax } from './parse-yaml.js'

/** A condition that a mail did not meet, as it is told of (`subject contains "x"`), and one it meets. */
export interface Suggestion {
  route: string
  /** `subject`, `header X-Foo`; null where it is not known what failed. */
  field: string | null
  condition: string
  /** YAML of one condition: `subject: { contains: "x" }` */
  suggestion: string
}

/**
 * A config file with a suggested condition in the place of the one that failed; all else stays as it is written. Null
 * when it cannot be told which one that is, or when the result would not be YAML. Pure.
 */
export function applySuggestion(text: string, wanted: Suggestion): string | null {
  if (text.length > yamlSizeBytesMax) return null
  const [pair, ...others] = pairsOf(parseDocument(wanted.suggestion).contents)
  const when = findConditions(parseDocument(text).contents, wanted.route)
  if (!pair || others.length > 0 || !when) return null
  const field = wanted.field ?? nameField(pair)
  const places = listPlaces(when).filter((place) => place.field === field?.toLowerCase())
  const [best] = places.sort((one, other) => countMentions(other, wanted) - countMentions(one, wanted))
  const range = best && rangeOf(best.pair, text)
  if (!best || !range || hasKey(best.map, pair, best.pair)) return null
  const changed = text.slice(0, range.start) + wanted.suggestion.trim() + text.slice(range.end)
  return parseDocument(changed).errors.length === 0 ? changed : null
}

interface Place {
  field: string | null
  pair: Pair<unknown, unknown>
  map: YAMLMap
}

const placesMax = 1_000

function findConditions(root: unknown, route: string): YAMLMap | null {
  const routes = isMap(root) ? root.get('routes', true) : null
  if (!isSeq(routes)) return null
  const found = routes.items.find((item) => isMap(item) && item.get('name') === route)
  const when = isMap(found) ? found.get('when', true) : null
  return isMap(when) ? when : null
}

/** Every test of a condition, through `all`, `any` and `not`. */
function listPlaces(when: YAMLMap): Place[] {
  const places: Place[] = []
  const pending: unknown[] = [when]
  for (let node = pending.pop(); node !== undefined && places.length < placesMax; node = pending.pop()) {
    if (!isMap(node)) continue
    for (const pair of pairsOf(node)) {
      const key = keyOf(pair)
      if (key === 'all' || key === 'any') pending.push(...(isSeq(pair.value) ? pair.value.items : []))
      else if (key === 'not') pending.push(pair.value)
      else places.push({ field: nameField(pair)?.toLowerCase() ?? null, pair, map: node })
    }
  }
  return places
}

/** As traces name it; a header or attachment of several tests has no single name. */
function nameField(pair: Pair<unknown, unknown>): string | null {
  const key = keyOf(pair)
  if (key !== 'header' && key !== 'attachment') return key
  const [inner, ...others] = pairsOf(pair.value)
  return inner && others.length === 0 ? `${key} ${keyOf(inner)}` : null
}

/** Of two tests of the same field, the one that was told of says its words. */
function countMentions({ pair }: Place, { condition }: Suggestion): number {
  const words: string[] = []
  const pending: unknown[] = [pair.value]
  for (let node = pending.pop(); node !== undefined && words.length < placesMax; node = pending.pop()) {
    if (isScalar(node)) words.push(String(node.value))
    else if (isSeq(node)) pending.push(...node.items)
    else for (const inner of pairsOf(node)) pending.push(inner.key, inner.value)
  }
  return words.filter((word) => word !== '' && condition.includes(word)).length
}

function pairsOf(node: unknown): Pair<unknown, unknown>[] {
  return isMap(node) ? node.items : []
}

function keyOf({ key }: Pair<unknown, unknown>): string {
  return isScalar(key) ? String(key.value) : String(key)
}

function hasKey(map: YAMLMap, wanted: Pair<unknown, unknown>, except: Pair<unknown, unknown>): boolean {
  return map.items.some((pair) => pair !== except && keyOf(pair) === keyOf(wanted))
}

/** A block's range ends behind its last line break. */
function rangeOf({ key, value }: Pair<unknown, unknown>, text: string): { start: number; end: number } | null {
  const start = isScalar(key) ? key.range?.[0] : undefined
  const end = (value as Node | null)?.range?.[1]
  if (start === undefined || end === undefined) return null
  return { start, end: start + text.slice(start, end).trimEnd().length }
}
