import { describe, expect, test } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { base, issuesOf, parse, shortly } from './kinds.js'

const route = (steps: string, fields = '') => `  - { name: r, ${fields}steps: [${steps}] }\n`
const withRoute = (steps: string, fields = '', more = '') => `${base}${more}routes:\n${route(steps, fields)}`
const send = '{ send: telegram }'

const cases: [about: string, text: string, expected: string[]][] = [
  ['a resolve that meets no other mail', withRoute(`resolve, ${send}`), ['resolve-without-fingerprint 7:24']],
  ['a resolve written as a map', withRoute(`{ resolve: true }, ${send}`), ['resolve-without-fingerprint 7:26']],
  ['a resolve with its fingerprint', withRoute('{ resolve: "db/{{ mail.subject }}" }'), ['unused-channel 3:3']],
  ['a resolve behind a fingerprint', withRoute(`{ set: { fingerprint: x } }, resolve, ${send}`), []],
  [
    'steps that keep back what nobody sends',
    withRoute('{ dedupe: { key: subject, for: 5m } }, { digest: { every: 5m } }', 'stop: true, '),
    ['unused-channel 3:3', 'control-without-send 7:38', 'control-without-send 7:77'],
  ],
  [
    'a hold for days',
    withRoute(`{ hold: { for: 3d, key: subject, unless: { subject: up } } }, ${send}`),
    ['long-hold 7:34'],
  ],
  ['a hold for two days', withRoute(`{ hold: { for: 48h, key: subject, unless: { subject: up } } }, ${send}`), []],
  [
    'a hold that asks an LLM about every mail',
    withRoute(
      `{ hold: { for: 1h, key: subject, unless: { llm: over? } } }, ${send}`,
      'when: { subject: x }, ',
      'llm: { model: x }\n',
    ),
    ['llm-without-prefilter 8:89'],
  ],
  ['a message nobody can answer', withRoute('{ send: { channel: telegram, ack: true } }'), ['no-ack-link 7:53']],
  [
    'a repeat nobody can stop from the message',
    withRoute('{ send: { channel: telegram, repeat: { every: 5m } } }'),
    ['no-ack-link 7:53'],
  ],
  [
    'a repeat that asks for nothing',
    withRoute('{ send: { channel: telegram, repeat: { every: 5m }, ack: false } }'),
    [],
  ],
  [
    'a repeat with a link',
    withRoute(
      '{ send: { channel: telegram, repeat: { every: 5m } } }',
      'severity: info, ',
      'server: { http: { public_url: "https://a.example.com" } }\n',
    ),
    [],
  ],
  [
    'an escalation to managers where nobody has one',
    withRoute('{ send: { channel: telegram, ack: false, then: { after: 5m, send: telegram, to: manager } } }'),
    ['no-manager 7:65'],
  ],
  [
    'an escalation behind a digest',
    withRoute('{ digest: { every: 1h } }, { send: { channel: telegram, then: { after: 5m, send: telegram } } }'),
    ['digest-with-escalation 7:80'],
  ],
  [
    'a digest with a time zone it does not need',
    withRoute(`{ digest: { every: 1h, timezone: UTC } }, ${send}`),
    ['unused-setting 7:47'],
  ],
  ['a route that is off', withRoute(`resolve, ${send}`, 'enabled: false, '), []],
  [
    'a calendar nobody uses',
    withRoute(send, '', 'calendars: { office: { days: mon-fri } }\n'),
    ['unused-calendar 6:14'],
  ],
  [
    'quiet hours that never end',
    `${base}  a@b.c: { telegram: 1, quiet_hours: always }\ncalendars: { always: { between: "00:00-24:00", except: [2026-12-25] } }\nroutes:\n${route(send)}`,
    ['endless-quiet-hours 6:25'],
  ],
  [
    'quiet hours that end',
    `${base}  a@b.c: { telegram: 1, quiet_hours: nights }\ncalendars: { nights: { between: "22:00-06:00" } }\nroutes:\n${route(send)}`,
    [],
  ],
  [
    'a monitor nobody hears',
    `${base}monitors: { m: { every: 1h, on_recovery: { send: telegram } } }`,
    ['unheard-monitor 6:13'],
  ],
  [
    'a monitor that asks an LLM about every mail',
    `${base}llm: { model: x }\nmonitors: { m: { every: 1h, expect: { when: { llm: fine? } }, on_down: { send: telegram } } }`,
    ['llm-without-prefilter 7:47'],
  ],
  [
    'a monitor that asks an LLM that is not there',
    `${base}monitors: { m: { every: 1h, expect: { when: { subject: x, not: { llm: fine? } } }, on_down: { send: telegram } } }`,
    ['llm-not-configured 6:13'],
  ],
  [
    'a warning that is put aside',
    withRoute('{ send: { channel: telegram, ack: true } }').replace(
      'routes:',
      'routes: # mailtrigger-ignore: no-ack-link',
    ),
    [],
  ],
]

test.each(cases)('%s', (_, text, expected) => {
  expect(shortly(issuesOf(text))).toEqual(expected)
})

describe('without a public URL', () => {
  const told = ['no-ack-link']
  const codesOf = (send: string, changes = '') => {
    const text = withRoute(`{ send: ${send} }`)
      .replace('people:', `  ops: { kind: slack, webhook_url: "\${HOOK:-https://hooks.example.com}" }\npeople:`)
      .replace('bot_token:', `${changes}bot_token:`)
    const codes = issuesOf(text, { kinds: channelKinds }).map(({ code }) => code)
    return codes.filter((code) => code !== 'unused-channel')
  }

  test.each([
    ['polls for its buttons', '', []],
    ['polls, and says so', 'updates: polling, ', []],
    ['waits to be called', 'updates: webhook, ', told],
    ['hears nobody', 'updates: off, ', told],
  ])('a bot can be answered if it polls: one that %s', (_, changes, expected) => {
    expect(codesOf('{ channel: telegram, ack: true }', changes)).toEqual(expected)
    expect(codesOf('{ channel: ops, then: { after: 5m, send: telegram } }', changes)).toEqual(expected)
  })

  test('a channel without buttons cannot', () => {
    expect(codesOf('{ channel: ops, ack: true }')).toEqual(told)
  })
})

