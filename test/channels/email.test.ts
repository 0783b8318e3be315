import { simpleParser } from 'mailparser'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { email } from '#src/channels/email.js'
import type { Outbound } from '#src/outbound/client.js'
import { type SmtpSink, startSmtpSink } from '../stand-ins/smtp-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

let sink: SmtpSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startSmtpSink()
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

async function send(
  settings: Record<string, unknown> = {},
  changes = {},
  message = makeMessage(),
  address: string | null = "tim.o'brien@mailtrigger.app",
) {
  const parsed = email.settings.parse({ host: sink.host, port: sink.port, ...settings })
  const outcome = await email.send(message, address, parsed, makeContext(outbound, changes))
  expect(JSON.stringify(outcome)).not.toContain('CANARY')
  return outcome
}

const parseSent = async (index = 0) => simpleParser(Buffer.from(sink.mails[index]?.raw ?? '', 'latin1'))
const pdf = { filename: 'r"é.pdf', contentType: 'application/pdf', sizeBytes: 3, content: Buffer.from('pdf') }

describe('a mail', () => {
  test('has text and HTML, priority, a stable Message-ID, and says it is automatic', async () => {
    const message = makeMessage({
      title: 'Größe\r\nBcc: evil@x.example',
      text: 'a <b>\n.\n..dot',
      links: [{ label: 'Open "it"', url: 'https://x.example/?a="' }],
    })
    const outcome = await send({}, {}, message)
    expect(outcome).toMatchObject({
      kind: 'accepted',
      statusCode: 250,
      remote: { message_id: '<01JDELIVERY@gateway.example>' },
    })
    expect(outcome.text).toBe('250 2.0.0 taken')
    expect(sink.mails[0]).toMatchObject({
      from: 'mailtrigger@gateway.example',
      to: ["tim.o'brien@mailtrigger.app"],
      user: null,
    })
    const mail = await parseSent()
    expect(mail.subject).toBe('🔴 Größe Bcc: evil@x.example')
    expect(mail.bcc).toBeUndefined()
    expect(mail.messageId).toBe('<01JDELIVERY@gateway.example>')
    expect(mail.headers.get('auto-submitted')).toBe('auto-generated')
    expect(sink.mails[0]?.raw).toMatch(/^X-Priority: 1\r$/m)
    expect(mail.headers.get('priority')).toBe('high')
    expect(mail.text).toContain('a <b>\n.\n..dot')
    expect(mail.text).toContain('Open "it": https://x.example/?a=%22')
    expect(mail.html).toContain('a &lt;b&gt;')
    expect(mail.attachments).toHaveLength(0)
    await send({}, { attempt: 2 }, message)
    expect((await parseSent(1)).messageId).toBe(mail.messageId)
  })

  test('has a link to acknowledge, in text and HTML', async () => {
    const ack = { url: 'https://alerts.example/ack/t?a=1&b="2"', data: 'ack:1' }
    await send({}, { ack })
    const mail = await parseSent()
    expect(mail.text).toContain('Acknowledge: https://alerts.example/ack/t?a=1&b=%222%22\n')
    expect(mail.html).toContain('<a href="https://alerts.example/ack/t?a=1&amp;b=%222%22">Acknowledge</a>')
    await send({}, { ack: { ...ack, url: null } })
    expect((await parseSent(1)).text).not.toContain('Acknowledge')
  })

  test('that follows another joins its thread', async () => {
    const first = await send()
    if (first.kind !== 'accepted') throw new Error(first.kind)
    await send({}, { deliveryId: '01JOVER', sent: first.remote }, makeMessage({ severity: 'resolved' }))
    const [alert, over] = [await parseSent(), await parseSent(1)]
    expect(alert.inReplyTo).toBeUndefined()
    expect(over).toMatchObject({ messageId: '<01JOVER@gateway.example>', inReplyTo: alert.messageId })
    expect(over.references).toBe(alert.messageId)
    expect(email.resolve).toBeUndefined()
  })

  test('goes to the settings’ own recipients, from a named sender', async () => {
    await send(
      { to: ['a@x.example', 'b@x.example'], from: 'Alerts "of" ours <alerts@x.example>' },
      {},
      makeMessage(),
      null,
    )
    expect(sink.mails[0]).toMatchObject({ from: 'alerts@x.example', to: ['a@x.example', 'b@x.example'] })
  })

  test('carries the attachments, or the original, or neither', async () => {
    const message = makeMessage({ attachments: [pdf] })
    const load = {
      loadMail: async () =>
        makeMail({ attachments: [pdf, { ...pdf, filename: '../x', contentType: 'text/html\r\nX-Evil: 1' }] }),
    }
    await send({}, load, message)
    const attached = (await parseSent()).attachments
    expect(attached.map(({ filename, contentType }) => [filename, contentType])).toEqual([
      ['r"é.pdf', 'application/pdf'],
      ['.._x', 'application/octet-stream'],
    ])
    expect(attached[0]?.content.toString()).toBe('pdf')
    await send(
      { attach: 'original' },
      { loadRaw: async () => Buffer.from('Subject: caf\xe9\r\n\r\n.dot \xe9\r\n', 'latin1') },
    )
    expect(sink.mails[1]?.raw).toMatch(/Content-Type: message\/rfc822/)
    expect(sink.mails[1]?.raw).toContain('Subject: caf\xe9\r\n\r\n.dot \xe9')
    await send({ attach: 'none' }, load, message)
    await send({ attach: 'original' }, load, { ...message, mailId: null })
    await send({}, { ...load, form: 'no_attachment' }, message)
    expect((await parseSent(2)).attachments).toHaveLength(0)
    expect((await parseSent(3)).attachments).toHaveLength(0)
    expect((await parseSent(4)).attachments).toHaveLength(0)
  })

  test('names what is too large to carry', async () => {
    const large = { ...pdf, filename: 'large.bin', content: Buffer.alloc(15_000_001), sizeBytes: 15_000_001 }
    await send(
      {},
      { loadMail: async () => makeMail({ attachments: [large, pdf] }) },
      makeMessage({ attachments: [large, pdf] }),
    )
    const mail = await parseSent()
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['r"é.pdf'])
    expect(mail.text).toContain('Note: large.bin (15 MB) is too large to send along')
  })
})

