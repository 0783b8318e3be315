import { afterAll, beforeAll, expect, it } from 'vitest'
import type { MailContent } from '#src/engine/mail-content.js'
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

async function takeIn(raw: string): Promise<string> {
  const id = await program.send({ raw })
  await program.settled(id)
  return id
}

it('shows what a mail says and which files it has, and nothing of it steers the terminal', async () => {
  const id = await takeIn(
    'Subject: disk\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n' +
      '--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\x1b[31mvoll\x1b[0m \u202etxt\r\nzweite\tZeile äöü\r\n' +
      '--b\r\nContent-Disposition: attachment; filename="report \x1b[2J.pdf"\r\n\r\nx\r\n--b--\r\n',
  )
  const shown = await cli('mails', 'show', id)
  expect(shown.code).toBe(0)
  expect(shown.out).toContain('── text ──\n\ufffd[31mvoll\ufffd[0m \ufffdtxt\nzweite\tZeile äöü\n')
  expect(shown.out).toMatch(/\+ report .*\[2J\.pdf {2}text\/plain, 1 B/)
  expect(shown.out).not.toContain('\x1b[2J')
  const { content } = JSON.parse((await cli('--json', 'mails', 'show', id)).out) as { content: MailContent }
  expect(content).toMatchObject({ text: '\x1b[31mvoll\x1b[0m \u202etxt\nzweite\tZeile äöü', text_source: 'text' })
})

it('cuts a long text, and gives all of it when asked', async () => {
  const id = await takeIn(`Subject: long\r\n\r\n${'0123456789abcde\r\n'.repeat(2_000)}end\r\n`)
  expect((await cli('mails', 'show', id)).out).toMatch(/… 22004 more characters, with --all/)
  expect((await cli('mails', 'show', id, '--all')).out).toMatch(/0123456789abcde\nend\n$/)
})

it('says why a text is not what one expects', async () => {
  const html = await takeIn('Content-Type: text/html\r\n\r\n<p>only here</p>')
  expect((await cli('mails', 'show', html)).out).toContain('── text made of its HTML ──\nonly here')
  const broken = await takeIn('Content-Type: multipart/mixed; boundary=x\r\n\r\nno such part')
  const { out } = await cli('mails', 'show', broken)
  expect(out).toContain('! malformed: a multipart whose boundary is nowhere')
  expect(out).toContain('── as it came, since it could not be read ──\nno such part')
  const empty = await takeIn('Subject: nothing\r\n\r\n')
  expect((await cli('mails', 'show', empty)).out).toContain('── no text ──')
})
