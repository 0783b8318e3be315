import type { operationsOf } from '#src/http/openapi/describe-api.js'

type Operation = ReturnType<typeof operationsOf>[number][1]

/** What there is to ask for. */
export interface Names {
  ids: string[]
  names: string[]
}

export type Random = () => number

/** The same numbers for the same seed, from 0 to 1 (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Texts that somebody may have forgotten to think of. */
export const odd = [
  'nope',
  '0',
  '-1',
  'o\'brien "q" %',
  '<script>alert(1)</script>',
  '../../etc/passwd',
  '__proto__',
  'constructor',
  '\u0000',
  '\ud83d\ude00',
  'x'.repeat(5_000),
  '$' + '{HOME}',
  "' OR 1=1 --",
  '1e999',
  '[object Object]',
  '2h',
  'null',
]
const oddBodies = [
  '{',
  '[]',
  'null',
  '"text"',
  '{"a":',
  '{"__proto__":{"x":1}}',
  '[[[[[[[[1]]]]]]]]',
  '\u0000',
  '1e999',
  '',
]
const oddTypes = [
  'application/json',
  'text/plain',
  'application/xml',
  'multipart/form-data; boundary=x',
  'application/x-www-form-urlencoded',
]
const mail = 'From: a@b.example\r\nTo: c@d.example\r\nSubject: wanted by chance\r\n\r\nSome text.\r\n'

/** A request for an operation: one that looks right about half of the time, and else wrong in some way. */
export function inventRequest(
  random: Random,
  { path, method, operation }: { path: string; method: string; operation: Operation },
  names: Names,
) {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  const known = [...names.ids, ...names.names]
  const address = path.replaceAll(/\{\w+\}/g, () =>
    encodeURIComponent(random() < 0.6 ? pick(known) : pick(odd.slice(0, 10))),
  )
  const query = new URLSearchParams()
  for (const parameter of operation.parameters ?? []) {
    if (!('in' in parameter) || parameter.in !== 'query') continue
    if (!parameter.required && random() < 0.5) continue
    const isRight = random() < 0.7
    query.set(parameter.name, isRight ? String(inventValue(random, parameter.schema as Schema, known)) : pick(odd))
  }
  const content = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : {}
  const [type, media] = Object.entries(content)[0] ?? []
  const headers: Record<string, string> = {}
  let body: string | null = null
  if (type !== undefined) {
    const isRight = random() < 0.7
    headers['content-type'] = isRight ? type : pick(oddTypes)
    if (!isRight) body = pick(oddBodies)
    else if (type !== 'application/json') body = mail
    else body = JSON.stringify(inventValue(random, media?.schema as Schema, known))
  }
  return { method, address: query.size > 0 ? `${address}?${query}` : address, headers, body }
}

interface Schema {
  type?: string | string[]
  enum?: unknown[]
  const?: unknown
  properties?: Record<string, Schema>
  required?: string[]
  items?: Schema
  anyOf?: Schema[]
  oneOf?: Schema[]
  minimum?: number
  maximum?: number
  default?: unknown
  $ref?: string
}

function inventValue(random: Random, schema: Schema, known: readonly string[]): unknown {
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item
  if (schema.enum) return pick(schema.enum)
  if (schema.const !== undefined) return schema.const
  const choices = schema.anyOf ?? schema.oneOf
  if (choices) return inventValue(random, pick(choices), known)
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'string']
  switch (pick(types)) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).flatMap(([name, inner]) =>
          schema.required?.includes(name) || random() < 0.5 ? [[name, inventValue(random, inner, known)]] : [],
        ),
      )
    case 'array':
      return random() < 0.8 ? [inventValue(random, schema.items ?? {}, known)] : []
    case 'integer':
    case 'number': {
      const low = schema.minimum ?? 0
      // Long waits would be waited for.
      return Math.floor(low + random() * (Math.min(schema.maximum ?? 100, 3) - low))
    }
    case 'boolean':
      return random() < 0.5
    case 'null':
      return null
    default:
      return random() < 0.6 ? pick(known) : pick(odd)
  }
}
