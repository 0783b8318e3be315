import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runAction } from '#src/act/run-action.js'
import type { ActResult } from '#src/domain/act.js'
import type { WasmHost } from '#src/domain/wasm.js'
import { createWasmHost } from '#src/wasm/host.js'
import { actionOf, mailOf } from './stand-ins.js'

const everybody = ['devops@corp.test', 'tim@corp.test']

let folder: string
let host: WasmHost
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'redact-'))
  host = createWasmHost({ cacheFolder: folder })
})
afterAll(async () => {
  await host.stop()
  await rm(folder, { recursive: true, force: true })
})

async function redact(text: string, subject = 'Build failed'): Promise<ActResult> {
  const module = await host.load(fileURLToPath(new URL('../../wasm-actions/redact-secrets.ts', import.meta.url)))
  const mail = mailOf({ subject, text })
  const call = {
    action: actionOf('redact-secrets'),
    module,
    mail,
    recipients: everybody,
    variables: {},
    attachments: [],
  }
  return runAction({ host }, call, new AbortController().signal)
}

/** Written in halves, so that nothing that looks for leaked secrets takes this file for one. */
const secret = (start: string, rest: string): string => `${start}${rest}`
const hex = '0123456789abcdef'.repeat(4)
const word = 'abcdefghijklmnopqrstuvwxyz0123456789'

const removed: [text: string, clean: string][] = [
  ['password: correct horse battery', 'password: [removed]'],
  ['> Password: hunter2', '> Password: [removed]'],
  ['New DB password: hunter2, and no more', 'New DB password: [removed]'],
  ['DB_PASSWORD=hunter2', 'DB_PASSWORD=[removed]'],
  ['run a=1 with password=hunter2, user=tim', 'run a=1 with password=[removed] user=tim'],
  ['密碼：一二三四', '密碼：[removed]'],
  ['Passwort = geheim', 'Passwort = [removed]'],
  ['{"user":"tim","password":"hun \\"ter\\" 2","a":1}', '{"user":"tim","password":[removed],"a":1}'],
  ["connect(host='db', passwd='hunter2')", "connect(host='db', passwd=[removed])"],
  ['$config["db_password"] = "hunter2";', '$config["db_password"] = [removed];'],
  ['spring.datasource.password=hunter2', 'spring.datasource.password=[removed]'],
  ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG', 'aws_secret_access_key = [removed]'],
  ['mysql --user root --password hunter2 --host db', 'mysql --user root --password [removed] --host db'],
  ['see https://app.test/x?user=tim&api_key=abc&page=2', 'see https://app.test/x?user=tim&api_key=[removed]&page=2'],
  ['<dbPassword>hunter2</dbPassword>', '<dbPassword>[removed]</dbPassword>'],
  ['X-Api-Key: abc', 'X-Api-Key: [removed]'],
  ['Authorization: Bearer abc.def', 'Authorization: [removed]'],
  ['{"authorization": "Basic dGltOnB3", "a": 1}', '{"authorization": [removed], "a": 1}'],
  ['curl -H "Authorization: Bearer abc" https://a.test', 'curl -H "Authorization: [removed]" https://a.test'],
  ['Proxy-Authorization: Digest username="tim", response="x"', 'Proxy-Authorization: [removed]'],
  ['Set-Cookie: session=abc; HttpOnly', 'Set-Cookie: [removed]'],
  ['sent bearer abcdefghij0123456789', 'sent bearer [removed]'],
  ['postgres://app:hunter2@db.test/shop', 'postgres://[removed]@db.test/shop'],
  ['redis://:p#ss/w0rd@cache.test:6379/0', 'redis://[removed]@cache.test:6379/0'],
  ['https://0123456789abcdef0123@git.test/x.git', 'https://[removed]@git.test/x.git'],
  [`git ${secret('gh', `p_${word}`)} end`, 'git [removed] end'],
  [`git ${secret('github_', `pat_${word}`)} end`, 'git [removed] end'],
  [`git ${secret('gl', `pat-${word}`)} end`, 'git [removed] end'],
  [`say ${secret('xo', `xb-${word}`)} end`, 'say [removed] end'],
  [`aws ${secret('AK', 'IA0123456789ABCDEF')} end`, 'aws [removed] end'],
  [`map ${secret('AI', `za${word.slice(0, 35)}`)} end`, 'map [removed] end'],
  [`pay ${secret('sk', `_live_${word}`)} end`, 'pay [removed] end'],
  [`llm ${secret('sk', `-proj-${word}`)} end`, 'llm [removed] end'],
  [`npm ${secret('np', `m_${word}`)} end`, 'npm [removed] end'],
  [`ocean ${secret('do', `p_v1_${hex}`)} end`, 'ocean [removed] end'],
  [`bot ${secret('1234567', `89:${word.slice(0, 35)}`)} end`, 'bot [removed] end'],
  [`hooks.slack.com${secret('/services', '/T0/B0/abc')} end`, 'hooks.slack.com/services/[removed] end'],
  [`jwt ${secret('ey', 'JhbGciOiJI.eyJzdWIiOiIx.c2lnbmF0dXJl')} end`, 'jwt [removed] end'],
  [
    `before\n-----BEGIN RSA ${secret('PRIVATE', ' KEY')}-----\nMIIE\n-----END RSA PRIVATE KEY-----\nafter`,
    'before\n[removed]\nafter',
  ],
  [`before\n-----BEGIN ${secret('PRIVATE', ' KEY')}-----\nMIIE`, 'before\n[removed]'],
]

