import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { channelKinds } from '#src/channels/index.js'
import { loadConfig } from '#src/config/load.js'
import { type ConfigOverrides, readOverrides } from '#src/config/overrides.js'
import { formatIssues } from '#src/config/print-issues.js'
import { redactConfig } from '#src/config/redact.js'
import { ConfigError, type ConfigIssue } from '#src/domain/errors.js'
import { base, issuesOf, parse, testKinds } from './kinds.js'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'config-'))
})

afterEach(() => rm(folder, { recursive: true }))

const load = (paths: string[], overrides: ConfigOverrides = {}) =>
  loadConfig({
    paths,
    overrides,
    env: {},
    kinds: testKinds,
    checkPattern: () => null,
    checkSchedule: () => null,
  })

async function issuesOfLoading(paths: string[], overrides: ConfigOverrides = {}): Promise<ConfigIssue[]> {
  try {
    return (await load(paths, overrides)).warnings
  } catch (error) {
    if (error instanceof ConfigError) return error.issues
    throw error
  }
}

test('a folder is merged in the order of names, with paths relative to each file', async () => {
  await mkdir(join(folder, 'conf'))
  await writeFile(join(folder, 'conf/20.yml'), `routes: [{ name: second, steps: [{ send: telegram }] }]\n`)
  await writeFile(
    join(folder, 'conf/10.yaml'),
    `${base}routes: [{ name: first, steps: [{ attach: a }, { send: telegram }] }]\n`,
  )
  await writeFile(join(folder, 'conf/30.yaml'), 'lookups: { a: { file: a.json } }\npeople:\n  # nobody yet\n')
  await writeFile(join(folder, 'conf/a.json'), '{}')
  await writeFile(join(folder, 'conf/x.test.yaml'), 'not: [a, config')
  await writeFile(join(folder, 'conf/.hidden.yaml'), 'not: [a, config')
  const { config, warnings } = await load([join(folder, 'conf')])
  expect(warnings).toEqual([])
  expect(config.routes.map(({ name }) => name)).toEqual(['first', 'second'])
  expect(config.files).toEqual(['10.yaml', '20.yml', '30.yaml'].map((name) => join(folder, 'conf', name)))
  expect(config.lookups.a?.source).toEqual({ type: 'file', path: join(folder, 'conf/a.json') })
})

test('what cannot be read is told, all of it', async () => {
  await writeFile(join(folder, 'big.yaml'), `# ${'x'.repeat(256_000)}`)
  await writeFile(join(folder, 'latin.yaml'), Buffer.from([0x61, 0x3a, 0xe4]))
  await mkdir(join(folder, 'empty'))
  const paths = ['big.yaml', 'latin.yaml', 'empty', 'nowhere.yaml'].map((name) => join(folder, name))
  const issues = await issuesOfLoading(paths)
  expect(issues.map(({ code, message }) => `${code}: ${message.slice(folder.length + 1)}`)).toEqual([
    'missing-file: empty: the folder has no *.yaml file',
    'missing-file: nowhere.yaml: there is no such file',
    'too-large: big.yaml: the file is larger than 256 kB',
    'missing-file: latin.yaml: the file is not UTF-8',
  ])
})

test('a byte order mark and Windows line ends are no matter', async () => {
  await writeFile(join(folder, 'a.yaml'), '\ufeffgroups:\r\n  devops: [nosuch]\r\n')
  const [issue] = await issuesOfLoading([join(folder, 'a.yaml')])
  expect(issue?.position).toMatchObject({ line: 2, column: 12 })
  expect(issue?.frame).not.toContain('\r')
})

test('flags and variables lie above the file, and are named when they are wrong', async () => {
  const env = {
    MAILTRIGGER_SMTP_LISTEN: '127.0.0.1:1025, [::1]:1025',
    MAILTRIGGER_SMTP_MAX_CONNECTIONS: '9',
    MAILTRIGGER_DATA: '',
  }
  expect(readOverrides(env)).toEqual({ smtpListen: ['127.0.0.1:1025', '[::1]:1025'], smtpMaxConnections: '9' })
  await writeFile(join(folder, 'a.yaml'), 'server: { smtp: { listen: 127.0.0.1:1, max_size: 1MB } }')
  const overrides = { ...readOverrides(env), data: '/var/lib/mail', networkDenyPrivate: 'true' }
  const { config } = await load([join(folder, 'a.yaml')], overrides)
  expect(config.server.smtp).toMatchObject({ connectionsMax: 9, sizeBytesMax: 1e6 })
  expect(config.server.smtp.listen.map(({ port }) => port)).toEqual([1025, 1025])
  expect(config.server.dataFolder).toBe('/var/lib/mail')
  expect(config.server.network.denyPrivate).toBe(true)
  const reachable = await load([], readOverrides({ MAILTRIGGER_HTTP_PUBLIC_URL: 'https://alerts.example.com/' }))
  expect(reachable.config.server.http.publicUrl).toBe('https://alerts.example.com')
  const [issue] = await issuesOfLoading([], { httpListen: 'nowhere', smtpMaxConnections: 'many' })
  expect(issue?.position).toEqual({ file: 'MAILTRIGGER_SMTP_MAX_CONNECTIONS', line: 1, column: 1 })
})

