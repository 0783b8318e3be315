import { readdirSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { htmlToText } from '#src/receive/mime/html-to-text.js'
import { parseMail } from '#src/receive/mime/parse.js'
import { createParser } from '#src/receive/mime/parser.js'
import { rawMail, receivedAt, sample } from './raw-mail.js'

const parser = createParser()
afterAll(() => parser.stop())

const samples = readdirSync(new URL('samples/', import.meta.url)).filter((name) => name.endsWith('.eml'))

describe('a sample mail', () => {
  it.each([
    ['no-text-part.eml', { subject: 'Motion at the back door', text: '', textSource: 'none' }, ['door.jpg']],
    [
      'unknown-charset.eml',
      { subject: 'Battery low on UPS 2', text: 'Battery at 12 %, café rack\n', textSource: 'text' },
      [],
    ],
    ['attached-mail.eml', { subject: 'FYI: an old alert', text: 'See the attached mail.' }, ['message.eml']],
    ['attached-mail-inline.eml', { subject: 'Forwarded inline', text: 'Outer text.' }, ['message.eml']],
    ['gbk.eml', { subject: '告警：磁盘已满', text: '上海机房 磁盘使用率 97%\n' }, []],
    ['raw-8bit-subject.eml', { subject: 'Größe überschritten: /var', text: 'Datenträger 97 % voll\n' }, []],
    ['raw-gbk-subject.eml', { subject: '服务器离线', text: '离线\n' }, []],
    ['html-only.eml', { subject: '[FIRING:1] DiskFull', textSource: 'html' }, []],
    ['empty-body.eml', { subject: 'backup finished', text: '', textSource: 'none', html: null }, []],
    [
      'padded-boundary.eml',
      { text: '412 rows were refused.\n-- \nERP robot', html: '<p>412 rows were refused.</p>' },
      [],
    ],
    ['two-subjects.eml', { subject: 'first of two' }, []],
    ['folded-subject.eml', { subject: '[Sentry] Project 1 Error: café bar' }, []],
    ['cr-cr-lf.eml', { subject: 'CR CR LF', text: 'from ruby' }, []],
    ['names-with-controls.eml', { subject: 'one To: evil two' }, ['re port .txt', '報告 "Q4".pdf']],
    ['text-without-subtype.eml', { text: 'pressure low\n', textSource: 'text' }, []],
  ])('%s is understood', async (name, facts, filenames) => {
    const mail = await parseMail(rawMail(sample(name)))
    expect(mail).toMatchObject(facts)
    expect(mail.attachments.map((attachment) => attachment.filename)).toEqual(filenames)
    expect(mail.malformed).toBeNull()
  })

  it('has its table cells apart and its blanks ordinary when it is HTML alone', async () => {
    const mail = await parseMail(rawMail(sample('html-only.eml')))
    expect(mail.text).toContain('severity critical')
    expect(mail.text).toContain('level = error')
    expect(mail.text).not.toContain('color')
  })

  it('survives the trip to another thread as it is', async () => {
    for (const name of samples) {
      const mail = await parseMail(rawMail(sample(name)))
      expect({ ...structuredClone(mail) }).toEqual(mail)
    }
  })
})

describe('parseMail', () => {
  it('fills every field', async () => {
    const mail = await parseMail(
      rawMail(
        [
          'Date: Sat, 21 Nov 2026 10:00:00 +0100 (CET)',
          'From: "Monit, Web" <Monit@Web-03.Example>',
          'To: Ops <ops@x.example>, DEV@x.example',
          'Cc: Team: a@x.example, b@x.example;',
          'Message-ID: <1@web-03>',
          'X-Cron-Env: <A=1>',
          'X-Cron-Env: <B=2>',
          '__proto__: polluted',
          'constructor: c',
          'Subject: it is =?utf-8?B?4pyT?=',
          '',
          'body',
        ].join('\r\n'),
      ),
    )
    expect(mail).toMatchObject({
      id: '01JTEST',
      receivedAt,
      subject: 'it is ✓',
      from: [{ name: 'Monit, Web', address: 'monit@web-03.example' }],
      to: [
        { name: 'Ops', address: 'ops@x.example' },
        { name: '', address: 'dev@x.example' },
      ],
      cc: [
        { name: '', address: 'a@x.example' },
        { name: '', address: 'b@x.example' },
      ],
      date: Date.UTC(2026, 10, 21, 9),
      messageId: '<1@web-03>',
      text: 'body',
      textSource: 'text',
      html: null,
      attachments: [],
      malformed: null,
    })
    expect(mail.headers['x-cron-env']).toEqual(['<A=1>', '<B=2>'])
    expect(mail.headers.subject).toEqual(['it is ✓'])
    expect(mail.headers.constructor).toEqual(['c'])
    expect(mail.headers.toString).toBeUndefined()
    expect(Object.keys(mail.headers)).not.toContain('__proto__')
  })

  it.each([
    ['no Date', 'Subject: x\r\n\r\n', receivedAt],
    ['1970', 'Date: Thu, 1 Jan 1970 00:00:12 +0000\r\n\r\n', receivedAt],
    ['nonsense', 'Date: yesterday\r\n\r\n', receivedAt],
    ['far ahead', 'Date: Fri, 1 Jan 2038 00:00:00 +0000\r\n\r\n', receivedAt],
    ['a week ago', 'Date: 14 Nov 2026 12:00:00 +0000\r\n\r\n', receivedAt - 7 * 86_400_000],
  ])('believes a date within reason: %s', async (_name, content, date) => {
    expect((await parseMail(rawMail(content))).date).toBe(date)
  })

  it.each([
    ['nothing at all', '', ''],
    ['a body without any header', 'disk is full\r\nsecond line\r\n', 'disk is full\nsecond line\n'],
    ['an mbox line on top', 'From monit Sat Nov 21 10:00:00 2026\r\nSubject: x\r\n\r\nbody', 'body'],
    ['a blank body in front of HTML', altMail(' \r\n', '<p>only here</p>'), 'only here'],
    ['HTML labelled oddly', 'Content-Type: text/html charset=utf-8\r\n\r\n<b>bold</b> text', 'bold text'],
    ['NUL in the text', 'Subject: x\r\n\r\na\0b', 'ab'],
    ['a 70,000-byte line', `Subject: x\r\n\r\n${'x'.repeat(70_000)}\r\n`, `${'x'.repeat(70_000)}\n`],
  ])('finds the text of %s', async (_name, content, text) => {
    expect((await parseMail(rawMail(content))).text).toBe(text)
  })

  it('keeps within its limits', async () => {
    const part = 'Content-Type: application/pdf; name="a.pdf"\r\nContent-Disposition: attachment\r\n\r\nx\r\n'
    const mail = await parseMail(
      rawMail(
        `${'Received: from a by b\r\n'.repeat(3_000)}To: ${'a@b.example, '.repeat(3_000)}\r\nSubject: below\r\n` +
          `Content-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\r\n${'é'.repeat(1_100_000)}\r\n` +
          `--q\r\nContent-Type: text/html\r\n\r\n${'<p>x</p>'.repeat(300_000)}\r\n--q\r\n${Array.from({ length: 150 }, () => part).join('--q\r\n')}--q--\r\n`,
      ),
    )
    expect(mail.malformed).toBe(
      [
        'more than a mail may have: 3,003 header lines (1,000 are read)',
        '3,000 addresses in one header (1,000 are read)',
        '1,100,000 characters of text (1,000,000 are read)',
        '3,000,012 characters of HTML (2,000,000 are read)',
        '150 attachments (100 are read)',
        '2,000,000 characters of HTML to make text of (262,144 are read)',
      ].join(', '),
    )
    expect(mail.headers.received).toHaveLength(1_000)
    expect(mail.subject).toBe('below')
    expect(mail.to).toHaveLength(1_000)
    expect(mail.text).toHaveLength(1_000_000)
    expect(mail.html).toHaveLength(2_000_000)
    expect(mail.attachments).toHaveLength(100)
  })

  it('gives attachments bytes of their own', async () => {
    const mail = await parseMail(rawMail(sample('no-text-part.eml')))
    const content = mail.attachments[0]?.content
    expect(content && [...content]).toEqual([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x10])
    expect(content?.buffer.byteLength).toBe(content?.byteLength)
    expect(mail.attachments[0]).toMatchObject({ contentType: 'image/jpeg', sizeBytes: 6 })
  })

  it('reads what is within the limits of a mail that has too many parts', async () => {
    const head = 'Subject: =?utf-8?q?caf=C3=A9?=\r\nFrom: a@b.example\r\n'
    const parts = '--b\r\n\r\nlevel = error\r\n'.repeat(5_000)
    const mail = await parseMail(rawMail(`${head}Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}`))
    expect(mail).toMatchObject({
      subject: 'café',
      from: [{ address: 'a@b.example' }],
      textSource: 'text',
      malformed: 'more than a mail may have: 1,001 parts (1,000 are read)',
    })
    expect(mail.text.split('\n')).toHaveLength(999)
  })

  it('salvages what it reads nothing of', async () => {
    const level = (depth: number): string => `Content-Type: multipart/mixed; boundary=b${depth}\r\n\r\n--b${depth}\r\n`
    const nested = Array.from({ length: 2_000 }, (_, depth) => level(depth)).join('')
    const mail = await parseMail(rawMail(`Subject: deep\r\n${nested}\r\nlevel = error\r\n`))
    expect(mail).toMatchObject({ subject: 'deep', textSource: 'raw' })
    expect(mail.malformed).toBe(
      'more than a mail may have: 1,001 parts (1,000 are read), 1,000 levels of multiparts (100 are read)',
    )
    expect(mail.text).toContain('level = error')
  })

  it.each([
    ['Content-Type: multipart/mixed; boundary=there', 'disk full\r\n', 'disk full\n'],
    ['Content-Type: multipart/mixed', '--x\r\n\r\ndisk full\r\n--x--\r\n', '--x\n\ndisk full\n--x--\n'],
  ])('salvages the body of a multipart whose boundary is nowhere: %s', async (header, body, text) => {
    expect(await parseMail(rawMail(`Subject: x\r\n${header}\r\n\r\n${body}`))).toMatchObject({
      text,
      textSource: 'raw',
      malformed: 'a multipart whose boundary is nowhere',
    })
  })

  it('takes an empty part for what it is', async () => {
    const empty =
      'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\n'
    expect(await parseMail(rawMail(empty))).toMatchObject({ textSource: 'none', malformed: null })
  })

  it('bounds HTML bombs', async () => {
    for (const bomb of [
      `${'<blockquote>'.repeat(900)}${'x<br>\r\n'.repeat(20_000)}`,
      `${'<ul><li>'.repeat(300)}${'x<br>'.repeat(20_000)}`,
      '<table><tr><td>'.repeat(5_000),
      '<div>'.repeat(20_000),
    ]) {
      const mail = await parseMail(rawMail(`Content-Type: text/html\r\n\r\n${bomb}`))
      expect(mail.text.length).toBeLessThanOrEqual(262_144)
    }
  })

  // What a careless reader takes quadratic time for. The limit of time is the parser's own.
  it.each<[string, string, string]>([
    ['boundaries', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n', '--b\r\n'],
    ['lines that could be boundaries', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n', '--\r\n'],
    ['multiparts that are never closed', '', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n'],
    ['headers without an end', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n', 'A: b\r\n'],
    ['headers between junk', '', 'junk\r\nA: b\r\n'],
    ['folded lines', 'To: a\r\n', ' (\r\n'],
    ['blanks', 'A: b\r\n', ' \t'],
    ['carriage returns', '\r\n', '\r'],
    ['padded base64', 'Content-Transfer-Encoding: base64\r\n\r\n', 'YQ=='],
    ['soft breaks', 'Content-Transfer-Encoding: quoted-printable\r\n\r\n', '=  '],
    ['uuencoded blocks that never end', '\r\n', 'begin 644 a\r\n#0V%T\r\n'],
    ['flowed quotes', 'Content-Type: text/plain; format=flowed\r\n\r\n', '>'],
    ['open tags', 'Content-Type: text/html\r\n\r\n', '<b></c>'],
    ['table cells', 'Content-Type: text/html\r\n\r\n', '<td><li>'],
    ['comments', 'Content-Type: text/html\r\n\r\n', '<!--'],
    ['encoded words', 'Subject: ', '=?utf-8?q?x?= '],
    ['half encoded words', 'Subject: ', '=?a*=?'],
    ['parameters', 'Content-Type: text/plain', '; a*0*="'],
    ['calendar lines', 'Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\n', 'SUMMARY:\\n\r\n '],
  ])('stands a megabyte of %s', async (_name, start, piece) => {
    const raw = rawMail(start + piece.repeat(1_000_000 / piece.length))
    const { malformed } = await parser.parse(raw, new AbortController().signal)
    expect(malformed ?? '').not.toMatch(/gave up|cut off|took more/)
  })

  it('makes no more text of HTML than it was given room for', () => {
    const piece = fc.constantFrom(
      '<p>',
      '<b>',
      '</b>',
      '<table>',
      '<tr>',
      '<td>',
      '<li>',
      '<blockquote>',
      '<a href="x">',
      '&amp;',
      '<!--',
      'word ',
      '<br>',
      '<',
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), fc.integer({ min: 1, max: 400 }), (pieces, times) => {
        expect(htmlToText(pieces.join('').repeat(times)).length).toBeLessThanOrEqual(262_144)
      }),
      { numRuns: 30 },
    )
  })

  it('never throws, whatever the bytes are', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom(
          '\r\n',
          '\n',
          '--b',
          '--b--',
          'Content-Type: multipart/mixed; boundary=b',
          'Subject: ',
          ': ',
          '\r\n\r\n',
          '=?utf-8?b?',
        )
        .map((text) => new Uint8Array(Buffer.from(text))),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 40 }), async (pieces) => {
        const mail = await parseMail(rawMail(new Uint8Array(Buffer.concat(pieces))))
        expect(mail.malformed ?? '').not.toMatch(/gave up/)
      }),
      { numRuns: 500 },
    )
  })

  it('gives headers back as they were written', async () => {
    const name = fc.stringMatching(/^[A-Z][a-z]{0,10}(-[A-Z][a-z]{0,10})?$/)
    const value = fc.string({ unit: fc.constantFrom(...'ab é漢🔥,:;=?-'), maxLength: 40 }).map((text) => text.trim())
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 20 }), value, async (fields, subject) => {
        const encoded = (text: string) => `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`
        const lines = fields.map(([key, text]) => `X-${key}: ${encoded(text)}\r\n`).join('')
        const mail = await parseMail(rawMail(`${lines}Subject: ${encoded(subject)}\r\n\r\nbody`))
        expect(mail.subject).toBe(subject)
        for (const [key] of fields) {
          const written = fields.filter(([other]) => other.toLowerCase() === key.toLowerCase()).map(([, text]) => text)
          expect(mail.headers[`x-${key.toLowerCase()}`]).toEqual(written)
        }
      }),
    )
  })

  it('never throws for a damaged mail', async () => {
    const corpus = samples.map(sample)
    const mutation = fc.record({
      kind: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'swap'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.nat(200),
      bytes: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc
          .constantFrom(
            '\r\n',
            '\n',
            '\r',
            '--',
            '"',
            '=?utf-8?b?',
            '?=',
            '(',
            '<',
            'Content-Type: ',
            '\0',
            'boundary=',
            ' ',
          )
          .map((text) => new Uint8Array(Buffer.from(text))),
      ),
    })
    await fc.assert(
      fc.asyncProperty(fc.nat(corpus.length - 1), fc.array(mutation, { maxLength: 8 }), async (pick, mutations) => {
        let bytes = Buffer.from(corpus[pick] ?? [])
        for (const { kind, at, length, bytes: extra } of mutations) {
          const place = Math.floor(at * bytes.length)
          const piece = bytes.subarray(place, place + length)
          const rest = bytes.subarray(place + (kind === 'cut' || kind === 'flip' ? extra.length : 0))
          if (kind === 'cut') bytes = Buffer.concat([bytes.subarray(0, place), bytes.subarray(place + length)])
          else if (kind === 'repeat') bytes = Buffer.concat([bytes.subarray(0, place), piece, piece, rest])
          else if (kind === 'swap') bytes = Buffer.concat([rest, bytes.subarray(0, place)])
          else bytes = Buffer.concat([bytes.subarray(0, place), extra, rest])
        }
        const mail = await parseMail(rawMail(new Uint8Array(bytes)))
        expect(mail.subject).not.toMatch(/[\r\n\0]/)
        expect(typeof mail.text).toBe('string')
        expect(() => structuredClone(mail)).not.toThrow()
      }),
      { numRuns: 300 },
    )
  })
})

function altMail(text: string, html: string): string {
  return (
    'Content-Type: multipart/alternative; boundary=z\r\n\r\n' +
    `--z\r\nContent-Type: text/plain\r\n\r\n${text}\r\n--z\r\nContent-Type: text/html\r\n\r\n${html}\r\n--z--\r\n`
  )
}
