import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type ApiDocument, describeApi, operationsOf } from '#src/http/openapi/describe-api.js'

export interface DocumentedAnswer {
  method: string
  /** With or without a query. */
  path: string
  status: number
  /** The content type of the answer. */
  type: string
  body: string
}

export type Contract = ReturnType<typeof createContract>

type Json = Record<string, unknown>

/** Holds answers against what the API says of itself. A field that is not described counts as wrong, too. */
export function createContract(document: ApiDocument = describeApi()) {
  const schemas = (document.components?.schemas ?? {}) as Record<string, Json>
  const extended = new Set(findExtended(document))
  const closed = Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [
      name,
      extended.has(name) ? rename(schema) : close(rename(schema)),
    ]),
  )
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, strictRequired: false, allErrors: true })
  // It is CommonJS: what it exports by default is its whole module.
  ;(addFormats as unknown as typeof addFormats.default)(ajv)
  const compiled = new Map<string, ValidateFunction>()

  function compile(key: string, schema: unknown): ValidateFunction {
    const known = compiled.get(key)
    if (known) return known
    const made = ajv.compile({ $defs: closed, ...(close(rename(schema)) as Json) })
    compiled.set(key, made)
    return made
  }

  return {
    document,
    compile,
    /** Throws with what does not fit; an operation or a status that is not described does not fit either. */
    check({ method, path, status, type, body }: DocumentedAnswer): void {
      const address = path.split('?')[0] ?? ''
      const found = findOperation(document, method.toLowerCase(), address)
      if (!found) {
        if (status === 404 || status === 405 || status === 401) return
        throw new Error(`${method} ${address} is not described, and answers ${status}`)
      }
      const [template, operation] = found
      const response = resolve(document, operation.responses?.[status])
      if (!response) throw new Error(`${method} ${template} answers ${status}, which is not described`)
      const plain = type.split(';')[0] ?? ''
      const schema = response.content?.[plain]?.schema
      if (!schema) throw new Error(`${method} ${template} answers ${status} as ${plain}, which is not described`)
      if (plain !== 'application/json') return
      const validate = compile(`${method} ${template} ${status}`, schema)
      if (validate(JSON.parse(body))) return
      const problems = validate.errors
        ?.slice(0, 5)
        .map((one) => `${one.instancePath} ${one.message} ${JSON.stringify(one.params)}`)
      throw new Error(`${method} ${template} ${status}: ${problems?.join('; ')}\n${body.slice(0, 1_000)}`)
    },
  }
}

/** The operation for an address; a path without a parameter goes before one with. */
function findOperation(document: ApiDocument, method: string, address: string) {
  const matching = Object.entries(document.paths ?? {})
    .filter(([template]) => matchesTemplate(template, address))
    .sort(([one], [other]) => one.split('{').length - other.split('{').length)
  for (const [template, path] of matching) {
    const operation = operationsOf(path).find(([verb]) => verb === method)?.[1]
    if (operation) return [template, operation] as const
  }
  return null
}

function matchesTemplate(template: string, address: string): boolean {
  const wanted = template.split('/')
  const given = address.split('/')
  return wanted.length === given.length && wanted.every((part, at) => part.startsWith('{') || part === given[at])
}

interface Response {
  content?: Record<string, { schema?: unknown }>
}

function resolve(document: ApiDocument, response: unknown): Response | undefined {
  const reference = (response as { $ref?: string } | undefined)?.$ref
  if (!reference) return response as Response | undefined
  return document.components?.responses?.[reference.split('/').at(-1) ?? ''] as Response | undefined
}

function rename(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('#/components/schemas/', '#/$defs/'))
}

/** No object may have more fields than it says. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close)
  if (typeof schema !== 'object' || schema === null) return schema
  if ('allOf' in schema) return schema
  const copy: Json = Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [key, key === 'default' || key === 'enum' ? value : close(value)]),
  )
  if (typeof copy.properties === 'object' && copy.type !== undefined && copy.additionalProperties === undefined) {
    copy.additionalProperties = false
  }
  return copy
}

/** Schemas that others are made of by `allOf` cannot be closed. */
function findExtended(document: ApiDocument): string[] {
  const found: string[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const [key, inner] of Object.entries(value)) {
      if (key === 'allOf' && Array.isArray(inner)) {
        for (const part of inner as { $ref?: string }[]) if (part.$ref) found.push(part.$ref.split('/').at(-1) ?? '')
      }
      visit(inner)
    }
  }
  visit(document)
  return found
}
