import { expect, test } from 'vitest'
import { z } from 'zod'
import { issuesOf, issuesOfFiles, shortly, testKinds } from './kinds.js'

/** Each text is the lines after `routes:`'s usual surroundings, so that line 7 is its first. */
const surroundings = `channels:
  telegram: { kind: telegram, bot_token: "\${TOKEN:-123456:abc}" }
people:
  tim@mailtrigger.app: { name: Tim, telegram: 111111 }
lookups:
  owners: { url: http://127.0.0.1/owners }
`
const send = 'steps: [{ attach: owners }, { send: telegram }]'

interface Case {
  about: string
  text: string
  expected: string
  hint: RegExp
  message?: RegExp
}

const cases: Case[] = [
  {
    about: 'a misspelt operator',
    text: `routes:\n  - name: a\n    when: { body: { contain: x } }\n    ${send}`,
    expected: 'unknown-key 9:21',
    message: /unknown key "contain" in routes\[0\]\.when\.body/,
    hint: /^did you mean "contains"\?$/,
  },
  {
    about: 'an operator in camel case',
    text: `routes:\n  - name: a\n    when: { subject: { startsWith: x } }\n    ${send}`,
    expected: 'unknown-key 9:24',
    hint: /^did you mean "starts_with"\?$/,
  },
  {
    about: 'a misspelt required key is one mistake, not two',
    text: `routes:\n  - nmae: a\n    ${send}`,
    expected: 'unknown-key 8:5',
    hint: /^did you mean "name"\?$/,
  },
  {
    about: 'a section nobody knows',
    text: `chanels: {}\nroutes:\n  - name: a\n    ${send}`,
    expected: 'unknown-key 7:1',
    hint: /^did you mean "channels"\?$/,
  },
  {
    about: 'a key far from any other',
    text: `routes:\n  - name: a\n    colour: red\n    ${send}`,
    expected: 'unknown-key 9:5',
    hint: /^allowed here: name, enabled, when, /,
  },
  {
    about: 'a channel that does not exist',
    text: 'routes:\n  - name: a\n    steps: [{ attach: owners }, { send: [telegrm] }]',
    expected: 'unknown-channel 9:42',
    hint: /^did you mean "telegram"\?$/,
  },
  {
    about: 'a lookup that does not exist',
    text: 'routes:\n  - name: a\n    steps: [{ attach: owner }, { send: telegram }]',
    expected: 'unknown-lookup 9:23',
    hint: /^did you mean "owners"\?$/,
  },
  {
    about: 'an action where there is none',
    text: 'routes:\n  - name: a\n    steps: [{ run: pick }, { send: telegram }]',
    expected: 'unknown-action 9:20',
    hint: /^there is no action yet; add it under "actions"; if it was uploaded, say so by --uploaded pick=FILE$/,
  },
  {
    about: 'a condition asking a module that does not exist',
    text: 'routes:\n  - name: a\n    when: { not: { wasm: { module: nigth, on_error: match } } }\n    steps: [{ send: telegram }]\nactions: { night: { module: night.wasm } }',
    expected: 'unknown-action 9:36',
    hint: /^did you mean "night"\?; if it was uploaded, say so by --uploaded nigth=FILE$/,
  },
  {
    about: 'a condition that would be tried again',
    text: 'routes:\n  - name: a\n    when: { wasm: { module: night, on_error: retry } }\n    steps: [{ send: telegram }]\nactions: { night: { module: night.wasm } }',
    expected: 'unknown-value 9:46',
    hint: /no_match/,
  },
  {
    about: 'a recipient that is neither address nor group',
    text: 'routes:\n  - name: a\n    steps: [{ recipients: devop }, { send: telegram }]\ngroups: { devops: [tim@mailtrigger.app] }',
    expected: 'unknown-recipient 9:27',
    hint: /^did you mean "devops"\?$/,
  },
  {
    about: 'brackets where one text is wanted',
    text: `routes:\n  - name: [Sentry]\n    ${send}`,
    expected: 'wrong-type 8:11',
    hint: /^a text that starts with \[ has to be quoted: "\[Sentry\]"$/,
  },
  {
    about: 'brackets with a text after them',
    text: `routes:\n  - name: a\n    when: { subject: { starts_with: [Sentry] Error } }\n    ${send}`,
    expected: 'bad-yaml 9:46',
    hint: /^a text that starts with \[ has to be quoted: "\[Sentry\] Error"$/,
  },
  {
    about: 'a star without quotes',
    text: `routes:\n  - name: a\n    when:\n      from: *@mailtrigger.app\n    ${send}`,
    expected: 'bad-yaml 10:13',
    hint: /^a text that starts with \* has to be quoted: "\*@mailtrigger\.app"$/,
  },
  {
    about: 'an at sign without quotes',
    text: `routes:\n  - name: a\n    when:\n      subject: @here\n    ${send}`,
    expected: 'bad-yaml 10:16',
    hint: /^a text that starts with @ has to be quoted: "@here"$/,
  },
  {
    about: 'a hash without quotes',
    text: `routes:\n  - name: a\n    when:\n      subject: #1 alert\n    ${send}`,
    expected: 'wrong-type 10:7',
    hint: /^a text that starts with # has to be quoted: "#1 alert"$/,
  },
  {
    about: 'a colon inside a text',
    text: `routes:\n  - name: Jenkins: failed\n    ${send}`,
    expected: 'bad-yaml 8:11',
    hint: /^a text with ": " in it has to be quoted: "Jenkins: failed"$/,
  },
  {
    about: 'a template without quotes',
    text: 'routes:\n  - name: a\n    steps:\n      - set:\n          title: {{ x }} is down\n      - send: telegram',
    expected: 'bad-yaml 11:26',
    hint: /^a text that starts with \{ has to be quoted: "\{\{ x \}\} is down"$/,
  },
  {
    about: 'a tab as indentation',
    text: `routes:\n  - name: a\n\t${send}`,
    expected: 'bad-yaml 9:1',
    message: /^a tab is used for indentation$/,
    hint: /spaces/,
  },
  {
    about: 'a key that is there twice',
    text: `routes:\n  - name: a\n    name: b\n    ${send}`,
    expected: 'duplicate-key 9:5',
    hint: /^it is first at routes\.yaml:8:5$/,
  },
  {
    about: 'a pattern that does not compile',
    text: `routes:\n  - name: a\n    when: { subject: { matches: "(((" } }\n    ${send}`,
    expected: 'bad-regex 9:33',
    message: /missing closing \)/,
    hint: /RE2/,
  },
  {
    about: 'a duration without unit',
    text: `routes:\n  - name: a\n    retry: [1m, 5]\n    ${send}`,
    expected: 'bad-duration 9:17',
    hint: /90s, 5m, 24h/,
  },
  {
    about: 'a size in words',
    text: `routes:\n  - name: a\n    when: { size: { over: big } }\n    ${send}`,
    expected: 'bad-size 9:27',
    hint: /25MB/,
  },
  {
    about: 'two verbs in a step',
    text: 'routes:\n  - name: a\n    steps:\n      - attach: owners\n        send: telegram',
    expected: 'bad-step 10:9',
    message: /has 2 verbs: attach, send/,
    hint: /a step of each/,
  },
  {
    about: 'a misspelt verb',
    text: 'routes:\n  - name: a\n    steps:\n      - atach: owners\n      - send: telegram',
    expected: 'unknown-key 10:9',
    hint: /^did you mean "attach"\?$/,
  },
  {
    about: 'an unknown filter in a template',
    text: 'routes:\n  - name: a\n    steps:\n      - { attach: owners }\n      - { set: { title: "x {{ y | nofilter }}" } }\n      - send: telegram',
    expected: 'bad-template 11:28',
    message: /undefined filter: nofilter/,
    hint: /^$/,
  },
  {
    about: 'a template in a block of text, at its own line',
    text: 'routes:\n  - name: a\n    steps:\n      - attach: owners\n      - set:\n          text: |\n            fine\n            ab {% nope %}\n      - send: telegram',
    expected: 'bad-template 14:16',
    message: /tag "nope" not found/,
    hint: /^$/,
  },
  {
    about: 'a severity nobody knows',
    text: `routes:\n  - name: a\n    severity: loud\n    ${send}`,
    expected: 'bad-severity 9:15',
    hint: /critical/,
  },
  {
    about: 'a word that is not one of a few',
    text: `routes:\n  - name: a\n    on_error: sent\n    ${send}`,
    expected: 'unknown-value 9:15',
    hint: /^did you mean "send"\?$/,
  },
  {
    about: 'a variable that is not set',
    text: `llm: { model: "\${LM_MODEL}" }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'missing-variable 7:16',
    hint: /^did you mean "LLM_MODEL"\?$/,
  },
  {
    about: 'a variable with its own message',
    text: `llm: { model: "\${MODEL_NAME:?ask the platform team}" }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'missing-variable 7:16',
    message: /not set: ask the platform team$/,
    hint: /MODEL_NAME/,
  },
  {
    about: 'a file that is not there',
    text: `llm: { model: x, api_key: "\${file:/run/secrets/llm}" }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'missing-file 7:28',
    hint: /path/,
  },
  {
    about: 'two routes of one name',
    text: `routes:\n  - name: a\n    ${send}\n  - name: a\n    ${send}`,
    expected: 'duplicate-name 10:11',
    hint: /^it is first at routes\.yaml:8:11$/,
  },
  {
    about: 'an empty list of steps',
    text: 'routes:\n  - name: a\n    steps:\n  - name: b\n    steps: [{ attach: owners }, { send: telegram }]',
    expected: 'wrong-type 9:5',
    message: /is empty; it has to be a list/,
    hint: /./,
  },
  {
    about: 'a condition that compares with nothing',
    text: `routes:\n  - name: a\n    when: { subject: { case_sensitive: true } }\n    ${send}`,
    expected: 'empty-condition 9:22',
    hint: /./,
  },
  {
    about: 'a hold without a time',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { key: subject, unless: { subject: up } }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'missing-key 10:9',
    hint: /^How long to wait/,
    message: /"for" is missing in routes\[0\]\.steps\[0\]\.hold/,
  },
  {
    about: 'a hold for longer than a week',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { for: 8d, key: subject, unless: { subject: up } }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-duration 10:22',
    hint: /^$/,
    message: /a hold takes 7d at most/,
  },
  {
    about: 'a hold that every mail ends',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { for: 8h, key: subject, unless: {} }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'empty-condition 10:48',
    hint: /^What the later mail has to meet\.$/,
    message: /the condition holds for every mail/,
  },
  {
    about: 'a misspelt operator in "unless"',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { for: 8h, key: subject, unless: { subject: { contain: up } } }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'unknown-key 10:61',
    hint: /^did you mean "contains"\?$/,
  },
  {
    about: 'a pattern in "unless" that does not compile',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { for: 8h, key: subject, unless: { subject: { matches: "(((" } } }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-regex 10:70',
    hint: /RE2/,
  },
  {
    about: 'two holds in a route',
    text: `routes:\n  - name: a\n    steps:\n      - hold: { for: 8h, key: subject, unless: { subject: up } }\n      - hold: { for: 9h, key: subject, unless: { subject: up } }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'duplicate-step 11:9',
    hint: /^it is first at routes\.yaml:10:9$/,
    message: /a route has one "hold"/,
  },
  {
    about: 'a key that is a map',
    text: `routes:\n  - name: a\n    steps:\n      - dedupe: { key: [subject, labels], for: 5m }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-key 10:34',
    hint: /^write one of what it holds, such as "\{\{ labels\.name \}\}"$/,
  },
  {
    about: 'a key with a filter nobody knows',
    text: `routes:\n  - name: a\n    steps:\n      - dedupe: { key: "{{ mail.subject | sluk }}", for: 5m }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-template 10:25',
    hint: /^$/,
  },
  {
    about: 'an empty key',
    text: `routes:\n  - name: a\n    steps:\n      - dedupe: { key: "", for: 5m }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'invalid-value 10:24',
    hint: /^What makes two notifications the same/,
    message: /must not be empty/,
  },
  {
    about: 'a dedupe without a window',
    text: `routes:\n  - name: a\n    steps:\n      - dedupe: { key: subject, for: 0s }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-duration 10:38',
    hint: /at most a year/,
  },
  {
    about: 'a digest with both times',
    text: `routes:\n  - name: a\n    steps:\n      - digest: { every: 1h, at: 09:00 }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-digest 10:17',
    hint: /^$/,
    message: /a digest has either every or at/,
  },
  {
    about: 'a digest with neither',
    text: `routes:\n  - name: a\n    steps:\n      - digest: { key: subject }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-digest 10:17',
    hint: /^$/,
  },
  {
    about: 'a digest at no time of day',
    text: `routes:\n  - name: a\n    steps:\n      - digest: { at: mon 25:00 }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-time 10:23',
    hint: /mon-fri 09:00/,
  },
  {
    about: 'a digest on no day',
    text: `routes:\n  - name: a\n    steps:\n      - digest: { at: monday 09:00 }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-time 10:23',
    hint: /mon-fri 09:00/,
  },
  {
    about: 'a digest in no time zone',
    text: `routes:\n  - name: a\n    steps:\n      - digest: { at: 09:00, timezone: Asia/Taipeh }\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-timezone 10:40',
    hint: /Asia\/Taipei/,
  },
  {
    about: 'a fingerprint that Liquid does not understand',
    text: `routes:\n  - name: a\n    steps:\n      - resolve: "{{ x | nope }}"\n      - { attach: owners }\n      - send: telegram`,
    expected: 'bad-template 10:19',
    hint: /^$/,
  },
  {
    about: 'a misspelt word of repeat',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, repeat: { evry: 5m } }\n      - { attach: owners }`,
    expected: 'unknown-key 10:46',
    hint: /^did you mean "every"\?$/,
  },
  {
    about: 'more repeats than anybody wants',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, repeat: { every: 5m, times: 1001 } }\n      - { attach: owners }`,
    expected: 'invalid-value 10:64',
    hint: /repeats/,
    message: /at most 1000/,
  },
  {
    about: 'an escalation to nobody known',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, then: [{ after: 5m, send: telegram, to: [manager, bos] }] }\n      - { attach: owners }\ngroups: { boss: [tim@mailtrigger.app] }`,
    expected: 'unknown-recipient 10:86',
    hint: /^did you mean "boss"\?$/,
  },
  {
    about: 'an escalation to a channel that does not exist',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, then: { after: 5m, send: telegramm } }\n      - { attach: owners }`,
    expected: 'unknown-channel 10:61',
    hint: /^did you mean "telegram"\?$/,
  },
  {
    about: 'an escalation to managers, and a group of that name',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, then: { after: 5m, send: telegram, to: manager } }\n      - { attach: owners }\ngroups: { manager: [tim@mailtrigger.app] }`,
    expected: 'ambiguous-recipient 10:75',
    hint: /another name/,
  },
  {
    about: 'an escalation without a time',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, then: { send: telegram } }\n      - { attach: owners }`,
    expected: 'missing-key 10:36',
    hint: /^How long to wait for an acknowledgement\.$/,
  },
  {
    about: 'hours that have no calendar',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, during: offices }\n      - { attach: owners }\ncalendars: { office: { days: mon-fri } }`,
    expected: 'unknown-calendar 10:44',
    hint: /^did you mean "office"\?$/,
  },
  {
    about: 'hours where there is no calendar at all',
    text: `routes:\n  - name: a\n    steps:\n      - send: { channel: telegram, during: office }\n      - { attach: owners }`,
    expected: 'unknown-calendar 10:44',
    hint: /^there is no calendar yet; add it under "calendars"$/,
  },
  {
    about: 'a calendar on a day that is none',
    text: `calendars: { office: { days: [mon, tues] } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-day 7:36',
    hint: /mon-fri/,
  },
  {
    about: 'a calendar at hours that are none',
    text: `calendars: { office: [{ days: mon-fri, between: 9-18 }] }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-time 7:49',
    hint: /09:00-18:00/,
  },
  {
    about: 'a holiday that does not exist',
    text: `calendars: { office: { days: mon-fri, except: [2026-06-31] } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-date 7:48',
    hint: /2026-12-25/,
  },
  {
    about: 'an empty calendar',
    text: `calendars: { office: [] }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'invalid-value 7:22',
    hint: /^$/,
    message: /the list must not be empty/,
  },
  {
    about: 'a monitor that knows no interval',
    text: `monitors: { backup: { on_down: { send: telegram } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'missing-key 7:13',
    hint: /^How often it is expected\.$/,
  },
  {
    about: 'a monitor that tells a channel that does not exist',
    text: `monitors: { backup: { every: 1d, on_down: { send: [telegrm] } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'unknown-channel 7:52',
    hint: /^did you mean "telegram"\?$/,
  },
  {
    about: 'a monitor that expects a misspelt field',
    text: `monitors: { backup: { every: 1d, expect: { when: { subjct: OK } }, on_down: { send: telegram } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'unknown-key 7:52',
    hint: /^did you mean "subject"\?$/,
  },
  {
    about: 'a public address with a query',
    text: `server: { http: { public_url: "https://alerts.example.com/?a=1" } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-url 7:31',
    hint: /without user/,
  },
  {
    about: 'a public address without a scheme',
    text: `server: { http: { public_url: alerts.example.com } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-url 7:31',
    hint: /https:/,
  },
  {
    about: 'a proxy that says neither a role nor where one stands',
    text: `server: { http: { proxy_auth: { from: [10.0.0.1], user_header: Remote-User } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'invalid-value 7:31',
    hint: /./,
  },
  {
    about: 'a proxy with a role that is none',
    text: `server: { http: { proxy_auth: { from: [10.0.0.1], user_header: Remote-User, role: root } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'unknown-value 7:83',
    hint: /viewer/,
  },
  {
    about: 'a proxy that may be anybody',
    text: `server: { http: { proxy_auth: { from: ["0.0.0.0/0"], user_header: Remote-User, role: viewer } } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'invalid-value 7:40',
    hint: /anybody could say/,
  },
  {
    about: 'a proxy that calls from a name',
    text: `server: { http: { trusted_proxies: [proxy.example] } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-cidr 7:37',
    hint: /single address/,
  },
  {
    about: 'a window without end',
    text: `defaults: { retry_window: 400d }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-duration 7:27',
    hint: /at most a year/,
  },
  {
    about: 'a default dedupe for longer than a year',
    text: `defaults: { dedupe: { for: 400d } }\nroutes:\n  - name: a\n    ${send}`,
    expected: 'bad-duration 7:28',
    hint: /at most a year/,
  },
  {
    about: 'nesting without end',
    text: `routes: ${'['.repeat(70)}${']'.repeat(70)}`,
    expected: 'too-deep 7:69',
    hint: /^$/,
  },
]

test.each(cases)('$about', ({ text, expected, hint, message }) => {
  const issues = issuesOf(surroundings + text, { env: { LLM_MODEL: 'x' } }).filter(
    ({ severity }) => severity === 'error',
  )
  expect(shortly(issues)).toEqual([expected])
  expect(issues[0]?.hint ?? '').toMatch(hint)
  expect(issues[0]?.frame).toContain('^')
  if (message) expect(issues[0]?.message).toMatch(message)
})

test('every mistake of a file is told at once, also those behind the schema', () => {
  const text = `channels:
  telegram: { kind: telegrm }
  ops: { kind: slack, webhook_url: nothing }
people:
  tim@mailtrigger.app: { telegram: tim, manager: bos@mailtrigger.app }
  boss@mailtrigger.app: { pager: "1" }
groups: { devops: [devops] }
routes:
  - name: a
    when: { subjet: x }
    steps: [{ send: opps }, { run: nope }]
`
  expect(shortly(issuesOf(text))).toEqual([
    'unknown-kind 2:21',
    'invalid-value 3:36',
    'plaintext-secret 3:36',
    'unknown-person 5:50',
    'unknown-channel 6:27',
    'group-cycle 7:11',
    'unknown-key 10:13',
    'unknown-channel 11:21',
    'unknown-action 11:36',
  ])
})

test('names in two files are reported with both places', () => {
  const issues = issuesOfFiles([
    { file: 'a.yaml', text: 'groups: { devops: [tim@mailtrigger.app] }\nserver: { data: x }\n' },
    { file: 'b.yaml', text: 'server: { data: y }\ngroups:\n  devops: []\n' },
  ])
  expect(issues.map(({ code, position, hint }) => `${code} ${position?.file}:${position?.line} ${hint}`)).toEqual([
    'duplicate-section b.yaml:1 it is first at a.yaml:2:1; keep it in one of them',
    'duplicate-name b.yaml:3 it is first at a.yaml:1:11',
  ])
})

test('more issues than a person reads are counted', () => {
  const routes = Array.from({ length: 150 }, (_, index) => `  - { name: r${index}, colour: red, stop: true }`)
  const issues = issuesOf(`routes:\n${routes.join('\n')}\n`)
  expect(issues).toHaveLength(101)
  expect(issues.at(-1)?.message).toBe('50 more issues are not shown')
})

/** Mistakes in channels and people stand in the sections the other cases have around them. */
const inSections: [about: string, text: string, expected: string, hint: RegExp][] = [
  [
    'a rate of nothing',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", rate_limit: 0/1m } }',
    'bad-rate 1:70',
    /30\/1m/,
  ],
  [
    'a rate of a week',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", rate_limit: 5/7d } }',
    'bad-rate 1:70',
    /at most a day/,
  ],
  [
    'a misspelt limit',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", rate_limt: 5/1s } }',
    'unknown-key 1:58',
    /^did you mean "rate_limit"\?$/,
  ],
  [
    'a cap in words',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", daily_cap: many } }',
    'wrong-type 1:69',
    /a day \(UTC\)/,
  ],
  [
    'a template of a channel that cannot be read',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", template: "{{ title" } }',
    'bad-template 1:69',
    /^$/,
  ],
  [
    'a title of a channel with a filter nobody knows',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", template: { title: "{{ title | upcas }}" } } }',
    'bad-template 1:78',
    /^$/,
  ],
  [
    'a template of a channel with a key nobody knows',
    'channels: { a: { kind: telegram, bot_token: "${T:-123}", template: { body: x } } }',
    'unknown-key 1:70',
    /title, text/,
  ],
  [
    'a ladder of one text',
    'channels: { a: { kind: slack, webhook_url: "${U:-https://a.b}", retry: 5m } }',
    'wrong-type 1:72',
    /wait before each retry/,
  ],
  [
    'a channel called like a key of people',
    'channels: { quiet_hours: { kind: telegram, bot_token: "${T:-123}" } }',
    'bad-name 1:13',
    /people have a key of that name/,
  ],
  [
    'quiet hours without a calendar',
    'people: { a@b.c: { quiet_hours: nigts } }\ncalendars: { nights: { between: "22:00-06:00" } }',
    'unknown-calendar 1:33',
    /^did you mean "nights"\?$/,
  ],
  [
    'quiet hours except for a severity nobody knows',
    'people: { a@b.c: { quiet_hours: { calendar: nights, except: [loud] } } }\ncalendars: { nights: { between: "22:00-06:00" } }',
    'bad-severity 1:62',
    /critical, error/,
  ],
  [
    'quiet hours in a list',
    'people: { a@b.c: { quiet_hours: [nights] } }\ncalendars: { nights: { between: "22:00-06:00" } }',
    'wrong-type 1:33',
    /./,
  ],
]

test.each(inSections)('%s', (_, text, expected, hint) => {
  const issues = issuesOf(text).filter(({ severity }) => severity === 'error')
  expect(shortly(issues)).toEqual([expected])
  expect(issues[0]?.hint ?? '').toMatch(hint)
  expect(issues[0]?.frame).toContain('^')
})

test('a kind with a setting that every channel has is a mistake of ours', () => {
  const [kind] = testKinds
  if (!kind) throw new Error('there is no kind')
  const clashing = { ...kind, settings: z.strictObject({ bot_token: z.string(), daily_cap: z.int().optional() }) }
  expect(() => issuesOf('channels: { a: { kind: telegram, bot_token: x } }', { kinds: [clashing] })).toThrow(
    /the kind telegram has a setting "daily_cap"/,
  )
})
