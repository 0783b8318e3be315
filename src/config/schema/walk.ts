import type { z } from 'zod'
import type { Path } from '../source.js'

type AnySchema = z.core.$ZodTypes

/** The keys a map may have at a path, over every form the schema allows there. Empty where any key goes. */
export function keysAllowedAt(schema: z.core.$ZodType, path: Path): string[] {
  const keys = new Set<string>()
  for (const { _zod } of schemasAt(schema, path)) {
    if (_zod.def.type === 'object') for (const key of Object.keys(_zod.def.shape)) keys.add(key)
  }
  return [...keys]
}

/** What `.describe()` says about a path; of several forms, the first that says anything. */
export function descriptionAt(schema: z.core.$ZodType, path: Path, descriptions: Descriptions): string | null {
  let found: string | null = null
  let current: z.core.$ZodType[] = [schema]
  for (const key of path) {
    const stepped: z.core.$ZodType[] = current.flatMap((one) => flatten(one)).flatMap((one) => stepInto(one, key))
    found = firstDescription(stepped, descriptions) ?? (typeof key === 'number' ? found : null)
    current = stepped
  }
  return found
}

/** Looks up a schema's description; zod's global registry, handed in. */
export type Descriptions = (schema: z.core.$ZodType) => string | undefined

function firstDescription(schemas: z.core.$ZodType[], descriptions: Descriptions): string | null {
  for (const schema of schemas) {
    const description = descriptions(schema)
    if (description) return description
  }
  return null
}

function schemasAt(schema: z.core.$ZodType, path: Path): AnySchema[] {
  let current = flatten(schema)
  for (const key of path) current = current.flatMap((one) => stepInto(one, key)).flatMap((one) => flatten(one))
  return current
}

/** The forms behind unions, options, defaults and lazy references. */
function flatten(schema: z.core.$ZodType): AnySchema[] {
  const known = schema as AnySchema
  const { def } = known._zod
  switch (def.type) {
    case 'union':
      return def.options.flatMap((option) => flatten(option))
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return flatten(def.innerType)
    case 'lazy':
      return flatten(def.getter())
    case 'pipe':
      return flatten(def.in)
    default:
      return [known]
  }
}

function stepInto(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType[] {
  const { def } = (schema as AnySchema)._zod
  if (def.type === 'object') {
    const next = Object.hasOwn(def.shape, key) ? def.shape[String(key)] : def.catchall
    return next ? [next] : []
  }
  if (def.type === 'record') return [def.valueType]
  if (def.type === 'array') return [def.element]
  return []
}
