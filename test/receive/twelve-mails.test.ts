import { describe, expect, it } from 'vitest'
import { createParser } from '#src/receive/mime/parser.js'
import { connectRaw } from './raw-client.js'
import { sample } from './raw-mail.js'
import { startGateway } from './smtp-fixture.js'

const text = (content: string): Uint8Array => new Uint8Array(Buffer.from(content))

/** Mails on which gateways of this kind lose alerts: they refuse them for good, or say 250 and drop them. */
const twelve: {
  name: string
  to?: string[]
  raw: Uint8Array
  subject: string
  text: string | RegExp
  malformed?: boolean
}[] = [
  {
    name: 'a multipart without a text part',
    raw: sample('no-text-part.eml'),
    subject: 'Motion at the back door',
    text: '',
  },
  {
    name: 'an unknown charset',
    raw: sample('unknown-charset.eml'),
    subject: 'Battery low on UPS 2',
    text: /café rack/,
  },
  {
    name: 'an attached mail',
    raw: sample('attached-mail.eml'),
    subject: 'FYI: an old alert',
    text: /^See the attached mail\.$/,
  },
  {
    name: 'a line of 70,000 bytes',
    raw: text(`Subject: long\r\n\r\n${'x'.repeat(70_000)}\r\n`),
    subject: 'long',
    text: /^x{70000}\n$/,
  },
  { name: 'GBK', raw: sample('gbk.eml'), subject: '告警：磁盘已满', text: /^上海机房/ },
  {
    name: 'a raw 8-bit subject',
    raw: sample('raw-8bit-subject.eml'),
    subject: 'Größe überschritten: /var',
    text: /97 % voll/,
  },
  {
    name: 'a megabyte of text',
    raw: text(`Subject: log\r\n\r\n${'0123456789abcde\r\n'.repeat(60_000)}`),
    subject: 'log',
    text: /^0123456789abcde\n/,
  },
  { name: 'HTML alone', raw: sample('html-only.eml'), subject: '[FIRING:1] DiskFull', text: /severity critical/ },
  { name: 'an empty body', raw: sample('empty-body.eml'), subject: 'backup finished', text: '' },
  {
    name: 'a dotted recipient',
    to: ['devops.team@mailtrigger.app'],
    raw: text('Subject: dot\r\n\r\nx\r\n'),
    subject: 'dot',
    text: 'x\n',
  },
  {
    name: 'several recipients',
    to: ['a@mailtrigger.app', 'nobody@mailtrigger.app'],
    raw: text('Subject: two\r\n\r\nx\r\n'),
    subject: 'two',
    text: 'x\n',
  },
  {
    name: 'more parts than any parser takes',
    raw: text(`Subject: parts\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(2_000)}`),
    subject: 'parts',
    text: /^x\nx\n/,
    malformed: true,
  },
]

describe('the twelve mails', () => {
  it.each(twelve)('$name: 250, stored as sent, and readable', async (mail) => {
    await using gateway = await startGateway({ sizeBytesMax: 2_000_000, recipients: ['*@mailtrigger.app'] })
    const to = mail.to ?? ['ops@mailtrigger.app']
    const client = await connectRaw(gateway.port)
    for (const line of [
      'EHLO test',
      'MAIL FROM:<a@b.example>',
      ...to.map((address) => `RCPT TO:<${address}>`),
      'DATA',
    ]) {
      expect(await client.ask(line)).toMatch(/^(250|354)/)
    }
    const stuffed = Buffer.from(mail.raw).toString('latin1').replace(/^\./gm, '..')
    client.write(stuffed)
    expect(await client.ask(stuffed.endsWith('\r\n') ? '.' : '\r\n.')).toMatch(/^250/)

    const stored = gateway.saved[0]
    expect(stored?.envelope.to).toEqual(to)
    expect(Buffer.from(stored?.raw ?? []).equals(Buffer.from(mail.raw))).toBe(true)
    const parser = createParser()
    const parsed = stored && (await parser.parse(stored, new AbortController().signal))
    await parser.stop()
    expect(parsed?.subject).toBe(mail.subject)
    if (typeof mail.text === 'string') expect(parsed?.text).toBe(mail.text)
    else expect(parsed?.text).toMatch(mail.text)
    expect(parsed?.malformed !== null).toBe(mail.malformed === true)
  })
})
