import { readFile } from 'node:fs/promises'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse as parseYamlText } from 'yaml'
import { channelKinds } from '#src/channels/index.js'
import { routesJsonSchema, testsJsonSchema } from '#src/config/json-schema.js'
import { testKinds } from './kinds.js'

const ajv = () => new Ajv({ strict: true, allErrors: true, formats: { uri: true, uuid: true } })
const checkRoutes = ajv().compile(routesJsonSchema(testKinds))
const checkTests = ajv().compile(testsJsonSchema())
/** An object with a literal "then" reads as a promise. */
const escalate = 'then'

test.each(['routes.example.yaml'])('%s is right by the schema of all kinds', async (file) => {
  const check = ajv().compile(routesJsonSchema(channelKinds))
  check(parseYamlText(await readFile(file, 'utf8')))
  expect(check.errors).toBeNull()
})

test('routes.test.yaml is right by its schema', async () => {
  checkTests(parseYamlText(await readFile('routes.test.yaml', 'utf8')))
  expect(checkTests.errors).toBeNull()
})

test.each([
  ['an empty file', {}],
  [
    'variables in place of numbers and booleans',
    { server: { smtp: { max_connections: '${N}' } }, routes: [{ name: 'a', stop: '${X}' }] },
  ],
  [
    'variables in place of formed texts',
    { llm: { model: 'x', timeout: '${T}' }, server: { http: { listen: '${L}' } } },
  ],
  ['nested conditions', { routes: [{ name: 'a', when: { any: [{ not: { subject: { not: { is: 'x' } } } }] } }] }],
  [
    'alerts that wait and are answered',
    {
      channels: {
        a: {
          kind: 'slack',
          webhook_url: 'https://x',
          retry: ['5m'],
          rate_limit: '30/1m',
          daily_cap: 5,
          template: { text: 'x' },
        },
      },
      people: {
        'a@b.c': { quiet_hours: { calendar: 'nights', except: ['error'] } },
        'd@e.f': { quiet_hours: 'nights' },
      },
      calendars: { nights: { between: '22:00-06:00' }, office: [{ days: 'mon-fri', except: ['2026-12-25'] }] },
      monitors: { m: { expect: { when: { subject: 'OK' } }, every: '1h', on_down: { send: ['a'] } } },
      routes: [
        {
          name: 'a',
          retry_window: '1d',
          steps: [
            'resolve',
            { dedupe: { key: ['subject'], for: '5m' } },
            { hold: { for: '5m', key: 'subject', unless: { subject: 'up' } } },
            { digest: { at: 'mon 09:00', send_empty: true } },
            {
              send: { channel: 'a', repeat: { every: '5m' }, [escalate]: [{ after: '1h', send: 'a', to: 'manager' }] },
            },
          ],
        },
      ],
    },
  ],
  ['a job with the least it needs', { jobs: { a: { module: 'a.ts', schedule: '* * * * *' } } }],
])('%s is right', (_, data) => {
  checkRoutes(data)
  expect(checkRoutes.errors).toBeNull()
})

test.each([
  ['an unknown key', { chanels: {} }],
  ['an unknown operator', { routes: [{ name: 'a', when: { subject: { contain: 'x' } } }] }],
  ['a route without name', { routes: [{ steps: [] }] }],
  ['two verbs', { routes: [{ name: 'a', steps: [{ run: 'a', send: 'b' }] }] }],
  ['no verb', { routes: [{ name: 'a', steps: [{}] }] }],
  ['a bad duration', { llm: { model: 'x', timeout: '5 minutes' } }],
  ['an unknown kind', { channels: { a: { kind: 'telegrm' } } }],
  ['an unknown setting of a kind', { channels: { a: { kind: 'slack', webhook_url: 'https://x', url: 'x' } } }],
  ['a missing setting of a kind', { channels: { a: { kind: 'telegram' } } }],
  ['an unknown version', { version: 2 }],
  ['a rate without a time', { channels: { a: { kind: 'slack', webhook_url: 'https://x', rate_limit: '30' } } }],
  ['a hold without a condition', { routes: [{ name: 'a', steps: [{ hold: { for: '5m', key: 'x' } }] }] }],
  ['a day that is none', { calendars: { a: { days: 'monday' } } }],
  [
    'an escalation without a time',
    { routes: [{ name: 'a', steps: [{ send: { channel: 'a', [escalate]: { send: 'b' } } }] }] },
  ],
])('%s is wrong', (_, data) => {
  expect(checkRoutes(data)).toBe(false)
})

test.each([
  ['a test without name', { tests: [{ mail: 'x', expect: {} }] }],
  ['no tests', { config: 'x' }],
  ['an unknown expectation', { tests: [{ name: 'a', mail: 'x', expect: { route: [] } }] }],
])('%s is wrong in route tests', (_, data) => {
  expect(checkTests(data)).toBe(false)
})

test('every key of ours is described', () => {
  for (const schema of [routesJsonSchema([]), testsJsonSchema()]) {
    expect(keysWithoutDescription(schema, '')).toEqual([])
  }
})

function keysWithoutDescription(schema: unknown, path: string): string[] {
  if (typeof schema !== 'object' || schema === null) return []
  const properties: unknown = Reflect.get(schema, 'properties')
  const missing = Object.entries(typeof properties === 'object' && properties !== null ? properties : {})
    .filter(([, property]) => typeof property?.description !== 'string')
    .map(([key]) => `${path}/${key}`)
  return [
    ...missing,
    ...Object.entries(schema).flatMap(([key, inner]) => keysWithoutDescription(inner, `${path}/${key}`)),
  ]
}
