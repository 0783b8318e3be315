import { expect, test } from 'vitest'
import { openSettings, plainUser } from '../receive/open-settings.js'
import { base, issuesOf, parse, shortly } from './kinds.js'

const full = `# yaml-language-server: $schema=./routes.schema.json
version: 1
server:
  data: ./data
  store: sqlite
  hostname: mail.example.com
  smtp:
    listen: [127.0.0.1:2525, "[::1]:2525"]
    tls: { cert: tls/cert.pem, key: /etc/ssl/key.pem }
    implicit_tls: 0.0.0.0:2465
    allow: [127.0.0.0/8, "::1/128"]
    users: [{ name: jenkins, password: "\${JENKINS_SMTP_PASSWORD}" }]
    recipients: ["*@MailTrigger.app"]
    max_size: 10MB
    max_connections: "\${CONNECTIONS:-50}"
    max_recipients: 7
  http: { listen: ":8025", public_url: "https://alerts.example.com/mail//", trusted_proxies: [10.1.0.0/16], session: { idle: 1h, max: 1d }, proxy_auth: { from: [10.1.2.3], user_header: Remote-User, role_header: Remote-Groups, roles: { 'mail "admins"': admin, staff: viewer } } }
  retention: { mails: forever, deliveries: 60d, max_size: 2GB }
  network: { deny_private: true, allow: [10.0.0.0/8, hooks.example.com], deny: ["*.internal"] }
defaults:
  retry: [1m, 90s]
  dedupe: { key: [route, subject, recipients], for: 10m }
  retry_window: 12h
  on_error: hold
otherwise: { archive: true, send: [ops, telegram] }
llm: { base_url: "https://llm.example.com/v1/", api_key: "\${file:/run/secrets/llm}", model: small, timeout: 3s, max_calls_per_day: 9 }
channels:
  telegram: { kind: telegram, bot_token: "\${TOKEN}", silent: "\${SILENT}" }
  ops: { kind: slack, webhook_url: "https://hooks.example.com/\${SLACK}", retry: [10s, 1m], retry_window: 1h, rate_limit: 30/1m, daily_cap: 500, template: { title: "{{ title | upcase }}" } }
  email: { kind: email, host: mail.example.com, template: "{{ text }} from {{ mail.from }}" }
people:
  Tim@mailtrigger.app: { name: Tim, telegram: 111111, manager: boss@mailtrigger.app, quiet_hours: nights }
  boss@mailtrigger.app: { telegram: "222222:7", quiet_hours: { calendar: nights, except: [high, error, fatal] } }
groups:
  devops: [tim@mailtrigger.app, boss@mailtrigger.app]
  everyone: [devops, Guest@mailtrigger.app]
lookups:
  project-owners: { url: "http://internal/api", headers: { authorization: "Bearer \${SVC}", accept: application/json }, cache: 1m, stale_ok: 2h, timeout: 4s }
  domain-owners: { file: ./domain-owners.json }
  fixed: { inline: { a: [b@mailtrigger.app], n: 1 } }
actions:
  project-owner: { module: wasm-actions/project-owner.ts, config: { fallback: x }, timeout: 2s, allow_hosts: [API.example.com] }
calendars:
  nights: { between: "22:00-07:00", timezone: Asia/Taipei }
  office:
    - { days: mon-fri, between: "09:00-18:00", timezone: Europe/Berlin, except: [2026-12-26, 2026-12-25, "2026-12-25"] }
    - { days: [sat, sun] }
monitors:
  nightly-backup: { expect: { when: { from: "backup@*", subject: { contains: OK } } }, every: 24h, grace: 0s, on_down: { send: [ops, telegram] }, on_recovery: { send: ops } }
  pinged: { every: 5m, on_down: { send: ops } }
  yearly: { expect: {}, every: 365d, on_down: { send: ops } }
routes:
  - name: Sentry
    when:
      subject: { starts_with: "[Sentry]" }
      rcpt: DevOps@mailtrigger.app
      body: { contains: [error, fatal], not: { contains: test, case_sensitive: true } }
    severity: high
    event: sentry
    labels: { team: shop }
    retry: [5m]
    retry_window: 2d
    on_error: send
    stop: true
    steps:
      - attach: project-owners
      - attach: { lookup: domain-owners, if_missing: devops }
      - run: project-owner
      - extract: { domain: { from: subject, regex: '([a-z]+)' }, job: { from: { header: X-Job }, regex: '.+' } }
      - recipients: [devops, "{{ domain }}@mailtrigger.app"]
      - recipients: { lookup: fixed, key: "{{ domain }}", if_missing: [everyone], also: manager }
      - set: { title: "{{ domain }}", text: t, severity: "{{ x }}", event: e, fingerprint: f, labels: { d: "{{ domain }}" } }
      - send: { channel: [telegram, email], to: [Boss@mailtrigger.app, devops], template: "{{ title }}" }
      - stop
  - name: conditions
    enabled: false
    when:
      all:
        - header: { X-Result: FAILURE, List-Unsubscribe: false }
        - attachment: { filename: { ends_with: .log } }
      any:
        - attachment: true
        - size: { over: 1MB, under: 5MB }
        - client: [10.0.0.0/8, "::1"]
      not: { user: [jenkins, ci] }
      time: { days: [sat, sun-mon], between: "22:00-06:30", timezone: Asia/Taipei }
      sender: "<>"
      html: { matches: "(?i)<b>(?P<what>.+)</b>", is: x }
      llm: Is it urgent?
    steps: [{ send: email }]
  - name: noise
    when: { from: "monit@*", subject: { matches: ['^(?<host>\\S+) down', '(?P<what>x)'] } }
    steps:
      - extract: { service: { from: subject, regex: '\\w+$' }, text: { from: body, regex: '.*' } }
      - dedupe: { key: [route, subject, body, from, to, rcpt, sender, recipients, event, severity, fingerprint, host, text, "{{ mail.subject | slug }}"], for: 30m }
      - hold: { for: 30m, key: ["{{ service }}", from], unless: { subject: up } }
      - digest: { key: service, at: mon-fri 09:05, timezone: Asia/Taipei, send_empty: true }
      - set: { fingerprint: "{{ host }}" }
      - resolve
      - send: { channel: [ops, telegram], ack: true, during: office }
  - { name: gathered, steps: [{ digest: { every: 15m } }, { send: ops }] }
  - name: answered
    steps:
      - set: { fingerprint: "{{ mail.subject }}" }
      - resolve: true
      - resolve: "db/{{ mail.subject }}"
      - send: { channel: ops, ack: false, repeat: { every: 7h, until: acknowledged }, then: { after: 15m, send: telegram, to: manager } }
      - send: { channel: ops, repeat: { every: 30h }, then: [{ after: 1h, send: [telegram, email], to: [manager, devops, Boss@mailtrigger.app] }, { after: 5m, send: email }] }
      - send: { channel: ops, repeat: { every: 1s } }
      - send: { channel: ops, repeat: { every: 1s, times: 3 }, template: x }
`
const env = {
  JENKINS_SMTP_PASSWORD: 'jenkins-pw',
  TOKEN: '123456:abcdef',
  SILENT: 'true',
  SLACK: 'T0/B0/xyz',
  SVC: 'svc-token',
}
const readSecretFile = (path: string) => `key of ${path}\n`

