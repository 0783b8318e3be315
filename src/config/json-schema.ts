import { z } from 'zod'
import type { ChannelKind } from '../domain/channel.js'
import { channelLimits } from './schema/channel-limits.js'
import { routeTestFile } from './schema/route-test-file.js'
import { routesFile } from './schema/routes-file.js'

type JsonSchema = z.core.JSONSchema.BaseSchema

const substitutedPattern = String.raw`\$\{`

/**
 * JSON Schema (draft-07, which editors and SchemaStore read) of routes.yaml, made from the schemas that check it and
 * from the settings of the channel kinds there are.
 */
export function routesJsonSchema(kinds: readonly ChannelKind[]): object {
  const schema = toJsonSchema(routesFile)
  const definitions: Record<string, JsonSchema> = { ...readDefinitions(schema) }
  definitions.channel = {
    description: 'A way out: its kind, and what that kind needs.',
    type: 'object',
    required: ['kind'],
    anyOf: kinds.map(channelSchema),
  }
  return { ...schema, title: 'MailTrigger routes', definitions }
}

/** JSON Schema (draft-07) of `*.test.yaml`. */
export function testsJsonSchema(): object {
  return { ...toJsonSchema(routeTestFile), title: 'MailTrigger route tests' }
}

function channelSchema(kind: ChannelKind): JsonSchema {
  const { $schema: _, ...settings } = toJsonSchema(kind.settings)
  const properties = {
    kind: { type: 'string' as const, const: kind.kind, description: kind.description },
    ...settings.properties,
    ...toJsonSchema(channelLimits).properties,
  }
  return { ...settings, title: kind.label, properties, required: ['kind', ...(settings.required ?? [])] }
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => allowSubstitution(jsonSchema),
  })
}

function readDefinitions(schema: JsonSchema): Record<string, JsonSchema> {
  const definitions: Record<string, JsonSchema> = {}
  for (const [name, definition] of Object.entries(schema.definitions ?? {})) {
    if (typeof definition === 'object') definitions[name] = definition
  }
  return definitions
}

/** Wherever a value has a form of its own, `"${VAR}"` may stand in its place. */
function allowSubstitution(schema: JsonSchema): void {
  const isScalar = schema.type === 'number' || schema.type === 'integer' || schema.type === 'boolean'
  const isFormed =
    schema.type === 'string' &&
    (schema.pattern !== undefined ||
      schema.format !== undefined ||
      schema.enum !== undefined ||
      schema.const !== undefined)
  if (!isScalar && !isFormed) return
  const { description, default: fallback, examples, ...form } = schema
  for (const key of Object.keys(schema)) Reflect.deleteProperty(schema, key)
  Object.assign(schema, {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    ...(examples === undefined ? {} : { examples }),
    anyOf: [form, { type: 'string', pattern: substitutedPattern }],
  })
}
