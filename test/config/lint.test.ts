import { expect, test } from 'vitest'
import { base, issuesOf, shortly } from './kinds.js'

const route = (fields: string, steps = '{ send: telegram }') => `  - { name: r, ${fields}steps: [${steps}] }\n`

test.each([
  ['a route that says enough', `${base}routes:\n${route('when: { subject: x }, ')}`, []],
  [
    'a route behind one that takes everything',
    `${base}routes:\n  - { name: all, stop: true, steps: [{ send: telegram }] }\n${route('')}`,
    ['unreachable-route 8:13'],
  ],
  [
    'a route behind a disabled one',
    `${base}routes:\n  - { name: all, enabled: false, stop: true, steps: [{ send: telegram }] }\n${route('')}`,
    [],
  ],
  ['a channel nobody uses', base, ['unused-channel 3:3']],
  [
    'limits for clients that may not send',
    'server: { smtp: { client_limits: { rate: 60/1m } } }',
    ['idle-client-limits 1:19'],
  ],
  ['limits of connections alone', 'server: { smtp: { client_limits: { connections: 5 } } }', []],
  ['limits for strangers', 'server: { smtp: { allow: ["::/0"], client_limits: { rate: 60/1m, per_day: 5 } } }', []],
  ['a lookup nobody uses', 'lookups: { a: { inline: 1 } }', ['unused-lookup 1:12']],
  ['an action nobody uses', 'actions: { a: { module: a.wasm } }', ['unused-action 1:12']],
  ['a route that sends nothing', `routes:\n  - { name: r, when: { subject: x } }`, ['no-delivery 2:13']],
  ['a route that only archives', `routes:\n  - { name: r, when: { subject: x }, stop: true }`, []],
  [
    'an LLM asked about every mail',
    `${base}llm: { model: x }\nroutes:\n${route('when: { llm: urgent? }, ')}`,
    ['llm-without-prefilter 8:24'],
  ],
  [
    'an LLM behind a cheap condition',
    `${base}llm: { model: x }\nroutes:\n${route('when: { llm: urgent?, subject: x }, ')}`,
    [],
  ],
  [
    'an LLM that is not there',
    `${base}routes:\n${route('when: { llm: urgent?, subject: x }, ')}`,
    ['llm-not-configured 7:24'],
  ],
  [
    'who sent a mail, which nobody checks',
    `${base}routes:\n${route('when: { subject: x, auth: { dmarc: pass } }, ')}`,
    ['auth-not-checked 7:44'],
  ],
  [
    'who sent a mail, which is checked',
    `${base}server: { smtp: { sender_auth: {} } }\nroutes:\n${route('when: { auth: { dmarc: pass } }, ')}`,
    [],
  ],
  [
    'a policy for strangers where nobody is one',
    'server: { smtp: { sender_auth: { policy: reject } } }',
    ['idle-sender-policy 1:34'],
  ],
  [
    'a policy for strangers where everybody may send',
    'server: { smtp: { allow: ["0.0.0.0/0"], recipients: ["*@a.test"], sender_auth: { policy: reject } } }',
    [],
  ],
  [
    'a monitor that looks at who sent a mail, which nobody checks',
    `${base}monitors:\n  m: { expect: { when: { auth: { spf: pass } } }, every: 1h, on_down: { send: telegram } }`,
    ['auth-not-checked 7:3'],
  ],
  [
    'a secret in the file',
    `otherwise: { send: t }\nchannels: { t: { kind: telegram, bot_token: "123456:abc" } }`,
    ['plaintext-secret 2:45'],
  ],
  [
    'a password in the file',
    'server: { smtp: { users: [{ name: a, password: secret-pass }] } }',
    ['plaintext-secret 1:48'],
  ],
  [
    'a nested secret in the file',
    'otherwise: { send: e }\nchannels: { e: { kind: email, host: h, auth: { user: u, password: secret-pass } } }',
    ['plaintext-secret 2:67'],
  ],
  [
    'the header where the envelope is meant',
    `${base}server: { smtp: { recipients: ["*@example.com"] } }\nroutes:\n${route('when: { to: ops@example.com }, ')}`,
    ['envelope-vs-header-to 8:24'],
  ],
  [
    'brackets that make a list',
    `${base}routes:\n${route('when: { subject: { starts_with: [Sentry] } }, ')}`,
    ['unquoted-brackets 7:48'],
  ],
  ['a list with quotes', `${base}routes:\n${route('when: { subject: { starts_with: ["Sentry"] } }, ')}`, []],
  ['a list of one address', `${base}routes:\n${route('when: { rcpt: [ops@example.com] }, ')}`, []],
  [
    'a variable that templates cannot see',
    `${base}routes:\n${route('', '{ extract: { text: { from: subject, regex: x } } }, { send: telegram }')}`,
    ['hidden-variable 7:37'],
  ],
  ['a name that is no address', `${base}routes:\n${route('when: { from: sentry }, ')}`, ['address-without-at 7:30']],
  [
    'a member that nearly is a person',
    `${base}groups: { g: [tin@mailtrigger.app] }\nroutes:\n${route('')}`,
    ['unknown-person 6:15'],
  ],
  ['a warning that is put aside', `# mailtrigger-ignore: unused-lookup\nlookups: { a: { inline: 1 } }`, []],
  [
    'another warning put aside',
    `# mailtrigger-ignore: unused-channel, no-delivery\nlookups: { a: { inline: 1 } }`,
    ['unused-lookup 2:12'],
  ],
])('%s', (_, text, expected) => {
  expect(shortly(issuesOf(text))).toEqual(expected)
})

test.each([
  ['a value a check refuses', 'channels: { o: { kind: slack, webhook_url: hush-hush-hush } }'],
  ['a list instead of a text', 'channels: { t: { kind: telegram, bot_token: [hush-hush-hush] } }'],
  ['an alias', 'channels: { t: { kind: telegram, bot_token: *hush-hush-hush } }'],
  ['a syntax error', 'channels:\n  t:\n    bot_token: [hush-hush-hush] x'],
  ['another syntax error', 'channels:\n  t:\n    bot_token: @hush-hush-hush'],
  ['a line that is wrong elsewhere', 'channels: { t: { kind: telegrm, bot_token: hush-hush-hush } }'],
])('%s does not show a secret', (_, text) => {
  const issues = issuesOf(text)
  expect(issues.length).toBeGreaterThan(0)
  expect(JSON.stringify(issues)).not.toContain('hush-hush')
})

test('a frame does not show a secret', () => {
  const [issue] = issuesOf('otherwise: { send: t }\nchannels: { t: { kind: telegram, bot_token: "123456:abc" } }')
  expect(issue?.frame).toContain('bot_token: ••••')
  expect(JSON.stringify(issue)).not.toContain('123456:abc')
})
