import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { folderWith, runCli, spawnCli } from './run-cli.js'

const head = 'version: 1\nchannels: { inbox: { kind: inbox } }\n'
const route = (when: string, steps = '[ { send: inbox } ]') =>
  `${head}routes:\n  - name: one\n    when: ${when}\n    steps: ${steps}\n`

describe('mailtrigger check', () => {
  const mistakes: [string, string, RegExp, RegExp][] = [
    [
      'a misspelt key',
      route('{ body: { contain: "level = error" } }'),
      /routes\.yaml:5:21 error unknown key "contain"/,
      /did you mean "contains"\?/,
    ],
    [
      'an unknown channel',
      route('{ subject: x }', '[ { send: inbx } ]'),
      /routes\.yaml:6:22 error there is no channel "inbx"/,
      /did you mean "inbox"\?/,
    ],
    [
      'an unquoted [Sentry]',
      route('{ subject: { starts_with: [Sentry] } }'),
      /routes\.yaml:5:37 error/,
      /has to be quoted: "\[Sentry\]"/,
    ],
    [
      'an unquoted [Sentry] with text behind it',
      route('{ subject: { starts_with: [Sentry] Error } }'),
      /routes\.yaml:5:46 error/,
      /has to be quoted: "\[Sentry\] Error"/,
    ],
    [
      'a bad regex',
      route('{ subject: { matches: "(unclosed" } }'),
      /routes\.yaml:5:33 error the pattern cannot be used/,
      /RE2 syntax/,
    ],
    [
      'a missing variable',
      route(`{ subject: "\${NOT_SET_ANYWHERE}" }`),
      /routes\.yaml:5:23 error the variable NOT_SET_ANYWHERE is not set/,
      /set NOT_SET_ANYWHERE in the environment/,
    ],
    [
      'a step of a later version',
      route('{ subject: x }', '[ { llm: { prompt: x, set: [title] } }, { send: inbox } ]'),
      /"llm" is not available in this version/,
      /help/,
    ],
  ]
  it.each(mistakes)('%s: one error with its place, a frame and a hint; exit 78', async (_, yaml, message, hint) => {
    const folder = folderWith({ 'routes.yaml': yaml })
    const { code, err, out } = await runCli(['check'], { cwd: folder })
    expect(err).toMatch(message)
    expect(err).toMatch(hint)
    expect(err).toMatch(/> +\d+ \|/)
    expect(err).toMatch(/\^/)
    expect(err).toContain('1 error')
    expect({ code, out }).toEqual({ code: 78, out: '' })
  })

  it('says the same as JSON', async () => {
    const folder = folderWith({ 'routes.yaml': route('{ body: { contain: x } }') })
    const { code, out } = await spawnCli(['check', '--json'], { cwd: folder })
    expect(code).toBe(78)
    expect(JSON.parse(out)).toMatchObject({
      ok: false,
      issues: [{ code: 'unknown-key', severity: 'error', position: { line: 5, column: 21 } }],
    })
  })

  it('refuses to leave an open door, and says which lines to add', async () => {
    const folder = folderWith({
      'routes.yaml': `${route('{ subject: x }')}server: { smtp: { listen: "0.0.0.0:2525" } }\n`,
    })
    const { code, err } = await runCli(['check'], { cwd: folder })
    expect(code).toBe(78)
    expect(err).toMatch(/allow|users|recipients/)
  })

  it('finds an action that cannot be built', async () => {
    const yaml = `${head}actions: { broken: { module: broken.ts } }\nroutes: [ { name: one, when: { subject: x }, steps: [ { run: broken }, { send: inbox } ] } ]\n`
    const folder = folderWith({ 'routes.yaml': yaml, 'broken.ts': 'export function handle( {' })
    const { code, err } = await runCli(['check'], { cwd: folder })
    expect(code).toBe(78)
    expect(err).toMatch(/action "broken" cannot be used/)
    expect(err).toMatch(/broken\.ts/)
  })

  it('passes the example without a warning', async () => {
    expect(await runCli(['check', 'routes.example.yaml', '--strict'])).toMatchObject({ code: 0, err: '' })
  })

  it('hides secrets in what it prints', async () => {
    const hook = 'hook: { kind: webhook, url: "http://127.0.0.1:1/", secret: "$' + '{HOOK_SECRET}" }'
    const yaml = `version: 1\nchannels: { ${hook} }\nroutes: [ { name: one, steps: [ { send: hook } ] } ]\n`
    const folder = folderWith({ 'routes.yaml': yaml })
    const { code, out } = await runCli(['check', '--print'], {
      cwd: folder,
      env: { HOOK_SECRET: 'correct-horse-battery' },
    })
    expect(code).toBe(0)
    expect(out).not.toContain('correct-horse-battery')
  })

  it('a job whose module cannot run is a mistake in the config, at its place', async () => {
    const folder = folderWith({
      'routes.yaml': `${head}jobs:\n  watch: { module: watch.ts, schedule: "*/30 * * * *", send: inbox }\n`,
      'watch.ts': 'export function handle() {}',
    })
    const { code, err } = await runCli(['check'], { cwd: folder })
    expect(code).toBe(78)
    expect(err).toMatch(/routes\.yaml:4:3 error job "watch" cannot be used: the module does not export "run"/)
    writeFileSync(join(folder, 'watch.ts'), 'export function run() {}')
    expect((await runCli(['check'], { cwd: folder })).code).toBe(0)
  })
})

