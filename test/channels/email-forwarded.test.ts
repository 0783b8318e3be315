import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { email } from '#src/channels/email.js'
import { composeMail } from '#src/channels/email-message.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { quoteMail } from '#src/channels/quote-mail.js'
import { readAttachments } from '#src/channels/read-attachments.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
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

const instance = 'gateway0123456789'
const origin = { gateways: [], isBackscatter: false, replyTo: null }

async function send(
  message: Partial<Message>,
  settings: Record<string, unknown> = {},
  changes: Partial<ChannelContext> = {},
) {
  const parsed = email.settings.parse({ host: sink.host, port: sink.port, ...settings })
  const outcome = await email.send(makeMessage(message), 'tim@x.example', parsed, makeContext(outbound, changes))
  return { outcome, raw: sink.mails.at(-1)?.raw ?? '', mail: await simpleParser(bytesOf(sink.mails.at(-1)?.raw ?? '')) }
}

const bytesOf = (raw: string): Buffer => Buffer.from(raw, 'latin1')
const headOf = (raw: string): string => raw.slice(0, raw.indexOf('\r\n\r\n'))
const namesOf = (raw: string): string[] =>
  headOf(raw)
    .split('\r\n')
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => line.slice(0, line.indexOf(':')).toLowerCase())

/** What RFC 5322 (2.1.1) and RFC 5321 (2.3.8) ask of every line. */
function expectSendable(raw: string): void {
  for (const line of raw.split('\r\n')) {
    expect(line.length).toBeLessThanOrEqual(998)
    expect(line).not.toMatch(/[\r\n\0]/)
  }
  expect(headOf(raw)).toMatch(/^[\t\r\n -~]*$/)
}

const evils: [name: string, evil: string][] = [
  ['CR LF', 'a\r\nX-Injected: 1\r\n\r\nX-Injected: 2'],
  ['CR', 'a\rX-Injected: 1\rb'],
  ['LF', 'a\nX-Injected: 1'],
  ['NUL', 'a\0\r\nX-Injected: 1'],
  ['line separators', 'a\u2028X-Injected: 1\u0085X-Injected: 2'],
  ['what becomes CR LF when it is cut to bytes', '\u010d\u010aX-Injected: 1\u560d\u560aX-Injected: 2'],
  ['an encoded word', '=?utf-8?Q?a=0D=0AX-Injected:_1?='],
  ['an encoded word in base64', `=?utf-8?B?${Buffer.from('a\r\nX-Injected: 1').toString('base64')}?=`],
  ['quotes', 'a" \r\nX-Injected: 1; name="b'],
  ['the end of a mail', 'a\r\n.\r\nMAIL FROM:<x@y.example>\r\nX-Injected: 1'],
  ['a word of 5,000 letters', `${'x'.repeat(5_000)}\r\nX-Injected: 1`],
  ['2,000 emoji', '💥'.repeat(2_000)],
  ['2,000 accents', 'é'.repeat(2_000)],
  ['2,000 words', 'word '.repeat(2_000)],
  ['a thousand backslashes', `"${'\\'.repeat(999)}`],
]