test('a file with everything there is becomes the config it says', () => {
  const { config, warnings } = parse(full, { env, readSecretFile })
  expect(warnings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    'hidden-variable: templates have their own "text"',
  ])
  const { channels, routes, hash, ...rest } = config
  expect(hash).toMatch(/^[0-9a-f]{12}$/)
  expect(rest).toEqual({
    files: ['/etc/mailtrigger/routes.yaml'],
    server: {
      dataFolder: '/etc/mailtrigger/data',
      store: { type: 'sqlite' },
      freeBytesMin: 256e6,
      smtp: {
        listen: [
          { host: '127.0.0.1', port: 2525 },
          { host: '::1', port: 2525 },
        ],
        implicitTls: [{ host: '0.0.0.0', port: 2465 }],
        tls: {
          pair: { cert: '/etc/mailtrigger/tls/cert.pem', key: '/etc/ssl/key.pem' },
          versionMin: 'TLSv1.2',
          clientCa: null,
        },
        allow: ['127.0.0.0/8', '::1/128'],
        users: [plainUser('jenkins', 'jenkins-pw')],
        recipients: ['*@mailtrigger.app'],
        sizeBytesMax: 10e6,
        connectionsMax: 50,
        recipientsMax: 7,
        clientLimits: openSettings.clientLimits,
        userLimits: openSettings.userLimits,
        insecureAuth: false,
        proxyProtocol: [],
        xclient: [],
        senderAuth: null,
      },
      http: {
        listen: { host: '0.0.0.0', port: 8025 },
        publicUrl: 'https://alerts.example.com/mail',
        trustedProxies: ['10.1.0.0/16'],
        session: { idleMs: 3_600_000, maxMs: 86_400_000 },
        proxyAuth: {
          from: ['10.1.2.3'],
          userHeader: 'remote-user',
          role: { type: 'header', header: 'remote-groups', roles: { 'mail "admins"': 'admin', staff: 'viewer' } },
        },
      },
      retention: { mailsMs: null, deliveriesMs: 60 * 86_400_000, sizeBytesMax: 2e9 },
      network: { denyPrivate: true, allow: ['10.0.0.0/8', 'hooks.example.com'], deny: ['*.internal'] },
    },
    hostname: 'mail.example.com',
    otherwise: { send: ['ops', 'telegram'], reject: null },
    llm: {
      baseUrl: 'https://llm.example.com/v1',
      apiKey: 'key of /run/secrets/llm',
      model: 'small',
      timeoutMs: 3_000,
      callsPerDayMax: 9,
    },
    people: {
      'tim@mailtrigger.app': {
        address: 'tim@mailtrigger.app',
        name: 'Tim',
        manager: 'boss@mailtrigger.app',
        channels: { telegram: '111111' },
        quietHours: { calendar: 'nights', except: ['critical'] },
      },
      'boss@mailtrigger.app': {
        address: 'boss@mailtrigger.app',
        name: null,
        manager: null,
        channels: { telegram: '222222:7' },
        quietHours: { calendar: 'nights', except: ['critical', 'error'] },
      },
    },
    groups: {
      devops: ['tim@mailtrigger.app', 'boss@mailtrigger.app'],
      everyone: ['tim@mailtrigger.app', 'boss@mailtrigger.app', 'guest@mailtrigger.app'],
    },
    lookups: {
      'project-owners': {
        name: 'project-owners',
        source: {
          type: 'http',
          url: 'http://internal/api',
          headers: { authorization: 'Bearer svc-token', accept: 'application/json' },
          timeoutMs: 4_000,
        },
        cacheMs: 60_000,
        staleOkMs: 7_200_000,
      },
      'domain-owners': {
        name: 'domain-owners',
        source: { type: 'file', path: '/etc/mailtrigger/domain-owners.json' },
        cacheMs: 300_000,
        staleOkMs: 86_400_000,
      },
      fixed: {
        name: 'fixed',
        source: { type: 'inline', data: { a: ['b@mailtrigger.app'], n: 1 } },
        cacheMs: 300_000,
        staleOkMs: 86_400_000,
      },
    },
    actions: {
      'project-owner': {
        name: 'project-owner',
        module: '/etc/mailtrigger/wasm-actions/project-owner.ts',
        config: { fallback: 'x' },
        timeoutMs: 2_000,
        allowHosts: ['api.example.com'],
        position: { file: 'routes.yaml', line: 42, column: 3 },
      },
    },
    jobs: {},
    monitors: {
      'nightly-backup': {
        name: 'nightly-backup',
        when: {
          kind: 'all',
          of: [
            expect.objectContaining({ kind: 'address', globs: ['backup@*'] }),
            expect.objectContaining({ kind: 'text', operator: 'contains', values: ['OK'] }),
          ],
          position: expect.anything(),
        },
        everyMs: 86_400_000,
        graceMs: 0,
        onDown: ['ops', 'telegram'],
        onRecovery: ['ops'],
      },
      pinged: { name: 'pinged', when: null, everyMs: 300_000, graceMs: 60_000, onDown: ['ops'], onRecovery: [] },
      yearly: expect.objectContaining({ when: null, graceMs: 3_600_000 }),
    },
    calendars: {
      nights: {
        name: 'nights',
        spans: [{ days: null, between: { fromMinute: 1_320, toMinute: 420 }, timezone: 'Asia/Taipei', except: [] }],
      },
      office: {
        name: 'office',
        spans: [
          {
            days: ['mon', 'tue', 'wed', 'thu', 'fri'],
            between: { fromMinute: 540, toMinute: 1_080 },
            timezone: 'Europe/Berlin',
            except: ['2026-12-25', '2026-12-26'],
          },
          { days: ['sat', 'sun'], between: null, timezone: 'UTC', except: [] },
        ],
      },
    },
    defaultRetryMs: [60_000, 90_000],
    defaultRetryWindowMs: 12 * 3_600_000,
    defaultDedupe: {
      key: ['{{ route }}', '{{ mail.subject }}', '{{ recipients | sort | join: "," }}'],
      windowMs: 600_000,
    },
    secrets: expect.any(Array),
  })
  expect(new Set(config.secrets)).toEqual(
    new Set([
      'jenkins-pw',
      '123456:abcdef',
      'https://hooks.example.com/T0/B0/xyz',
      'T0/B0/xyz',
      'Bearer svc-token',
      'svc-token',
      'key of /run/secrets/llm',
    ]),
  )
  expect(Object.keys(channels)).toEqual(['telegram', 'ops', 'email'])
  expect(channels.telegram?.settings).toEqual({
    bot_token: '123456:abcdef',
    silent: true,
    base_url: 'https://api.telegram.org',
  })
  expect(channels.telegram?.destination).toBeNull()
  expect(channels.telegram?.limits).toEqual({ rate: null, perDayMax: null, retryMs: null, retryWindowMs: null })
  expect(channels.ops?.limits).toEqual({
    rate: { count: 30, perMs: 60_000 },
    perDayMax: 500,
    retryMs: [10_000, 60_000],
    retryWindowMs: 3_600_000,
  })
  expect([channels.telegram?.template, channels.ops?.template, channels.email?.template]).toEqual([
    null,
    { title: '{{ title | upcase }}', text: null },
    { title: null, text: '{{ text }} from {{ mail.from }}' },
  ])
  expect(channels.ops?.destination).toBe('hooks.slack.com')
  expect(routes).toMatchSnapshot()
})