test('issues are printed as compilers print them', () => {
  const text = `routes:
  - name: a
    when: { body: { contain: "level = error" } }
    steps: [{ send: telegram }]
channels:
  telegram: { kind: telegram, bot_token: "123456:abc" }
`
  expect(
    formatIssues(issuesOf(text), { color: false }),
  ).toBe(`routes.yaml:3:21 error unknown key "contain" in routes[0].when.body
    2 |   - name: a
  > 3 |     when: { body: { contain: "level = error" } }
      |                     ^^^^^^^
    4 |     steps: [{ send: telegram }]
       = help: did you mean "contains"?
routes.yaml:6:42 warning[plaintext-secret] bot_token of the channel telegram is written in the file
    5 | channels:
  > 6 |   telegram: { kind: telegram, bot_token: •••••••••••• }
      |                                          ^^^^^^^^^^^^
       = help: write "\${VARIABLE}" or "\${file:/run/secrets/name}", and keep the value out of the file
1 error, 1 warning
`)
  const colored = formatIssues(issuesOf(text), { color: true })
  expect(
    colored
      .split('\u001b')
      .map((part, index) => (index === 0 ? part : part.replace(/^\[\d+m/, '')))
      .join(''),
  ).toBe(formatIssues(issuesOf(text), { color: false }))
  expect(formatIssues([], { color: false })).toBe('')
})

test('the redacted config shows no secret, and everything else', () => {
  const text = `server: { smtp: { users: [{ name: ci, password: "\${SECRET_A}" }] } }
llm: { model: small, api_key: "\${SECRET_B}" }
channels:
  telegram: { kind: telegram, bot_token: "\${SECRET_C}", rate_limit: "\${RATE:-5/1s}", daily_cap: "\${CAP:-7}" }
  mail: { kind: email, host: h, auth: { user: u, password: "\${SECRET_D}" } }
lookups: { a: { url: "http://me:\${SECRET_E}@host/x?token=\${SECRET_F}&b=1", headers: { x: "k \${SECRET_G}" } } }
routes:
  - { name: a, steps: [{ attach: a }, { set: { title: "\${file:/s}" } }, { send: [telegram, mail] }] }
`
  const env = Object.fromEntries([...'ABCDEFG'].map((letter) => [`SECRET_${letter}`, `hush-hush-${letter}`]))
  const { config } = parse(text, { env, readSecretFile: () => 'hush-hush-file' })
  const shown = JSON.stringify(redactConfig(config))
  const limits = { rate: { count: 5, perMs: 1_000 }, perDayMax: 7, retryMs: null, retryWindowMs: null }
  expect(shown).not.toContain('hush')
  expect(JSON.parse(shown)).toMatchObject({
    llm: { apiKey: '•••', model: 'small' },
    server: { smtp: { users: [{ name: 'ci', password: '•••' }] } },
    channels: {
      telegram: { kind: 'telegram', settings: { bot_token: '•••', base_url: 'https://api.telegram.org' }, limits },
      mail: { settings: { auth: { user: 'u', password: '•••' } } },
    },
    lookups: { a: { source: { url: 'http://me:•••@host/x?token=•••&b=•••', headers: { x: '•••' } } } },
    routes: [{ name: 'a', steps: [{ verb: 'attach' }, { title: '•••' }, { verb: 'send' }] }],
  })
})

test('the example loads with the kinds there are, without a warning', async () => {
  const { checkPattern } = await import('#src/route/patterns.js')
  const { config, warnings } = await loadConfig({
    paths: ['routes.example.yaml'],
    overrides: {},
    env: {},
    kinds: channelKinds,
    checkPattern,
    checkSchedule: () => null,
  })
  expect(warnings).toEqual([])
  expect(config.routes).toHaveLength(5)
})

test('an address that a variable is part of is secret, and a plain one is not', async () => {
  const file = join(folder, 'a.yaml')
  await writeFile(
    file,
    'channels:\n  hook: { kind: webhook, url: "https://hooks.example/${HOOK_PATH}" }\n  open: { kind: webhook, url: "https://open.example/all" }\n',
  )
  const env = { HOOK_PATH: 'T000/B000/abcdef' }
  const checks = { overrides: {}, env, kinds: channelKinds, checkPattern: () => null, checkSchedule: () => null }
  const { config } = await loadConfig({ paths: [file], ...checks })
  expect(config.secrets.toSorted()).toEqual(['T000/B000/abcdef', 'https://hooks.example/T000/B000/abcdef'])
})
