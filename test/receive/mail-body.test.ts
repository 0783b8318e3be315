import { describe, expect, it } from 'vitest'
import { parseMail } from '#src/receive/mime/parse.js'
import { rawMail } from './raw-mail.js'
import { attribute, properties, tnef } from './tnef-fixture.js'

const base64 = (bytes: Buffer | string): string => Buffer.from(bytes).toString('base64')

/** A multipart of these parts, each with its header. */
function multipart(type: string, ...parts: string[]): string {
  const boundary = `b${type.replace(/\W/g, '')}`
  const body = parts.map((part) => `--${boundary}\r\n${part}\r\n`).join('')
  return `Content-Type: multipart/${type}; boundary=${boundary}\r\n\r\n${body}--${boundary}--\r\n`
}

const plain = (text: string): string => `Content-Type: text/plain\r\n\r\n${text}`
const html = (text: string): string => `Content-Type: text/html\r\n\r\n${text}`
const file = (name: string): string => `Content-Type: image/png; name=${name}\r\n\r\nx`

const event = [
  'BEGIN:VCALENDAR',
  'BEGIN:VTIMEZONE',
  'DTSTART:19700101T000000',
  'END:VTIMEZONE',
  'BEGIN:VEVENT',
  'SUMMARY:Standby\\, handed',
  '  over',
  'DTSTART;TZID=Asia/Taipei:20261121T100000',
  'DTEND:20261121T030000Z',
  'LOCATION:Room 1',
  'DESCRIPTION:Bring\\nthe pager',
  'END:VEVENT',
  'END:VCALENDAR',
].join('\r\n')

