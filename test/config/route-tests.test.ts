import { expect, test } from 'vitest'
import { checkRouteTestNames, loadRouteTests, parseRouteTests } from '#src/config/route-tests.js'
import { ConfigError, type ConfigIssue } from '#src/domain/errors.js'
import { parse, shortly } from './kinds.js'

const options = {
  env: {},
  folder: '/srv',
  fileExists: (path: string) => !path.includes('absent'),
  readSecretFile: () => {
    throw new Error('there is no such file')
  },
}

const parseText = (text: string) => parseRouteTests({ file: 'tests/routes.test.yaml', text }, options)

function issuesOfTests(text: string): ConfigIssue[] {
  try {
    parseText(text)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
}

test('a file with everything', () => {
  const text = `config: [../routes.yaml, ../more]
now: 2026-03-07T12:00:00Z
mocks:
  http:
    GET http://api/owners: { json: { a: [b@example.com] } }
    "GET http://api/down": { status: 503, text: gone }
  llm: { Uptime: true, Other: [{ contains: tomorrow, match: true }] }
tests:
  - name: from a file
    mail: mails/a.eml
    auth: { dmarc: pass }
    expect:
      routes: [A]
      recipients: [Tim@Example.com]
      deliveries:
        - { channel: telegram, to: tim@example.com, title: whole, text: { contains: [x, y] } }
        - { channel: ops, after: 15m }
      not: [B]
      controls: { hold: [db1, nginx], dedupe: true, digest: daily }
      resolves: [db1, [db1, nginx]]
  - name: written here
    mail: { from: a@example.com, to: b@example.com, subject: s, text: t, headers: { X-A: "1", X-B: ["2", "3"] } }
    expect: { unrouted: true, deliveries: [] }
  - name: raw
    mail: { raw: "Subject: x\\n\\ntext" }
    expect: {}
`
  expect(parseText(text)).toEqual({
    file: 'tests/routes.test.yaml',
    config: ['/srv/routes.yaml', '/srv/more'],
    now: Date.UTC(2026, 2, 7, 12),
    mocks: {
      http: {
        'GET http://api/owners': { status: 200, contentType: 'application/json', text: '{"a":["b@example.com"]}' },
        'GET http://api/down': { status: 503, contentType: 'text/plain', text: 'gone' },
      },
      llm: { Uptime: true, Other: [{ contains: 'tomorrow', match: true }] },
    },
    tests: [
      {
        type: 'mail',
        name: 'from a file',
        now: null,
        mail: { type: 'file', path: '/srv/tests/mails/a.eml' },
        auth: {
          spf: 'none',
          dkim: 'none',
          dmarc: 'pass',
          policy: null,
          reasons: { spf: 'as the test says', dkim: 'as the test says', dmarc: 'as the test says' },
        },
        expect: {
          routes: ['A'],
          recipients: ['tim@example.com'],
          deliveries: [
            {
              channel: 'telegram',
              to: 'tim@example.com',
              title: { is: 'whole', contains: [] },
              text: { is: null, contains: ['x', 'y'] },
              run: null,
              afterMs: null,
            },
            { channel: 'ops', to: null, title: null, text: null, run: null, afterMs: 900_000 },
          ],
          unrouted: null,
          not: ['B'],
          controls: { dedupe: true, hold: 'db1 · nginx', digest: 'daily' },
          resolves: ['db1', 'db1 · nginx'],
        },
        position: { file: 'tests/routes.test.yaml', line: 9, column: 5 },
      },
      {
        type: 'mail',
        name: 'written here',
        now: null,
        mail: {
          type: 'inline',
          from: 'a@example.com',
          to: ['b@example.com'],
          subject: 's',
          text: 't',
          html: null,
          headers: { 'X-A': ['1'], 'X-B': ['2', '3'] },
        },
        auth: null,
        expect: {
          routes: null,
          recipients: null,
          deliveries: [],
          unrouted: true,
          not: [],
          controls: null,
          resolves: null,
        },
        position: { file: 'tests/routes.test.yaml', line: 21, column: 5 },
      },
      {
        type: 'mail',
        name: 'raw',
        now: null,
        mail: { type: 'raw', raw: 'Subject: x\n\ntext', from: null, to: null },
        auth: null,
        expect: {
          routes: null,
          recipients: null,
          deliveries: null,
          unrouted: null,
          not: [],
          controls: null,
          resolves: null,
        },
        position: { file: 'tests/routes.test.yaml', line: 24, column: 5 },
      },
    ],
  })
})

test.each([
  ['nothing at all', '', ['missing-key 1:1']],
  ['a misspelt expectation', 'tests: [{ name: a, mail: x, expect: { route: [A] } }]', ['unknown-key 1:39']],
  ['a mail that is not there', 'tests: [{ name: a, mail: absent.eml, expect: {} }]', ['missing-file 1:26']],
  [
    'two tests of one name',
    'tests:\n  - { name: a, mail: x, expect: {} }\n  - { name: a, mail: x, expect: {} }',
    ['duplicate-name 3:13'],
  ],
  [
    'a verdict there is not',
    'tests: [{ name: a, mail: x, auth: { spf: passed }, expect: {} }]',
    ['unknown-value 1:42'],
  ],
  [
    'a job with the sender of a mail',
    'tests: [{ name: a, job: j, auth: { spf: pass }, expect: {} }]',
    ['bad-test 1:9'],
  ],
  ['a test without mail', 'tests: [{ name: a, expect: {} }]', ['missing-key 1:9']],
  ['a time nobody can read', 'now: soon\ntests: [{ name: a, mail: x, expect: {} }]', ['bad-time 1:6']],
  [
    'a mock without method',
    'mocks: { http: { "http://x": {} } }\ntests: [{ name: a, mail: x, expect: {} }]',
    ['bad-key 1:18'],
  ],
  ['a mail and a job', 'tests: [{ name: a, mail: x, job: b, expect: {} }]', ['missing-key 1:9']],
  ['runs of a mail', 'tests: [{ name: a, mail: x, runs: { times: 2, every: 30m }, expect: {} }]', ['bad-test 1:9']],
  ['routes of a job', 'tests: [{ name: a, job: b, expect: { not: [A] } }]', ['bad-test 1:9']],
  [
    'a given mail at no time',
    'tests: [{ name: a, job: b, given: [{ at: early, mail: x }], expect: {} }]',
    ['bad-time 1:42'],
  ],
  [
    'a given mail that is not there',
    'tests: [{ name: a, job: b, given: [{ at: 5m, mail: absent }], expect: {} }]',
    ['missing-file 1:52'],
  ],
])('%s is a mistake at its place', (_, text, expected) => {
  expect(shortly(issuesOfTests(text))).toEqual(expected)
})

test('a job that runs several times', () => {
  const text = `tests:
  - name: watch
    now: 2026-11-21T16:00:00Z
    job: monit-watch
    given:
      - { at: -45m, mail: a.eml }
      - { at: 5m, mail: b.eml }
      - { at: "2026-11-20T23:00:00+08:00", mail: c.eml }
    runs: { times: 4, every: 15m }
    expect: { deliveries: [{ channel: telegram, run: 2 }] }
`
  expect(parseText(text).tests).toMatchObject([
    {
      type: 'job',
      job: 'monit-watch',
      now: Date.UTC(2026, 10, 21, 16),
      given: [
        { at: { from: 'now', ms: -2_700_000 }, mail: { type: 'file', path: '/srv/tests/a.eml' } },
        { at: { from: 'now', ms: 300_000 } },
        { at: { from: 'epoch', ms: Date.UTC(2026, 10, 20, 15) } },
      ],
      runs: { times: 4, everyMs: 900_000 },
      expect: { deliveries: [{ channel: 'telegram', run: 2 }] },
    },
  ])
})

test('names the config does not have are told, also in "not"', () => {
  const { config } = parse(`channels: { telegram: { kind: telegram, bot_token: "\${T:-12345}" } }
routes: [{ name: Sentry, steps: [{ send: telegram }] }]`)
  const tests = parseText(
    `tests:
  - { name: a, mail: x, expect: { not: [Sentri], deliveries: [{ channel: telegrm }] } }
  - { name: b, job: watch, expect: {} }`,
  )
  expect(checkRouteTestNames(tests, config).map(({ message, hint }) => `${message}; ${hint}`)).toEqual([
    'there is no route "Sentri"; did you mean "Sentry"?',
    'there is no channel "telegrm"; did you mean "telegram"?',
    'there is no job "watch"; null',
  ])
})

test("the project's own route tests load", async () => {
  const tests = await loadRouteTests('routes.test.yaml', { env: {} })
  expect(tests.tests.length).toBeGreaterThan(10)
  await expect(loadRouteTests('nowhere.test.yaml', { env: {} })).rejects.toBeInstanceOf(ConfigError)
})