describe('no header is made of what a sender wrote', () => {
  test.each(evils)('%s', async (_, evil) => {
    const plain = namesOf((await send({ attachments: [] }, { attach: 'none' })).raw)
    const attachments = [
      { filename: evil, contentType: `text/plain; ${evil}`, sizeBytes: 3, content: Buffer.from('abc') },
      { filename: 'b.txt', contentType: `text/plain\r\nX-Injected: 1`, sizeBytes: 3, content: Buffer.from('abc') },
    ]
    const original = makeMail({ subject: evil, attachments, from: [{ name: evil, address: evil }], text: evil })
    const message = { title: evil, text: evil, from: evil, labels: { [evil]: evil }, notes: [evil], attachments }
    const { raw, mail, outcome } = await send(
      { ...message, origin },
      { quote: true },
      { loadMail: async () => original },
    )
    expect(outcome.kind).toBe('accepted')
    expect(namesOf(raw)).toEqual(plain)
    expectSendable(raw)
    // Only where the text is quoted or said, below the header, may such a line stand.
    expect(mail.headerLines.map(({ key }) => key)).not.toContain('x-injected')
    for (const { headers } of mail.attachments) expect([...headers.keys()]).not.toContain('x-injected')
    expect(mail.attachments).toHaveLength(2)
    // One mail went out, to one recipient: no dot ended it early.
    expect(sink.mails).toHaveLength(2)
    expect(sink.mails[1]?.to).toEqual(['tim@x.example'])
  })

  test('nor of the name of the sender in the settings', async () => {
    const { mail } = await send({}, { from: 'Alerts, of "ours"; <all@x.example>' })
    expect(mail.from?.value).toEqual([{ name: 'Alerts, of "ours";', address: 'all@x.example' }])
    expect(sink.mails[0]?.from).toBe('all@x.example')
  })
})

test('whatever a message says: its header has no line more, and every line can be sent', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc.string({
      unit: fc.constantFrom('\r', '\n', '\0', ':', '=?', '?=', ' ', '\t', '"', '\\', ';', 'é', 'X-A: b'),
      maxLength: 300,
    }),
  )
  const frame = {
    ...origin,
    from: 'Alerts <a@x.example>',
    to: ['tim@x.example'],
    deliveryId: '01JD',
    hostname: 'gateway.example',
    instance,
    now: 0,
    inReplyTo: null,
  }
  const compose = async (message: Message, quoted: string | null, filename: string, contentType: string) => {
    const load = {
      loadMail: async () => makeMail({ attachments: [{ ...file, filename, contentType }] }),
      loadRaw: async () => Buffer.alloc(0),
    }
    const { files } = await readAttachments('attachments', message, load)
    return (await composeMail(outlineMessage(message), 'critical', frame, files, quoted)).bytes.toString('latin1')
  }
  const file = { filename: 'f.txt', contentType: 'text/plain', sizeBytes: 1, content: Buffer.from('f') }
  const plain = namesOf(await compose(makeMessage({ attachments: [file] }), null, 'f.txt', 'text/plain'))
  await fc.assert(
    fc.asyncProperty(text, text, text, fc.option(text), async (title, body, name, quoted) => {
      const message = makeMessage({
        title,
        text: body,
        from: name,
        notes: [name],
        attachments: [{ ...file, filename: name }],
      })
      const original = quoted === null ? null : quoteMail(makeMail({ subject: quoted, text: quoted }))
      const raw = await compose(message, original, name, title)
      expect(namesOf(raw)).toEqual(plain)
      expectSendable(raw)
    }),
    { numRuns: 200 },
  )
})