describe('mailtrigger test', () => {
  it('passes on the example', async () => {
    const { code, out } = await runCli(['test', 'routes.test.yaml', '--coverage'])
    expect(out).toMatch(/\d+ passed, 0 failed/)
    expect(out).toContain('5 of 5 routes matched')
    expect(code).toBe(0)
  }, 180_000)

  it('fails with the trace when a rule is broken', async () => {
    const folder = folderWith({})
    expect((await runCli(['init', folder])).code).toBe(0)
    const file = join(folder, 'routes.yaml')
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('body: { contains: "level = error" }', 'body: { contains: "level = fatal" }'),
    )
    const { code, out } = await runCli(['test', '--filter', 'a Sentry error', '--junit', 'junit.xml'], { cwd: folder })
    expect(code).toBe(1)
    expect(out).toContain('✗ a Sentry error reaches the owners of the project in its header')
    expect(out).toContain('routes: expected Sentry Project Owner Telegram Notification, got none')
    expect(out).toMatch(/✗ body contains "level = fatal" +saw/)
    expect(readFileSync(join(folder, 'junit.xml'), 'utf8')).toMatch(/<testsuite .*failures="\d+"/)
  }, 60_000)
})

describe('mailtrigger explain', () => {
  const explain = ['explain', '-c', 'routes.example.yaml']
  it('prints each condition, step and recipient, and sends nothing', async () => {
    const { code, out } = await runCli([...explain, 'fixtures/mails/sentry-error.eml'])
    expect(code).toBe(0)
    expect(out).toMatch(/✓ subject starts_with "\[Sentry\]" +saw "\[Sentry\] PROJECT-1-7Q/)
    expect(out).toMatch(/⇣ attach +project-owners/)
    expect(out).toMatch(/⚙ run +project-owner +devops@mailtrigger\.app → tim@mailtrigger\.app, jolin@mailtrigger\.app/)
    expect(out).toContain('would send telegram to tim@mailtrigger.app (111111111)')
  })

  it('reads standard input, and exits 1 when no route takes the mail', async () => {
    const input = 'From: a@b.example\nTo: devops@mailtrigger.app\nSubject: hello\n\nhello\n'
    const { code, out } = await runCli([...explain, '-', '--json'], { input })
    expect(code).toBe(1)
    expect(JSON.parse(out)).toMatchObject({ trace: { outcome: 'unrouted' }, subject: 'hello' })
  })

  it('exits by what was expected', async () => {
    const mail = 'fixtures/mails/sentry-error.eml'
    expect((await runCli([...explain, mail, '--expect', 'telegram'])).code).toBe(0)
    expect(await runCli([...explain, mail, '--expect', 'email'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('expected email'),
    })
  })

  it('has the LLM say yes, or fail, when asked to', async () => {
    const mail = 'fixtures/mails/uptime-certificate-14-days.eml'
    expect((await runCli([...explain, mail, '--llm', 'stub'])).out).toContain('--llm stub says yes')
    expect((await runCli([...explain, mail, '--llm', 'maybe'])).code).toBe(2)
  })
})

describe('the command line', () => {
  it('suggests the command that was meant', async () => {
    expect(await runCli(['chekc'])).toMatchObject({ code: 2, err: expect.stringContaining('Did you mean check?') })
  })

  it('says where a server would have to be', async () => {
    const folder = folderWith({})
    expect(await spawnCli(['status'], { cwd: folder })).toMatchObject({
      code: 5,
      err: expect.stringContaining('mailtrigger serve starts one'),
    })
    expect((await spawnCli(['serve'], { cwd: folder })).code).toBe(78)
    expect((await runCli(['healthcheck'], { cwd: folder })).code).toBe(1)
  })

  it('writes schemas that match what is in the repository', async () => {
    const { out } = await runCli(['schema', 'routes'])
    expect(JSON.parse(out)).toEqual(JSON.parse(readFileSync('routes.schema.json', 'utf8')))
    expect((await runCli(['schema', 'nonsense'])).code).toBe(2)
  })

  it('init writes a folder that checks and does not overwrite', async () => {
    const folder = folderWith({})
    expect((await runCli(['init', folder])).code).toBe(0)
    expect(existsSync(join(folder, 'routes.schema.json'))).toBe(true)
    expect((await runCli(['check'], { cwd: folder })).code).toBe(0)
    expect((await runCli(['init', folder])).code).toBe(1)
    expect((await runCli(['init', folder, '--force'])).code).toBe(0)
  })

  it('demo --exit shows every sample and ends with 0', async () => {
    const { code, out } = await spawnCli(['demo', '--exit'])
    expect(code).toBe(0)
    expect(out.match(/^.* {3}(?:routed|unrouted)$/gm)).toHaveLength(6)
    expect(out).toContain('demo stand-in, not an LLM')
    expect(out).toContain('otherwise  no route matched: sent to ops')
    expect(out).toContain('swaks --server')
  }, 60_000)
})