describe('the server says', () => {
  test.each([
    ['CONNECT', '554 5.7.1 go away', { kind: 'transient', statusCode: 554 }],
    ['CONNECT', '421 4.3.2 busy', { kind: 'transient', statusCode: 421 }],
    ['CONNECT', 'close', { kind: 'transient', statusCode: null }],
    ['MAIL', '550 5.7.1 sender refused', { kind: 'permanent', scope: 'channel', statusCode: 550 }],
    ['MAIL', '452 4.3.1 no space', { kind: 'transient', statusCode: 452 }],
    ['MAIL', '552 5.3.4 too big', { kind: 'permanent', scope: 'message' }],
    ['RCPT', '550 5.1.1 no such user', { kind: 'permanent', scope: 'address', statusCode: 550 }],
    ['RCPT', '451 4.7.1 greylisted', { kind: 'transient', statusCode: 451 }],
    ['RCPT', 'close', { kind: 'transient', statusCode: null }],
    ['DATA', '451 4.3.0 not now', { kind: 'transient', statusCode: 451 }],
    ['DATA', 'close', { kind: 'transient', statusCode: null }],
    ['DOT', '554 5.6.0 looks like spam', { kind: 'permanent', scope: 'message', statusCode: 554 }],
    ['DOT', '451 4.3.0 disk full', { kind: 'transient', statusCode: 451 }],
    ['DOT', 'close', { kind: 'unknown' }],
  ] as const)('%s: %s', async (command, reply, expected) => {
    sink.script(command, reply)
    expect(await send()).toMatchObject(expected)
    expect(sink.mails).toHaveLength(0)
  })

  test('too large, with attachments: once more without them', async () => {
    sink.script('DOT', '552 5.2.3 message too large')
    const load = { loadMail: async () => makeMail({ attachments: [pdf] }) }
    expect(await send({}, load, makeMessage({ attachments: [pdf] }))).toMatchObject({
      kind: 'degrade',
      to: 'no_attachment',
      statusCode: 552,
    })
  })

  test('SIZE 100: the mail is not even offered', async () => {
    await sink.stop()
    sink = await startSmtpSink({ extensions: ['SIZE 100'] })
    expect(await send()).toMatchObject({ kind: 'permanent', scope: 'message' })
  })

  test('one of two recipients refused: accepted, and it says so', async () => {
    sink.script('RCPT', '550 5.1.1 no such user')
    const outcome = await send({ to: ['a@x.example', 'b@x.example'] })
    expect(outcome).toMatchObject({ kind: 'accepted' })
    expect(outcome.text).toContain('not accepted for a@x.example: 550 5.1.1 no such user')
    expect(sink.mails[0]?.to).toEqual(['b@x.example'])
  })

  test('wrong password', async () => {
    await sink.stop()
    sink = await startSmtpSink({ extensions: ['AUTH PLAIN'] })
    const login = { user: 'u', password: 'CANARY', starttls: 'off' }
    sink.script('AUTH', '535 5.7.8 bad credentials CANARY')
    expect(await send(login)).toMatchObject({ kind: 'permanent', scope: 'channel', statusCode: 535 })
    expect(await send(login)).toMatchObject({ kind: 'accepted' })
    expect(sink.mails[0]?.user).toBe('u')
  })

  test('no STARTTLS: a password is not sent in the clear', async () => {
    await sink.stop()
    sink = await startSmtpSink({ extensions: ['AUTH PLAIN'] })
    sink.script('AUTH', '235 must not be asked')
    expect(await send({ user: 'u', password: 'CANARY' })).toMatchObject({ kind: 'transient' })
    expect(sink.mails).toHaveLength(0)
  })
})

test('the deadline before the final dot is transient, nobody there too', async () => {
  sink.script('RCPT', 'hang')
  expect(await send({}, { signal: AbortSignal.timeout(100) })).toMatchObject({ kind: 'transient' })
  await sink.stop()
  expect(await send()).toMatchObject({ kind: 'transient' })
  sink = await startSmtpSink()
})

test.each([null, '', 'nobody', 'a@b@c', 'a b@c', 'a@b\r\nRCPT TO:<x@y>', '<a@b>', 'a@b,c@d'])(
  'address %j is refused',
  async (address) => {
    expect(await send({}, {}, makeMessage(), address)).toMatchObject({ kind: 'permanent', scope: 'address' })
  },
)

test.each([
  [{ host: 'h' }, true],
  [{ host: 'h', user: 'u' }, false],
  [{ host: 'h', password: 'p' }, false],
  [{ host: 'h', from: 'Name <a@b>' }, true],
  [{ host: 'h', from: 'a@b\r\nBcc: c@d' }, false],
  [{ host: 'h', to: [] }, false],
  [{ host: 'h', to: 'nobody' }, false],
])('settings %o: %s', (settings, valid) => expect(email.settings.safeParse(settings).success).toBe(valid))
