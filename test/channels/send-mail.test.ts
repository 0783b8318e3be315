import { afterEach, beforeEach, expect, test } from 'vitest'
import { sendMail } from '#src/channels/send-mail.js'
import { type SmtpSink, startSmtpSink } from '../stand-ins/smtp-sink.js'

let sink: SmtpSink
beforeEach(async () => {
  sink = await startSmtpSink({ extensions: ['AUTH PLAIN'] })
})
afterEach(() => sink.stop())

const server = () => ({ host: sink.host, port: sink.port, tls: 'off' as const, auth: null })
const envelope = { from: 'a@x.example', to: ['b@x.example'] }

test('bytes go out as they are, with AUTH when there is a user', async () => {
  const raw = Buffer.from('Subject: caf\xe9\r\n\r\n.\r\nend\r\n', 'latin1')
  expect(await sendMail({ ...server(), auth: { user: 'jenkins', pass: 'p' } }, { envelope, raw })).toBe(
    '250 2.0.0 taken',
  )
  expect(sink.mails[0]).toEqual({ ...envelope, raw: raw.toString('latin1'), user: 'jenkins' })
})

test('a mail is built from its parts', async () => {
  const parts = {
    subject: 'Größe',
    text: 'hello',
    headers: [{ key: 'X-A', value: 'b' }],
    attachments: [{ filename: 'a.txt', content: Buffer.from('x') }],
  }
  await sendMail(server(), { envelope, ...parts })
  expect(sink.mails[0]?.raw).toMatch(/^X-A: b\r$/m)
  expect(sink.mails[0]?.raw).toMatch(/filename=a.txt/)
})

test('a refusal is an error in the words of the server', async () => {
  sink.script('RCPT', '550 5.1.1 no such user')
  await expect(sendMail(server(), { envelope, raw: Buffer.from('\r\n') })).rejects.toThrow(/550 5\.1\.1 no such user/)
  await expect(sendMail({ ...server(), tls: 'starttls' }, { envelope, raw: Buffer.from('\r\n') })).rejects.toThrow(
    /STARTTLS/,
  )
})
