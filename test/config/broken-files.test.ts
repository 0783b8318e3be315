import { expect, test } from 'vitest'
import { issuesOf, issuesOfFiles, shortly } from './kinds.js'

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
