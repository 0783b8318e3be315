import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseConfig } from '#src/config/load.js'
import { ConfigError } from '#src/domain/errors.js'
import { base, issuesOf, shortly, testOptions } from './kinds.js'

const whole = `${base}groups: { devops: [tim@mailtrigger.app] }
lookups: { owners: { inline: { a: [b@c.d] } } }
routes:
  - name: "one \${X:-y}"
    when: &w
      any: [{ subject: { matches: 'a|b' } }, { from: "uptime@*" }]
    steps:
      - attach: owners
      - set:
          title: "{{ mail.subject | upcase }}"
          text: |
            line
      - send: [telegram]
  - { name: two, when: *w, stop: true }
  - name: three
    steps:
      - dedupe: { key: [subject, "{{ mail.from }}"], for: 5m }
      - hold: { for: 30m, key: [route, rcpt], unless: *w }
      - digest: { key: severity, at: mon-fri 09:00, timezone: UTC }
      - resolve: "{{ title }}"
      - send: { channel: telegram, repeat: { every: 5m }, then: [{ after: 1h, send: telegram, to: manager }], during: office }
calendars: { office: { days: mon-fri, between: "09:00-18:00", except: [2026-12-25] } }
monitors: { backup: { expect: { when: *w }, every: 24h, grace: 1h, on_down: { send: telegram } } }
`

/** Whatever the text, there is a config or a `ConfigError`, and nothing else. */
function parseAny(text: string): void {
  try {
    parseConfig([{ file: 'a.yaml', text }], testOptions())
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    expect(error.issues.length).toBeGreaterThan(0)
    expect(error.issues.length).toBeLessThanOrEqual(202)
  }
}

const fragments = [
  '\n',
  '  ',
  '- ',
  ': ',
  '[',
  ']',
  '{',
  '}',
  '"',
  "'",
  '&a ',
  '*a',
  '${',
  '}',
  '{{',
  '{%',
  '|',
  '>',
  '#',
  '\t',
  '!x ',
  '<<',
  '? ',
  '\0',
  '\u2028',
  '---\n',
  '%',
  '__proto__',
  'null',
  '1e999',
  '.nan',
]

test('the file that is mutated is right before', () => {
  expect(shortly(issuesOf(whole))).toEqual(['digest-with-escalation 26:36', 'no-manager 26:59'])
})

test('a mutated file gives a config or a ConfigError, never anything else', () => {
  const mutation = fc.record({
    at: fc.nat(whole.length),
    cut: fc.nat(30),
    insert: fc.oneof(fc.constantFrom(...fragments), fc.string({ unit: 'binary', maxLength: 6 })),
  })
  fc.assert(
    fc.property(fc.array(mutation, { minLength: 1, maxLength: 5 }), (mutations) => {
      let text = whole
      for (const { at, cut, insert } of mutations) text = text.slice(0, at) + insert + text.slice(at + cut)
      parseAny(text)
    }),
    { numRuns: 250 },
  )
})

test('a file with other words in it gives a config or a ConfigError', () => {
  const words = [...whole.matchAll(/[\w@.*-]+/g)]
  const values = ['x', '1d', '0s', '5', '-1', 'true', 'null', '""', '{}', '[]', '[x, 1]', '*w', 'manager', 'a@b.c']
  const odd = [
    'host/service',
    '"{{ a }}"',
    '"{{"',
    '"${NOPE}"',
    '"${X:-1m}"',
    'mon-fri',
    '"25:00"',
    '2026-02-30',
    '1/1s',
  ]
  const exchange = fc.tuple(fc.nat(words.length - 1), fc.constantFrom(...values, ...odd))
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 3 }), (exchanges) => {
      let text = whole
      // From behind, so that what is in front stays where it is.
      for (const [index, value] of exchanges.sort((left, right) => right[0] - left[0])) {
        const at = words[index]?.index ?? 0
        text = text.slice(0, at) + value + text.slice(at + (words[index]?.[0].length ?? 0))
      }
      parseAny(text)
    }),
    { numRuns: 250 },
  )
})

test('any text gives a config or a ConfigError', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...fragments), fc.string({ maxLength: 5 })), { maxLength: 60 })
  fc.assert(
    fc.property(text, (parts) => parseAny(parts.join(''))),
    { numRuns: 400 },
  )
})