describe('the trace of gateways', () => {
  const hopsIn = (raw: string) => Array.from(raw.matchAll(/^x-mailtrigger-hop: (.*)\r$/gim), ([, value]) => value)

  test('has our own line', async () => {
    expect(hopsIn((await send({})).raw)).toEqual([`${instance}; 1`])
  })

  test('has those of the gateways before it, and no more than eleven', async () => {
    expect(hopsIn((await send({ origin: { ...origin, gateways: ['a1', 'b2'] } })).raw)).toEqual([
      'a1; 1',
      'b2; 2',
      `${instance}; 3`,
    ])
    const many = Array.from({ length: 500 }, (_, at) => `g${at}`)
    expect(hopsIn((await send({ origin: { ...origin, gateways: many } })).raw)).toHaveLength(11)
  })

  test('asks nobody for an automatic answer', async () => {
    const { raw } = await send({})
    expect(raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(raw).toMatch(/^X-Auto-Response-Suppress: OOF, AutoReply\r$/m)
    expect(raw).not.toMatch(/^(?:Precedence|Disposition-Notification-To|Return-Receipt-To):/im)
  })
})

describe('what is made of a bounce', () => {
  const backscatter = { ...origin, isBackscatter: true }
  const returning = (lines: string[]) => ({
    loadRaw: async () => Buffer.from(`Subject: failed\r\n\r\nyour mail:\r\n${lines.join('\r\n')}\r\n`),
  })
  const hop = (id: string, n: number) => `X-MailTrigger-Hop: ${id}; ${n}`

  test.each<[string, string[], boolean]>([
    ['that brings back nothing', [], true],
    ['that brings back our mail', [hop(instance, 1)], true],
    ['that quotes it', [`> ${hop(instance, 1)}`], true],
    ['of another gateway, twice', [hop('other123', 1), hop('other123', 2)], true],
    ['of what was made of a bounce', [hop(instance, 1), hop(instance, 2)], false],
    ['of what was made of a bounce, quoted', [`> ${hop(instance, 1)}`, `> ${hop(instance, 2)}`], false],
    ['of what was made of a bounce, folded', [`X-MailTrigger-Hop:\r\n ${instance}; 1`, hop(instance, 2)], false],
  ])('%s', async (_, lines, isSent) => {
    const { outcome } = await send({ origin: backscatter }, {}, returning(lines))
    expect(outcome).toMatchObject(isSent ? { kind: 'accepted' } : { kind: 'permanent', scope: 'message' })
    expect(sink.mails.map(({ from }) => from)).toEqual(isSent ? [''] : [])
  })

  test('never goes back to its own sender, but to the others', async () => {
    const message = { origin: backscatter, from: 'Tim@X.example' }
    expect((await send(message)).outcome).toMatchObject({ kind: 'permanent', scope: 'message' })
    await send(message, { to: ['tim@x.example', 'jolin@x.example'] })
    expect(sink.mails.map(({ to }) => to)).toEqual([['jolin@x.example']])
  })

  test('may be a digest, whose mails are not looked at again', async () => {
    const { outcome } = await send(
      { origin: backscatter, mailId: null },
      {},
      {
        loadRaw: () => Promise.reject(new Error('there is no mail')),
      },
    )
    expect(outcome.kind).toBe('accepted')
    expect(sink.mails[0]?.from).toBe('')
  })

  test('a server that takes no null sender refuses the mail, not the channel', async () => {
    sink.script('MAIL', '550 5.7.1 sender refused')
    expect((await send({ origin: backscatter })).outcome).toMatchObject({ kind: 'permanent', scope: 'message' })
    sink.script('MAIL', '550 5.7.1 sender refused')
    expect((await send({ origin })).outcome).toMatchObject({ kind: 'permanent', scope: 'channel' })
  })
})

describe('answers go', () => {
  test.each([
    ['to the sender of the mail', 'sender', 'ops@db1.example', 'ops@db1.example'],
    ['nowhere else when it names nobody', 'sender', null, undefined],
    ['to an address of the settings', 'desk@x.example', 'ops@db1.example', 'desk@x.example'],
    ['to the sender of our mail', undefined, 'ops@db1.example', undefined],
  ])('%s', async (_, replyTo, given, expected) => {
    const { mail } = await send({ origin: { ...origin, replyTo: given } }, { ...(replyTo && { reply_to: replyTo }) })
    expect(mail.replyTo?.text).toBe(expected)
  })

  test.each(['nobody', 'a@b\r\nBcc: c@d.example', 'A <a@b.example>', ''])('not to %j', (address) => {
    expect(email.settings.safeParse({ host: 'h', reply_to: address }).success).toBe(false)
  })
})

describe('the original', () => {
  const original = makeMail({
    subject: 'Disk <full>\r\nX: y',
    from: [{ name: 'Cron', address: 'cron@db1.example' }],
    to: [{ name: '', address: 'devops@x.example' }],
    date: Date.UTC(2026, 7, 1, 12),
    text: 'first </body> line\r\n\r\n\r\n$& last',
  })

  test('is quoted below the message, in text and HTML', async () => {
    const { mail } = await send(
      { text: 'What to do: $& nothing.' },
      { quote: true },
      { loadMail: async () => original },
    )
    expect(mail.text).toContain(
      [
        '-------- Original message --------',
        'From: Cron <cron@db1.example>',
        'Date: Sat, 01 Aug 2026 12:00:00 GMT',
        'To: devops@x.example',
        'Subject: Disk <full> X: y',
        '',
        'first </body> line',
        '',
        '$& last',
      ].join('\n'),
    )
    expect(mail.text?.indexOf('What to do: $& nothing.')).toBeLessThan(mail.text?.indexOf('Original message') ?? 0)
    expect(mail.html).toMatch(/<blockquote[^>]*>-+ Original message[^<]*first &lt;\/body&gt; line\n\n\$&amp; last</)
    expect(String(mail.html).trimEnd()).toMatch(/<\/body><\/html>$/)
  })

  test('is quoted in part when it is long, and not where there is none', async () => {
    const long = { ...original, text: 'lorem '.repeat(100_000) }
    const { mail } = await send({}, { quote: true }, { loadMail: async () => long })
    expect(mail.text?.length).toBeLessThan(110_000)
    expect((await send({ mailId: null }, { quote: true })).mail.text).not.toContain('Original message')
    expect((await send({})).mail.text).not.toContain('Original message')
  })

  test.each([
    ['Disk full on db1', 'Disk full on db1.eml'],
    ['../../etc/passwd\r\n\0', '.._.._etc_passwd.eml'],
    ['Größe 💥', 'Größe 💥.eml'],
    ['report.pdf', 'report.pdf.eml'],
    ['', 'original.eml'],
    ['x'.repeat(5_000), `${'x'.repeat(99)}….eml`],
  ])('is attached under its title, %#', async (title, filename) => {
    const { mail, raw } = await send({ title }, { attach: 'original' })
    expect(mail.attachments.map((one) => one.filename)).toEqual([filename])
    expect(raw).toMatch(/Content-Type: message\/rfc822/)
    expectSendable(raw)
  })

  test.each([
    ['a line of 999 bytes', `Subject: x\r\n\r\n${'y'.repeat(999)}\r\n`],
    ['a lone CR', 'Subject: x\r\n\r\na\rb\r\n'],
    ['a CR at the end', 'Subject: x\r\n\r\na\r'],
    ['a NUL', 'Subject: x\r\n\r\na\0b\r\n'],
  ])('with %s goes as a file of bytes, unchanged', async (_, content) => {
    const { mail, raw } = await send(
      {},
      { attach: 'original' },
      { loadRaw: async () => Buffer.from(content, 'latin1') },
    )
    expect(raw).toContain('Content-Type: application/octet-stream')
    expect(mail.attachments[0]?.content.toString('latin1')).toBe(content)
    expectSendable(raw)
  })

  test.each([
    ['a line of 998 bytes', `Subject: x\r\n\r\n${'y'.repeat(998)}\r\n`],
    ['no line end at its end', 'Subject: x\r\n\r\nlast'],
    ['line ends of Unix', 'Subject: x\n\na\nb\n'],
    ['nothing', ''],
  ])('with %s goes as a mail', async (_, content) => {
    const { raw } = await send({}, { attach: 'original' }, { loadRaw: async () => Buffer.from(content, 'latin1') })
    expect(raw).toMatch(/Content-Type: message\/rfc822/)
    expectSendable(raw)
  })

  test('that is too large is left out, and the mail says so; so does one that the server found too large', async () => {
    const large = { loadRaw: async () => Buffer.alloc(15_000_001, 'a\r\n') }
    const { mail } = await send({ title: 'Dump' }, { attach: 'original' }, large)
    expect(mail.attachments).toHaveLength(0)
    expect(mail.text).toContain('Note: Dump.eml (15 MB) is too large to send along')
    sink.script('DOT', '552 5.3.4 too large')
    expect((await send({}, { attach: 'original' })).outcome).toMatchObject({ kind: 'degrade', to: 'no_attachment' })
    const degraded = await send({}, { attach: 'original' }, { form: 'no_attachment' })
    expect(degraded.mail.text).toContain('Note: sent without attachments')
  })
})
