import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { JudgeByLlm } from '#src/domain/judge.js'
import { makeMail } from '../route/sample.js'
import { makeActResult } from '../steps/step-fixture.js'
import { now, plan, type Surroundings } from './pipeline-fixture.js'

/**
 * Whole traces, as they are kept and shown. A difference is either a mistake or a change that users see: then write
 * them anew with UPDATE_GOLDEN=1 and look at what changed.
 */
const folder = fileURLToPath(new URL('golden/', import.meta.url))

const yes: JudgeByLlm = async () => ({
  match: true,
  reason: 'it expires tomorrow',
  cached: false,
  model: 'small',
  durationMs: 0,
})

const cases: Record<string, Surroundings & { routes: string; mail?: ReturnType<typeof makeMail> }> = {
  'owner-of-a-project': {
    routes: `actions: { owner: { module: owner.wasm } }
routes:
  - name: Sentry
    when: { subject: { starts_with: "[Sentry]" }, body: { contains: "level = error" } }
    labels: { team: shop }
    steps:
      - attach: owners
      - run: owner
      - extract: { project: { from: subject, regex: 'Project (\\d+)' } }
      - set: { title: "Project {{ project }}", severity: critical }
      - send: [telegram, email]`,
    owners: { 'Project 1': ['tim@y.example'] },
    runAction: async () =>
      makeActResult({ recipients: ['tim@y.example', 'x@y.example'], reason: 'Project 1 belongs to Tim' }),
  },
  'nobody-wants-it': {
    routes: `routes:
  - name: Jenkins
    when: { from: "jenkins@*", subject: { matches: "(?i)build.*failed" } }
    steps: [ { send: telegram } ]
  - { name: off, enabled: false, when: { subject: { contains: Sentry } }, steps: [ { send: ops } ] }`,
  },
  'asks-the-model': {
    routes: `llm: { base_url: "http://llm.internal/v1", api_key: key-123456, model: small }
routes:
  - name: certificates
    when: { any: [ { subject: { contains: certificate } }, { subject: { contains: Sentry } } ], not: { header: { X-Test: true } }, llm: { prompt: Does it expire?, fields: [subject] } }
    stop: true
    steps: [ { send: { channel: ops, template: "{{ title }} ({{ severity }})" } } ]
  - { name: never reached, when: { subject: { contains: Sentry } }, steps: [ { send: telegram } ] }`,
    judge: yes,
  },
  'waits-for-a-lookup': {
    routes: `routes:
  - { name: owners, when: { rcpt: "tim@y.example" }, steps: [ { recipients: { lookup: owners, key: shop } }, { send: telegram } ] }
  - { name: everything, when: { size: { over: 1B } }, steps: [ { send: telegram } ] }`,
  },
  'a-broken-mail': {
    routes: `routes:
  - { name: stranger, when: { attachment: true }, steps: [ { send: telegram } ] }`,
    mail: makeMail({
      subject: 'a "quoted" subject with \u001b[31mcolour\u001b[0m and\nlines',
      malformed: 'the boundary is missing',
      textSource: 'raw',
      envelope: { to: ['stranger@y.example'] },
      attachments: [{ filename: 'a.log', contentType: 'text/plain', sizeBytes: 3, content: new Uint8Array(3) }],
    }),
  },
  'held-until-it-recovers': {
    routes: `monitors:
  watchdog: { expect: { when: { from: "monit@*" } }, every: 1h, on_down: { send: ops } }
routes:
  - name: services that stay down
    when: { from: "monit@*", subject: { contains: Does not exist } }
    steps:
      - extract:
          host: { from: body, regex: '(?m)^Host: (\\S+)' }
          service: { from: subject, regex: '(?:Does not exist|Exists) (\\S+)' }
      - hold: { for: 30m, key: [host, service], unless: { from: "monit@*", subject: { contains: Exists } } }
      - send: telegram`,
    mail: makeMail({
      subject: 'monit alert -- Does not exist nginx',
      from: [{ name: '', address: 'monit@db1.example' }],
      text: 'Host: db1',
      date: now - 60_000,
      envelope: { to: ['tim@y.example'] },
    }),
  },
  'a-recovery': {
    routes: `routes:
  - name: services that stay down
    when: { subject: { matches: '(?P<service>[a-z]+) is (?:down|up)' } }
    steps:
      - hold: { for: 30m, key: service, unless: { subject: { contains: is up } } }
      - send: telegram
  - name: it is over
    when: { subject: { contains: is up } }
    steps: [ { resolve: "{{ mail.subject | split: ' ' | first }}" } ]`,
    mail: makeMail({ subject: 'nginx is up', envelope: { to: ['tim@y.example'] } }),
  },
  'told-until-somebody-answers': {
    routes: `calendars:
  office: { days: [mon, tue, wed, thu, fri], between: "14:00-18:00", timezone: UTC }
routes:
  - name: loud
    when: { subject: { contains: Sentry } }
    severity: critical
    steps:
      - set: { fingerprint: "{{ mail.subject }}" }
      - dedupe: { key: [fingerprint], for: 30m }
      - send:
          channel: telegram
          to: [tim@y.example]
          repeat: { every: 10m, times: 3, until: acknowledged }
          then: [ { after: 15m, send: email, to: manager }, { after: 30m, send: ops } ]
      - send: { channel: ops, during: office }
  - name: gathered
    when: { body: { contains: culprit } }
    steps: [ { digest: { at: "09:00", timezone: Asia/Taipei } }, { send: email } ]`,
  },
}

test.each(Object.entries(cases))('%s', async (name, { routes, ...options }) => {
  const { trace } = await plan(routes, options)
  const text = `${JSON.stringify({ ...trace, config_hash: '(hash)' }, null, 2)}\n`
  const file = `${folder}${name}.json`
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(folder, { recursive: true })
    writeFileSync(file, text)
  }
  expect(JSON.parse(text)).toEqual(JSON.parse(readFileSync(file, 'utf8')))
})