test('an empty file has the defaults, and forwards nothing', () => {
  const { config } = parse('')
  expect(config.routes).toEqual([])
  expect(config.defaultRetryMs).toEqual([60_000, 300_000, 900_000, 1_800_000, 3_600_000])
  expect(config.defaultRetryWindowMs).toBe(3 * 86_400_000)
  expect(config.defaultDedupe).toBeNull()
  expect([config.monitors, config.calendars]).toEqual([{}, {}])
  expect(config.hostname).toBe('gateway.test')
  expect(config.server).toEqual({
    dataFolder: '/etc/mailtrigger/data',
    store: { type: 'sqlite' },
    freeBytesMin: 256e6,
    smtp: {
      listen: [{ host: '127.0.0.1', port: 2525 }],
      implicitTls: [],
      tls: { pair: null, versionMin: 'TLSv1.2', clientCa: null },
      allow: ['127.0.0.0/8', '::1/128'],
      users: [],
      recipients: null,
      sizeBytesMax: 25e6,
      connectionsMax: 500,
      recipientsMax: 100,
      clientLimits: openSettings.clientLimits,
      userLimits: openSettings.userLimits,
      insecureAuth: false,
      proxyProtocol: [],
      xclient: [],
      senderAuth: null,
    },
    http: {
      listen: { host: '127.0.0.1', port: 8025 },
      publicUrl: null,
      trustedProxies: ['127.0.0.0/8', '::1/128'],
      session: { idleMs: 43_200_000, maxMs: 604_800_000 },
      proxyAuth: null,
    },
    retention: { mailsMs: 30 * 86_400_000, deliveriesMs: 90 * 86_400_000, sizeBytesMax: 20e9 },
    network: { denyPrivate: false, allow: [], deny: [] },
  })
})

