import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { roles } from '#src/domain/identity.js'
import { describeApi, operationsOf } from '#src/http/openapi/describe-api.js'
import { createContract } from './contract.js'

const document = describeApi()
const contract = createContract(document)
const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
  operationsOf(item).map(([method, operation]) => ({ name: `${method} ${path}`, path, method, operation })),
)

describe('the OpenAPI document', () => {
  it('is the one that is in docs/', () => {
    const kept = JSON.parse(readFileSync('docs/openapi.json', 'utf8')) as Record<string, object>
    const made = JSON.parse(JSON.stringify(document)) as Record<string, object>
    const parts = (one: Record<string, object>) => ({
      ...one,
      ...one.paths,
      ...(one.components as { schemas: object }).schemas,
    })
    const differing = Object.entries(parts(made)).filter(
      ([name, part]) => JSON.stringify(part) !== JSON.stringify(Reflect.get(parts(kept), name)),
    )
    // When this fails: mailtrigger schema api -o docs/openapi.json
    expect(differing.map(([name]) => name)).toEqual([])
    expect(Object.keys(parts(kept)).sort()).toEqual(Object.keys(parts(made)).sort())
  })

  it('is of OpenAPI 3.1 and describes the whole API', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(operations.length).toBeGreaterThan(60)
    expect(document.components?.securitySchemes).toMatchObject({
      bearer: { scheme: 'bearer' },
      session: { in: 'cookie' },
    })
  })

  it('refers to nothing that is not there', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/([^"]+)"/g)]
    expect(references.length).toBeGreaterThan(100)
    const lost = references.filter(([, kind = '', name = '']) => {
      const kinds = (document.components ?? {}) as Record<string, Record<string, unknown>>
      return kinds[kind]?.[name] === undefined
    })
    expect(lost.map(([text]) => text)).toEqual([])
  })

  it('names every operation once, and every tag with its description', () => {
    const ids = operations.map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    expect(document.tags?.filter(({ description }) => !description)).toEqual([])
  })

  it.each(operations)('says of $name who may do it, what it is and what it answers', ({ path, operation }) => {
    expect(roles).toContain(Reflect.get(operation, 'x-role'))
    expect(operation.summary).toMatch(/^[A-Z].{5,}[^.]$/)
    expect(operation.tags).toHaveLength(1)
    expect(operation.security).toEqual([{ bearer: [] }, { session: [] }])
    const statuses = Object.keys(operation.responses ?? {})
    expect(statuses.filter((status) => status.startsWith('2')).length).toBeGreaterThan(0)
    expect(statuses).toEqual(expect.arrayContaining(['400', '401', '403', '404', '500']))
    const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name)
    const given = (operation.parameters ?? []).flatMap((one) => ('in' in one && one.in === 'path' ? [one.name] : []))
    expect(given.sort()).toEqual(named.sort())
  })

  it.each(operations)('has schemas for $name that a strict reader takes', ({ name, operation }) => {
    for (const [status, response] of Object.entries(operation.responses ?? {})) {
      const schema = (response as { content?: Record<string, { schema?: object }> }).content?.['application/json']
        ?.schema
      if (schema) expect(contract.compile(`${name} ${status}`, schema)).toBeTypeOf('function')
    }
    for (const parameter of operation.parameters ?? []) {
      if ('schema' in parameter) contract.compile(`${name} ${parameter.name}`, parameter.schema)
    }
    const body = operation.requestBody && 'content' in operation.requestBody ? operation.requestBody.content : {}
    for (const [type, { schema }] of Object.entries(body)) contract.compile(`${name} ${type}`, schema)
  })

  it('limits what a text in a query or a path may have', () => {
    const open = operations.flatMap(({ name, operation }) =>
      (operation.parameters ?? []).flatMap((one) => {
        const schema = ('schema' in one ? one.schema : {}) as { type?: string; maxLength?: number; enum?: unknown[] }
        const isOpen = schema.type === 'string' && schema.maxLength === undefined && schema.enum === undefined
        return isOpen && 'name' in one ? [`${name} ${one.name}`] : []
      }),
    )
    expect(open).toEqual([])
  })
})