const left = [
  '',
  'Tests passed: 12, failed: 3',
  'Service DOWN app.corp.test since 10:20',
  'the password was changed by tim@corp.test',
  'https://app.corp.test:8443/users/tim@corp.test',
  'git@git.corp.test:shop/web.git at 0123456789abcdef0123456789abcdef01234567',
  'ssh://git@git.corp.test/shop.git',
  'basic authentication is off; bearer certificates are not used here',
  `-----BEGIN CERTIFICATE-----\n${word}\n-----END CERTIFICATE-----`,
  'at checkout (cart.ts:12:34) 購物車 🎉 "quote" \\ back',
]

describe('redact-secrets', () => {
  for (const [text, clean] of removed) {
    it(`removes what is secret: ${clean.replaceAll('\n', '⏎')}`, async () => {
      const result = await redact(text)
      expect(result.text).toBe(clean)
      expect(result.reason).toMatch(/^removed: .+ ×1$/)
      expect((await redact(clean)).text, 'what is clean stays as it is').toBeNull()
    })
  }

  for (const text of left) {
    it(`leaves: ${text.slice(0, 60).replaceAll('\n', '⏎')}`, async () => {
      expect(await redact(text, text.slice(0, 900))).toMatchObject({
        title: null,
        text: null,
        reason: 'no secret was found',
        logs: [],
      })
    })
  }

  it('cleans the title, keeps everybody, and says what it removed but not the secret', async () => {
    const result = await redact(
      'password: a\nhttps://x:y@app.test\npostgres://x:y@db.test',
      'login failed, token=hunter2',
    )
    expect(result).toMatchObject({
      title: 'login failed, token=[removed]',
      text: 'password: [removed]\nhttps://[removed]@app.test\npostgres://[removed]@db.test',
      recipients: everybody,
      reason: 'removed: password ×2, login ×2',
      logs: [],
    })
  })

  it('cuts a long text between lines, and a long title', async () => {
    const result = await redact('a line of the log\n'.repeat(20_000), 'x'.repeat(2_000))
    expect(result.text?.length).toBeLessThanOrEqual(100_001)
    expect(result.text).toMatch(/a line of the log\n…$/)
    expect(result.title).toHaveLength(1_000)
    expect((await redact('x'.repeat(300_000))).text).toBe('…')
  })

  const heavy: [name: string, text: string][] = [
    ['keys that never end', `-----BEGIN ${secret('PRIVATE', ' KEY')}----- `.repeat(5_000)],
    ['names without values', 'password '.repeat(20_000)],
    ['quotes that never end', 'password="\n'.repeat(15_000)],
    ['addresses that never end', 'https://a:b'.repeat(15_000)],
    ['one long word', 'sk-'.repeat(60_000)],
    ['dashes', '-'.repeat(190_000)],
  ]
  for (const [name, text] of heavy) {
    it(`reads ${name} in time`, async () => {
      expect((await redact(text.slice(0, 99_999))).recipients).toEqual(everybody)
    })
  }
})