test('a name such as "constructor" is a name like any other', () => {
  const { config } = parse(`${base}groups: { constructor: [tim@mailtrigger.app], toString: [constructor] }`)
  expect(config.groups.toString).toEqual(['tim@mailtrigger.app'])
  expect(config.lookups.constructor).toBeUndefined()
  expect(shortly(issuesOf('groups: { __proto__: [] }'))).toEqual(['bad-key 1:11'])
})

const step = (yaml: string) => `${base}routes: [{ name: a, steps: [${yaml}, { send: telegram }] }]`

test('a job gets what it leaves out by default, and one that is not enabled is left out', () => {
  const text = `${base}jobs:
  watch: { module: watch.ts, schedule: "*/30 * * * *", send: telegram, allow_hosts: [API.example.com] }
  off: { module: off.wasm, schedule: "0 8 * * 1", enabled: false }
  full:
    module: full.wasm
    schedule: "0 8 * * 1"
    timezone: Asia/Taipei
    database: full.sqlite3
    config: { a: 1 }
    timeout: 15m
    send: [telegram]
    notify: { on_failure: telegram, on_success: null, on_completion: [telegram] }
`
  const { jobs } = parse(text).config
  expect(Object.keys(jobs)).toEqual(['watch', 'full'])
  expect(jobs.watch).toMatchObject({
    origin: 'config',
    module: '/etc/mailtrigger/watch.ts',
    timezone: 'UTC',
    database: null,
    config: {},
    send: ['telegram'],
    allowHosts: ['api.example.com'],
    timeoutMs: 60_000,
    notify: { onFailure: [], onSuccess: [], onCompletion: [] },
  })
  expect(jobs.full).toMatchObject({
    timezone: 'Asia/Taipei',
    database: '/etc/mailtrigger/full.sqlite3',
    config: { a: 1 },
    timeoutMs: 900_000,
    notify: { onFailure: ['telegram'], onSuccess: [], onCompletion: ['telegram'] },
  })
})

test.each([
  ['timeout: 16m', 'bad-timeout'],
  ['send: nobody', 'unknown-channel'],
  ['notify: { on_failure: nobody }', 'unknown-channel'],
  ['every: 5m', 'unknown-key'],
])('a job with %s is an error', (line, code) => {
  const found = issuesOf(`${base}jobs: { a: { module: a.ts, schedule: "* * * * *", ${line} } }`)
  expect(found.filter(({ severity }) => severity === 'error').map((issue) => issue.code)).toEqual([code])
})

const unavailable: [what: string, text: string][] = [
  ['llm', step('{ llm: { prompt: shorten, set: [title] } }')],
  ['postgres', 'server: { store: "postgres://user:pass@host/db" }'],
  ['archive: false', 'otherwise: { archive: false }'],
]

test.each(unavailable)('%s is refused by name, never ignored: %s', (what, text) => {
  const errors = issuesOf(text).filter(({ severity }) => severity === 'error')
  expect(errors.map(({ code, message }) => `${code}: ${message}`)).toEqual([
    `not-available: "${what}" is not available in this version`,
  ])
  expect(errors[0]?.position).not.toBeNull()
})
