import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type Program, startProgram } from './start-program.js'

let telegram: TelegramStandIn
let hook: WebhookSink
let program: Program

beforeAll(async () => {
  telegram = await startTelegram()
  hook = await startWebhookSink()
  program = await startProgram(`
version: 1
defaults: { retry: [50ms] }
otherwise: { send: inbox }
channels:
  telegram: { kind: telegram, bot_token: "1:t", base_url: "${telegram.url}" }
  hook: { kind: webhook, url: "${hook.url}/hook" }
  inbox: { kind: inbox }
people:
  ops@mailtrigger.app: { telegram: "111111" }
  dev.ops.team@mailtrigger.app: { telegram: "222222" }
routes:
  - { name: to people, when: { rcpt: ["ops@*", "dev.ops.team@*"] }, steps: [ { send: telegram } ] }
  - { name: to the hook as well, when: { subject: both targets }, steps: [ { send: hook } ] }
`)
})
afterAll(async () => {
  await program.stop()
  await telegram.stop()
  await hook.stop()
})

const head = 'From: Alerts <alerts@mailtrigger.app>\r\nTo: ops@mailtrigger.app\r\nMIME-Version: 1.0\r\n'

/** Mails that other gateways drop or refuse; each has to reach the person with as much text as it has. */
const mails: [string, Buffer, { title?: string; text?: string }][] = [
  [
    'multipart without a text part',
    Buffer.from(
      `${head}Subject: only a file\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf; name="report.pdf"\r\nContent-Disposition: attachment; filename="report.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--b--\r\n`,
    ),
    { title: 'only a file', text: 'report.pdf' },
  ],
  [
    'an unknown charset',
    Buffer.from(`${head}Subject: odd charset\r\nContent-Type: text/plain; charset=x-klingon-7\r\n\r\ndisk is full\r\n`),
    { title: 'odd charset', text: 'disk is full' },
  ],
  [
    'an attached message',
    Buffer.from(
      `${head}Subject: forwarded\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee the attached mail\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\nFrom: x@y.example\r\n\r\ninner text\r\n--b--\r\n`,
    ),
    { title: 'forwarded', text: 'see the attached mail' },
  ],
  [
    'a line of 70,000 bytes',
    Buffer.from(`${head}Subject: one long line\r\nContent-Type: text/plain\r\n\r\n${'x'.repeat(70_000)}\r\n`),
    { title: 'one long line', text: 'xxxxxxxxxx' },
  ],
  [
    'a raw 8-bit subject',
    Buffer.concat([
      Buffer.from(head),
      Buffer.from(
        'Subject: Störung auf Gerät 7\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nMeldung\r\n',
        'latin1',
      ),
    ]),
    { title: 'Störung', text: 'Meldung' },
  ],
  [
    'GBK',
    Buffer.concat([
      Buffer.from(`${head}Subject: gbk\r\nContent-Type: text/plain; charset=gbk\r\n\r\n`),
      Buffer.from('b4c5c5cc', 'hex'),
      Buffer.from('\r\n'),
    ]),
    { title: 'gbk', text: '磁盘' },
  ],
  [
    'HTML only',
    Buffer.from(
      `${head}Subject: html\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><h1>Down</h1><p>db-01 &lt;primary&gt;</p></body></html>\r\n`,
    ),
    { title: 'html', text: 'db-01 <primary>' },
  ],
  ['an empty body', Buffer.from(`${head}Subject: nothing inside\r\n\r\n`), { title: 'nothing inside' }],
]

describe('a mail other gateways lose', () => {
  it.each(mails)('%s: stored, and delivered as best it can be', async (_, raw, expected) => {
    const before = telegram.messages().length
    const id = await program.send({ to: ['ops@mailtrigger.app'], raw })
    const { mail, deliveries } = await program.settled(id)
    expect(mail.status).toBe('routed')
    expect(deliveries).toMatchObject([{ status: 'sent', channel: 'telegram' }])
    const shown = telegram
      .messages()
      .slice(before)
      .map((call) => call.text)
      .join('\n')
    if (expected.title) expect(shown).toContain(expected.title)
    if (expected.text) expect(shown).toContain(expected.text)
    expect(Buffer.compare((await program.app.calls.readRawMail(id))?.raw ?? new Uint8Array(), raw)).toBe(0)
  })

  it('a dotted local part: delivered to that person', async () => {
    const { deliveries } = await program.settled(await program.send({ to: ['dev.ops.team@mailtrigger.app'] }))
    expect(deliveries).toMatchObject([{ status: 'sent', address: '222222' }])
  })

  it('an unknown recipient: visible with the reason, and otherwise hears of it', async () => {
    const { mail, deliveries } = await program.settled(await program.send({ to: ['nobody@mailtrigger.app'] }))
    expect(mail).toMatchObject({ status: 'unrouted', reason: 'no route matched' })
    expect(deliveries).toMatchObject([{ status: 'sent', channel: 'inbox' }])
  })

  it('one of two targets failing: the good one once, the bad one a dead letter with the reason', async () => {
    hook.script({ status: 400, body: 'no such hook' })
    const { mail, deliveries } = await program.settled(
      await program.send({ to: ['ops@mailtrigger.app'], subject: 'both targets' }),
    )
    expect(mail.status).toBe('routed')
    expect(deliveries).toMatchObject([
      { channel: 'telegram', status: 'sent', attempts: 1 },
      { channel: 'hook', status: 'dead', attempts: 1, last_error: expect.stringContaining('no such hook') },
    ])
  })

  it('the channel down: 250 all the same, tried again, then a dead letter', async () => {
    telegram.script({ fault: 'close' }, { fault: 'close' })
    const id = await program.send({ to: ['ops@mailtrigger.app'] })
    const mail = await program.mailWhen(id, (one) => one.delivery_list[0]?.status === 'dead')
    expect(mail.delivery_list).toMatchObject([{ status: 'dead', attempts: 2 }])
  })
})
