import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { channelKinds } from '#src/channels/index.js'
import { describeChannels, exampleLines } from '#src/cli/channel-docs.js'
import { routesJsonSchema } from '#src/config/json-schema.js'
import type { ChannelKind } from '#src/domain/channel.js'
import { vendors } from '../stand-ins/vendors/index.js'

const page = describeChannels(channelKinds)
const validate = new Ajv({ strict: false, formats: { uri: true, uuid: true } }).compile(routesJsonSchema(channelKinds))

test('docs/channels.md is what THE list says; `mailtrigger schema channels -o docs/channels.md` writes it', () => {
  expect(readFileSync('docs/channels.md', 'utf8')).toBe(page)
})

test('every link on the page leads to a heading', () => {
  const anchors = [...page.matchAll(/^## (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
  const targets = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target)
  expect(targets).toHaveLength(channelKinds.length)
  expect(anchors).toEqual(expect.arrayContaining(targets))
})

describe.each(channelKinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  test('says of every setting what it is', () => {
    const schema = z.toJSONSchema(kind.settings, { io: 'input', unrepresentable: 'any' })
    const ways = (schema.anyOf ?? schema.oneOf ?? [schema]) as (typeof schema)[]
    const silent = ways.flatMap(({ properties = {} }) =>
      Object.entries(properties).flatMap(([setting, own]) =>
        typeof own === 'object' && own.description === undefined && own.const === undefined ? [setting] : [],
      ),
    )
    expect(silent).toEqual([])
  })

  test('has an example that its schema takes', () => {
    const example = readExample(kind)
    expect(validate({ version: 1, ...example, routes: [] }), JSON.stringify(validate.errors)).toBe(true)
    const settings = fillVariables(kind, example.channels[name] ?? {})
    expect(kind.settings.safeParse(settings).error).toBeUndefined()
    const address = example.people?.['tim@mailtrigger.app']?.[name]
    if (kind.address !== null && address !== undefined) {
      expect(kind.address.schema.safeParse(address).error).toBeUndefined()
      expect(kind.destination(kind.settings.parse(settings))).toBeNull()
    }
  })
})

type Example = { channels: Record<string, Record<string, unknown>>; people?: Record<string, Record<string, string>> }

function readExample(kind: ChannelKind): Example {
  return parse(exampleLines(kind).join('\n'))
}

/** The settings without their kind, with values that a vendor takes in place of variables. */
function fillVariables({ kind: name }: ChannelKind, { kind: _, ...settings }: Record<string, unknown>) {
  const known = vendors.flatMap((vendor) =>
    vendor.kind === name && 'settings' in vendor ? [vendor.settings('http://127.0.0.1:1')] : [],
  )
  const fill = (setting: string, value: unknown): unknown => {
    if (typeof value !== 'string' || !value.startsWith('${')) return value
    return known.find((given) => given[setting] !== undefined)?.[setting] ?? '123456:secret'
  }
  return Object.fromEntries(Object.entries(settings).map(([setting, value]) => [setting, fill(setting, value)]))
}
