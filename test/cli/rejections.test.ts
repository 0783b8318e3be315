import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Rejection } from '#src/domain/rejection.js'
import { type Program, startProgram } from '../program/start-program.js'
import { runCli } from './run-cli.js'

let program: Program
beforeAll(async () => {
  program = await startProgram('version: 1\nchannels: { inbox: { kind: inbox } }\nroutes: []\n')
})
afterAll(() => program.stop())

const cli = (...args: string[]) => {
  const { http, token } = program.app
  return runCli(args, { env: { MAILTRIGGER_URL: http.url, MAILTRIGGER_TOKEN: token } })
}

it('lists who was refused, how often and why, with what to do about it', async () => {
  expect(await cli('rejections')).toMatchObject({ code: 0, out: expect.stringContaining('nobody was refused') })
  const rejection: Rejection = {
    at: Date.now() - 60_000,
    client: '192.0.2.7',
    from: 'a@b.example',
    rcpt: `"x"'@y.example`,
    user: null,
    reason: 'unknown_recipient',
    code: 550,
    message: '5.1.1 no such recipient',
  }
  await program.app.calls.saveRejections([
    { rejection, count: 17 },
    { rejection: { ...rejection, client: '2001:db8::1', reason: 'too_large', from: null, rcpt: null }, count: 1 },
    { rejection: { ...rejection, at: Date.now() - 86_400_000, client: '192.0.2.9' }, count: 2 },
  ])
  const all = await cli('rejections')
  expect(all.out).toMatch(/17 +192\.0\.2\.7 +unknown_recipient +550 5\.1\.1 no such recipient +a@b\.example → "x"'@y/)
  expect(all.out).toMatch(/1 +2001:db8::1 +too_large .* –/)
  expect(all.err).toContain('unknown_recipient: Accept the recipient (server.smtp.recipients)')
  expect(all.err).not.toContain('not_allowed')

  const narrow = await cli('rejections', '--client', '192.0.2.7', '--since', '2h', '--reason', 'unknown_recipient')
  expect(narrow.out.trim().split('\n')).toHaveLength(2)
  expect((await cli('rejections', '--since', '2h', '--client', '192.0.2.9')).out).toContain('nobody was refused')

  const first = await cli('--json', 'rejections', '--limit', '2')
  const page = JSON.parse(first.out) as { items: unknown[]; next_cursor: string }
  expect(page.items).toHaveLength(2)
  expect((await cli('rejections', '--cursor', page.next_cursor)).out).toContain('192.0.2.9')
  expect((await cli('rejections', '--limit', '2')).err).toContain(`more: --cursor ${page.next_cursor}`)
  const mistyped = await cli('rejections', '--reason', 'too_big')
  expect(mistyped).toMatchObject({ code: 2, err: expect.stringContaining('too_large') })
  expect((await cli('rejections', '--since', 'soon')).code).not.toBe(0)
})