test.each([
  ['brackets', '['.repeat(100_000), 'too-deep'],
  ['dashes', '- '.repeat(100_000), 'too-deep'],
  ['question marks', '? '.repeat(100_000), 'too-deep'],
  ['colons', ': '.repeat(100_000), 'too-deep'],
])('a flood of %s is refused', (_, text, code) => {
  expect(issuesOf(text)[0]?.code).toBe(code)
})

test('aliases that multiply are refused', () => {
  const levels = Array.from({ length: 12 }, (_, level) => {
    const items = level === 0 ? 'x' : Array.from({ length: 9 }, () => `*a${level - 1}`).join(', ')
    return `  a${level}: &a${level} [${items}]`
  })
  const [issue] = issuesOf(`lookups: { b: { inline: 1 } }\ngroups:\n${levels.join('\n')}\n`)
  expect(issue).toMatchObject({ code: 'too-large', severity: 'error' })
})

test('an alias inside its own anchor is refused', () => {
  expect(shortly(issuesOf('groups: { a: &a [*a] }'))).toEqual(['bad-yaml 1:18'])
})

test('twenty thousand keys in a map are read, and each mistake in them is found', () => {
  const keys = Array.from({ length: 20_000 }, (_, index) => `k${index}: 1`)
  const issues = issuesOf(`lookups: { big: { inline: { ${keys.join(', ')} } } }`)
  expect(shortly(issues)).toEqual(['unused-lookup 1:12'])
})

test('thousands of people with mistakes are told in bounded time, groups of groups to a depth', () => {
  const people = Array.from(
    { length: 4_000 },
    (_, index) => `  p${index}@example.com: { manager: q${index}@example.com }`,
  )
  expect(issuesOf(`people:\n${people.join('\n')}\n`)).toHaveLength(101)
  const groups = Array.from({ length: 3_000 }, (_, index) => `  g${index}: [g${index + 1}]`)
  expect(issuesOf(`groups:\n${groups.join('\n')}\n  g3000: []\n`)[0]?.code).toBe('too-deep')
})

test('ten thousand routes in several files load', () => {
  const files = Array.from({ length: 10 }, (_, file) => ({
    file: `${file}.yaml`,
    text: `routes:\n${Array.from(
      { length: 1_000 },
      (_, index) =>
        `  - name: r${file}-${index}\n    when: { subject: "service ${file}-${index} is down", rcpt: ops@example.com }\n    steps: [{ send: telegram }]\n`,
    ).join('')}`,
  }))
  const { config, warnings } = parseConfig([{ file: 'base.yaml', text: base }, ...files], testOptions())
  expect(config.routes).toHaveLength(10_000)
  expect(warnings).toEqual([])
})

test('a long line is shown as a window around the place, without control characters', () => {
  const [issue] = issuesOf(
    `server: { data: "${'x'.repeat(400)}", stor: "\\u001b\u0085[2J", http: {} } # ${'y'.repeat(400)}`,
  )
  const lines = issue?.frame?.split('\n') ?? []
  expect(issue?.hint).toBe('did you mean "store"?')
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(120)
  const caret = lines[1]?.indexOf('^') ?? -1
  expect(lines[0]?.slice(caret, caret + 4)).toBe('stor')
  expect(issue?.frame).not.toContain('\u0085')
})

test('tabs do not move the caret', () => {
  const [issue] = issuesOf('server: {\tdatta: x }')
  const [line = '', caret = ''] = issue?.frame?.split('\n') ?? []
  expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('datta')
})

test('thousands of alerts, calendars and monitors are checked in bounded time', () => {
  const numbers = Array.from({ length: 1_000 }, (_, index) => index)
  const routes = numbers.map(
    (index) => `  - name: r${index}
    steps:
      - extract: { v${index}: { from: subject, regex: x } }
      - hold: { for: 5m, key: [v${index}, nothing${index}], unless: { subject: up } }
      - send: { channel: telegram, repeat: { every: 5m }, during: c${index % 100} }
`,
  )
  const calendars = numbers.slice(0, 100).map((index) => `  c${index}: { between: "22:00-06:00" }\n`)
  const monitors = numbers.map((index) => `  m${index}: { every: 1h }\n`)
  const text = `${base}routes:\n${routes.join('')}calendars:\n${calendars.join('')}monitors:\n${monitors.join('')}`
  const issues = issuesOf(text)
  expect(issues).toHaveLength(101)
  expect(new Set(issues.map(({ code }) => code))).toEqual(new Set(['unknown-variable', 'too-many-issues']))
})