/** What an entry of a dedupe key becomes, in a route with the variables host (by its condition) and text (by a step). */
function keyOf(entry: string) {
  const text = withRoute(
    `{ extract: { text: { from: body, regex: x } } }, { dedupe: { key: ${entry}, for: 5m } }, ${send}`,
    `when: { subject: { matches: ['(?<host>x)', '(?P<from>y)'] } }, `,
  )
  const { config, warnings } = parse(`# mailtrigger-ignore: hidden-variable\n${text}`)
  const step = config.routes[0]?.steps.find(({ verb }) => verb === 'dedupe')
  return {
    key: step?.verb === 'dedupe' ? step.key : null,
    told: warnings.filter(({ code }) => code !== 'hidden-variable').map(({ code, hint }) => `${code}: ${hint}`),
  }
}

const fields =
  'fields and variables: host, from, text, subject, body, to, rcpt, rcpt_key, sender, recipients, route, title, severity, event, fingerprint'

test.each<[entry: string, key: string[], told: string[]]>([
  ['subject', ['{{ mail.subject }}'], []],
  ['[route, severity]', ['{{ route }}', '{{ severity }}'], []],
  ['recipients', ['{{ recipients | sort | join: "," }}'], []],
  ['host', ['{{ host }}'], []],
  // The route's own variable goes before the mail's field, and before what templates call so.
  ['from', ['{{ from }}'], []],
  ['text', ['{{ variables.text }}'], []],
  ['title', ['{{ title }}'], []],
  [`'{{ mail.subject | slug }}/x'`, ['{{ mail.subject | slug }}/x'], []],
  ['hots', ['{{ hots }}'], ['unknown-variable: did you mean "host"?']],
  ['quux', ['{{ quux }}'], [`unknown-variable: ${fields}`]],
  ['host/subject', ['host/subject'], ['constant-key: write "{{ host }}/{{ mail.subject }}"']],
  ['mail.subject', ['mail.subject'], ['constant-key: write "{{ mail.subject }}"']],
  ['labels.team', ['labels.team'], ['constant-key: write "{{ labels.team }}"']],
  ['ho-st', ['ho-st'], ['constant-key: did you mean "host"?']],
  ['disk full', ['disk full'], []],
])('the key %s', (entry, key, told) => {
  expect(keyOf(entry)).toEqual({ key, told })
})

test.each<[about: string, steps: string, expected: string[]]>([
  [
    'a key of an extract step',
    '{ extract: { host: { from: subject, regex: x } } }, { hold: { for: 1h, key: host, unless: { subject: up } } }',
    [],
  ],
  [
    'a key of both conditions',
    `{ hold: { for: 1h, key: "{{ name }}", unless: { subject: { matches: '(?<name>x) up' } } } }`,
    [],
  ],
  [
    'a key of the own condition, which may match both mails',
    '{ hold: { for: 1h, key: "{{ name | downcase }}", unless: { subject: up } } }',
    [],
  ],
  [
    'a key of the other condition only',
    `{ hold: { for: 1h, key: [subject, back], unless: { subject: { matches: '(?<back>x) up' } } } }`,
    ['one-sided-key: the mail that waits has no "back", so it is never held'],
  ],
  [
    'a key of a step that comes too late',
    '{ hold: { for: 1h, key: host, unless: { subject: up } } }, { extract: { host: { from: subject, regex: x } } }',
    ['unknown-variable: no field and no variable of the route is called "host"'],
  ],
  [
    'a group under "not" catches nothing',
    `{ hold: { for: 1h, key: host, unless: { subject: up, not: { subject: { matches: '(?<host>x)' } } } } }`,
    ['unknown-variable: no field and no variable of the route is called "host"'],
  ],
])('a hold with %s', (_, steps, expected) => {
  const text = withRoute(`${steps}, ${send}`, `when: { subject: { matches: '(?<name>x) down' } }, `)
  expect(parse(text).warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual(expected)
})

test('the default key may hold what some route makes', () => {
  const text = (key: string) =>
    withRoute(
      `{ extract: { host: { from: subject, regex: x } } }, ${send}`,
      '',
      `defaults: { dedupe: { key: [${key}], for: 1h } }\n`,
    )
  expect(parse(text('route, host')).config.defaultDedupe).toEqual({
    key: ['{{ route }}', '{{ host }}'],
    windowMs: 3_600_000,
  })
  expect(shortly(issuesOf(text('route, hots')))).toEqual(['unknown-variable 6:36'])
})

test.each([
  ['dedupe', 'for: 1h'],
  ['hold', 'for: 1h, unless: { subject: up }'],
  ['digest', 'every: 1h'],
] as const)('the key of %s is one text or a list', (verb, rest) => {
  const readKey = (written: string) => {
    const text = withRoute(`{ ${verb}: { key: ${written}, ${rest} } }, ${send}`)
    const step = parse(text).config.routes[0]?.steps[0]
    return step && 'key' in step ? step.key : undefined
  }
  expect(readKey('subject')).toEqual(['{{ mail.subject }}'])
  expect(readKey('[subject]')).toEqual(['{{ mail.subject }}'])
  expect(readKey('[from, "{{ route | slug }}"]')).toEqual(['{{ mail.from }}', '{{ route | slug }}'])
})