describe('the text of a mail', () => {
  it.each<[string, string, string, string[]]>([
    ['several texts', multipart('mixed', plain('one'), file('a.png'), plain('two')), 'one\ntwo', ['a.png']],
    ['text after files', multipart('mixed', file('a.png'), file('b.png'), plain('late')), 'late', ['a.png', 'b.png']],
    ['HTML between texts', multipart('mixed', plain('one'), html('<p>two</p>'), plain('three')), 'one\ntwo\nthree', []],
    ['an alternative', multipart('alternative', plain('one'), html('<p>uno</p>')), 'one', []],
    ['an alternative without text', multipart('alternative', plain(' '), html('<p>uno</p>')), 'uno', []],
    [
      'HTML with its pictures',
      multipart('related', html('<p>x</p>'), 'Content-Type: text/html\r\n\r\n<p>frame</p>'),
      'x',
      ['attachment-1'],
    ],
    [
      'AMP',
      multipart('alternative', plain('one'), 'Content-Type: text/x-amp-html\r\n\r\n<html amp4email>', html('uno')),
      'one',
      [],
    ],
    [
      'a text that is a file',
      multipart('mixed', plain('one'), 'Content-Type: text/plain; name=x.log\r\n\r\nlevel = error'),
      'one',
      ['x.log'],
    ],
    [
      'what is signed',
      multipart('signed', plain('one'), 'Content-Type: application/pgp-signature; name=s.asc\r\n\r\nx'),
      'one',
      ['s.asc'],
    ],
    [
      'what is encrypted',
      multipart('encrypted', 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1', file('x.asc')),
      'This mail is encrypted. The gateway cannot read it.\n',
      ['attachment-1', 'x.asc'],
    ],
    [
      'a bounce',
      multipart(
        'report; report-type=delivery-status',
        plain('It did not arrive.'),
        'Content-Type: message/delivery-status\r\n\r\nAction: failed',
        'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nlevel = error',
      ),
      'It did not arrive.\nAction: failed',
      ['message.eml'],
    ],
    ['an attached mail', 'Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nlevel = error', '', ['message.eml']],
    ['a digest', multipart('digest', '\r\nSubject: x\r\n\r\nlevel = error'), '', ['message.eml']],
    [
      'one piece of a mail',
      'Content-Type: message/partial; id=x; number=2\r\n\r\nlevel = error',
      'level = error',
      ['attachment-1'],
    ],
    [
      'a reference',
      multipart(
        'mixed',
        plain('one'),
        'Content-Type: message/external-body; access-type=URL; name=x.iso\r\n\r\nContent-Type: x/y\r\n\r\n',
      ),
      'one',
      ['x.iso'],
    ],
    ['an unknown kind of text', 'Content-Type: text/markdown\r\n\r\n# disk full', '# disk full', ['attachment-1']],
    [
      'an invitation alone',
      `Content-Type: text/calendar\r\n\r\n${event}`,
      'Standby, handed over\nStart: 2026-11-21 10:00 Asia/Taipei\nEnd: 2026-11-21 03:00 UTC\nPlace: Room 1\n\nBring\nthe pager',
      ['attachment-1'],
    ],
    [
      'an invitation beside a text',
      multipart('alternative', plain('come'), `Content-Type: text/calendar\r\n\r\n${event}`),
      'come',
      ['attachment-1'],
    ],
    [
      'a calendar without an event',
      'Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR',
      '',
      ['attachment-1'],
    ],
    ['a file in a text', plain('see\r\nbegin 644 cat.txt\r\n#0V%T\r\n`\r\nend\r\n'), 'see\n', ['cat.txt']],
    ['flowed text', 'Content-Type: text/plain; format=flowed\r\n\r\nit \r\nflows', 'it flows', []],
    ['a part without a header', multipart('mixed', '\r\njust text'), 'just text', []],
    ['a part without a blank line', multipart('mixed', 'Content-Type: text/plain\r\njust text'), 'just text', []],
    [
      'a boundary that begins with another',
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--bb\r\nstill\r\n--b--',
      'one\n--bb\nstill',
      [],
    ],
    ['no closing boundary', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none', 'one', []],
    [
      'an inner multipart that is never closed',
      `Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--`,
      'one\ntwo',
      [],
    ],
    ['a mail that its type calls a file', `${file('a.png')}`, '', ['a.png']],
    [
      'HTML that names its charset in itself',
      'Content-Type: text/html\r\n\r\n<meta charset="utf-8"><p>caf\u00e9</p>',
      'café',
      [],
    ],
  ])('%s', async (_name, content, text, filenames) => {
    const mail = await parseMail(rawMail(`Subject: x\r\n${content}`))
    expect(mail.text).toBe(text)
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(filenames)
    expect(mail.malformed).toBeNull()
  })

  it('has texts between parts that are HTML in its HTML, too, and nothing of them is markup', async () => {
    const mail = await parseMail(rawMail(multipart('mixed', html('<p>a</p>'), plain('1 < 2 & 3'))))
    expect(mail.html).toBe('<p>a</p>\n<pre>1 &lt; 2 &amp; 3</pre>')
    expect(mail).toMatchObject({ text: 'a\n1 < 2 & 3', textSource: 'text' })
  })

  it('shows a nested multipart that lost its boundary', async () => {
    const mail = await parseMail(rawMail(multipart('mixed', plain('one'), 'Content-Type: multipart/mixed\r\n\r\ntwo')))
    expect(mail.text).toBe('one\ntwo')
  })
})

describe('winmail.dat', () => {
  const send = (bytes: Buffer): string =>
    `Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}`
  const message = [
    attribute(1, 0x9007, Buffer.from('e4040000', 'hex')),
    attribute(1, 0x8004, Buffer.from('Report\0')),
    attribute(1, 0x9003, properties([{ type: 0x1f, id: 0x1000, value: Buffer.from('naïve text\0', 'utf16le') }])),
    attribute(2, 0x9002, Buffer.alloc(14)),
    attribute(2, 0x8010, Buffer.from('REPORT~1.PDF\0')),
    attribute(2, 0x800f, Buffer.from('pdf')),
    attribute(
      2,
      0x9005,
      properties([
        { type: 0x1f, id: 0x3707, value: Buffer.from('Report of today.pdf\0', 'utf16le') },
        { type: 0x1e, id: 0x370e, value: Buffer.from('application/pdf\0') },
      ]),
    ),
  ]

  it('gives its files, and its text where there is no other', async () => {
    const mail = await parseMail(rawMail(`Subject: x\r\n${send(tnef(message))}`))
    expect(mail).toMatchObject({ text: 'naïve text', textSource: 'text' })
    expect(mail.attachments).toMatchObject([
      { filename: 'Report of today.pdf', contentType: 'application/pdf', sizeBytes: 3 },
    ])
    const beside = await parseMail(rawMail(multipart('mixed', plain('one'), send(tnef(message)))))
    expect(beside.text).toBe('one')
  })

  it('stays an attachment when it is none, or has no files', async () => {
    for (const bytes of [Buffer.from('none'), tnef(message.slice(0, 3)), tnef(message).subarray(0, 40)]) {
      const mail = await parseMail(rawMail(`Subject: x\r\n${send(bytes)}`))
      expect(mail.attachments.map(({ filename }) => filename)).toEqual(['winmail.dat'])
    }
  })
})

describe('S/MIME around its content', () => {
  const ber = (tag: number, ...content: Buffer[]): Buffer => {
    const bytes = Buffer.concat(content)
    const length = bytes.length < 128 ? [bytes.length] : [0x82, bytes.length >> 8, bytes.length & 255]
    return Buffer.concat([Buffer.from([tag, ...length]), bytes])
  }
  const open = (tag: number, ...content: Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([tag, 0x80]), ...content, Buffer.alloc(2)])
  const oid = (hex: string): Buffer => ber(0x06, Buffer.from(hex, 'hex'))
  const signedData = (octets: Buffer, wrap = ber): Buffer => {
    const content = wrap(0x30, oid('2a864886f70d010701'), wrap(0xa0, octets))
    return wrap(0x30, oid('2a864886f70d010702'), wrap(0xa0, wrap(0x30, ber(2, Buffer.from([1])), ber(0x31), content)))
  }
  const send = (bytes: Buffer): string =>
    'Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n' +
    `Content-Transfer-Encoding: base64\r\n\r\n${base64(bytes)}`
  const inner = Buffer.from(multipart('mixed', plain('level = error'), file('a.png')))

  it.each([
    ['of known lengths', signedData(ber(4, inner))],
    [
      'of open lengths, in pieces',
      signedData(open(0x24, ber(4, inner.subarray(0, 50)), ber(4, inner.subarray(50))), open),
    ],
  ])('%s is read', async (_name, bytes) => {
    const mail = await parseMail(rawMail(`Subject: x\r\n${send(bytes)}`))
    expect(mail).toMatchObject({ text: 'level = error', malformed: null })
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['a.png'])
  })

  it.each([
    ['encrypted', ber(0x30, oid('2a864886f70d010703'), ber(0xa0))],
    ['cut', signedData(ber(4, inner)).subarray(0, 60)],
    ['nested without end', Buffer.from('3080'.repeat(5_000), 'hex')],
    ['nothing', Buffer.alloc(0)],
  ])('%s: the text says that it cannot be read', async (_name, bytes) => {
    const mail = await parseMail(rawMail(`Subject: x\r\n${send(bytes)}`))
    expect(mail.text).toBe('This mail is encrypted. The gateway cannot read it.\n')
    expect(mail.attachments.map(({ filename }) => filename)).toEqual(['smime.p7m'])
  })

  it('is not followed without end', async () => {
    let mail = Buffer.from(plain('level = error'))
    for (let depth = 0; depth < 6; depth++) mail = Buffer.from(send(signedData(ber(4, mail))))
    const { attachments } = await parseMail(rawMail(mail))
    expect(attachments.map(({ filename }) => filename)).toEqual(['smime.p7m'])
  })
})
