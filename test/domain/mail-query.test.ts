import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MailQueryError, parseMailQuery, printMailQuery, queryForWords, queryKeys } from '#src/domain/mail-query.js'
import { splitWords } from '#src/domain/search-words.js'

const now = Date.UTC(2026, 10, 20, 12)

function parse(text: string) {
  return parseMailQuery(text, now).terms
}

function words(field: string, list: string[], isPrefix = false) {
  return { kind: 'words', field, words: list, isPrefix, negated: false }
}

describe('a query', () => {
  test.each([
    ['', []],
    ['  \n ', []],
    ['Disk full', [words('any', ['disk']), words('any', ['full'])]],
    ['"Disk full"', [words('any', ['disk', 'full'])]],
    ['disk-full', [words('any', ['disk', 'full'])]],
    ['-test', [{ ...words('any', ['test']), negated: true }]],
    ['!"a test"', [{ ...words('any', ['a', 'test']), negated: true }]],
    ['backup*', [words('any', ['backup'], true)]],
    ['"backup*"', [words('any', ['backup'])]],
    ['磁碟已滿*', [words('any', ['磁', '碟', '已', '滿'])]],
    ['from:Monit@X.example', [words('from', ['monit', 'x', 'example'])]],
    ['FROM:monit', [words('from', ['monit'])]],
    ['to:ops rcpt:dev body:x', [words('to', ['ops']), words('rcpt', ['dev']), words('body', ['x'])]],
    ['subject:"disk \\"sda\\" full"', [words('subject', ['disk', 'sda', 'full'])]],
    ['-subject:test', [{ ...words('subject', ['test']), negated: true }]],
    ['route:"Disk \\\\ alerts"', [{ kind: 'route', value: 'Disk \\ alerts', negated: false }]],
    [
      'channel:ops id:01J',
      [
        { kind: 'channel', value: 'ops', negated: false },
        { kind: 'id', value: '01J', negated: false },
      ],
    ],
    ['state:Failed', [{ kind: 'state', value: 'failed', negated: false }]],
    ['-has:attachment', [{ kind: 'attachment', negated: true }]],
    ['before:2026-11-20', [{ kind: 'before', at: Date.UTC(2026, 10, 20), negated: false }]],
    ['after:2026-11-20T08:00Z', [{ kind: 'after', at: Date.UTC(2026, 10, 20, 8), negated: false }]],
    ['after:2h', [{ kind: 'after', at: now - 7_200_000, negated: false }]],
    ['before:"3d ago"', [{ kind: 'before', at: now - 3 * 86_400_000, negated: false }]],
    [
      'larger:5MB smaller:1024',
      [
        { kind: 'larger', bytes: 5_000_000, negated: false },
        { kind: 'smaller', bytes: 1024, negated: false },
      ],
    ],
    // What stands in subjects of alerts may be pasted.
    [
      '[FIRING:1] DiskFull (node-1) 12:30',
      [
        words('any', ['firing', '1']),
        words('any', ['diskfull']),
        words('any', ['node', '1']),
        words('any', ['12', '30']),
      ],
    ],
    ['disk - full', [words('any', ['disk']), words('any', ['full'])]],
    ['https://x.example/a', [words('any', ['https', 'x', 'example', 'a'])]],
    ['🔴 down', [words('any', ['🔴']), words('any', ['down'])]],
  ])('%s', (text, terms) => {
    expect(parse(text)).toEqual(terms)
  })

  test.each([
    ['sender:x', 'there is no key "sender:"', /the keys are from, to/],
    ['subjct:x', 'there is no key "subjct:"', /did you mean "subject"\?/],
    ['state:faild', 'no mail is ever "faild"', /did you mean "failed"\?/],
    ['has:cats', '"has:cats" is not known', /has:attachment/],
    ['before:soon', '"soon" is no time', /before:2026-11-20/],
    ['after:2026-13-40', '"2026-13-40" is no time', /after:/],
    ['larger:huge', '"huge" is no size', /larger:5MB/],
    ['subject:', 'subject: has no value', /subject:"disk full"/],
    ['from: x', 'from: has no value', /from:/],
    ['"open', 'the quotes of "open do not end, or something follows them', /close/],
    ['"a"b', 'the quotes of "a"b do not end, or something follows them', /close/],
    ['%', '"%" has no letter, digit or symbol to look for', /write a word/],
    ['disk "%"', '"%" has no letter, digit or symbol to look for', /write a word/],
    ['di*', '"di*" is the beginning of too many words', /at least 3/],
    ['x'.repeat(501), 'the search is longer than 500 characters', /less/],
    ['x '.repeat(21), 'the search is longer than 20 terms', /less/],
  ])('that cannot be understood says what to write: %s', (text, message, hint) => {
    const error = catchError(() => parse(text))
    expect(error).toBeInstanceOf(MailQueryError)
    expect(error).toMatchObject({ message })
    expect((error as MailQueryError).hint).toMatch(hint)
  })

  const piece = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 12 }),
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.constantFrom(...queryKeys.map((key) => `${key}:`), '"', '\\', '-', '!', '*', ' ', '磁碟', 'disk', '2h', '5MB'),
    fc.constantFrom('state:failed', 'has:attachment', 'before:2026-11-20', 'larger:1KB', 'subject:"a b"', 'back*'),
  )
  const anyText = fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join(''))

  test('property: any text is a query or a typed error, and a query that is printed reads as the same', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText,
          fc.array(piece, { maxLength: 8 }).map((some) => some.join(' ')),
        ),
        (text) => {
          let query: ReturnType<typeof parseMailQuery>
          try {
            query = parseMailQuery(text, now)
          } catch (error) {
            expect(error).toBeInstanceOf(MailQueryError)
            return
          }
          expect(parseMailQuery(printMailQuery(query), now + 1)).toEqual(query)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  test('of words as they are has no keys and no signs', () => {
    expect(queryForWords('-from:x "y% %').terms).toEqual([words('any', ['from', 'x']), words('any', ['y'])])
  })
})

describe('words', () => {
  test.each([
    ['Disk FULL, 100%', ['disk', 'full', '100']],
    ['ÜBERVOLL naïve ΣΑΣ', ['ubervoll', 'naive', 'σασ']],
    ['磁碟已滿 on srv', ['磁', '碟', '已', '滿', 'on', 'srv']],
    ['ディスク ㍿', ['デ', 'ィ', 'ス', 'ク', '株', '式', '会', '社']],
    ['디스크', ['디', '스', '크']],
    ['❤️🔥ok', ['❤', '🔥', 'ok']],
    ['ﬁle_name', ['file', 'name']],
    ['a'.repeat(100), ['a'.repeat(64)]],
    ['', []],
  ])('%s', (text, list) => {
    expect(splitWords(text)).toEqual(list)
  })

  test('property: words are words of themselves', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const list = splitWords(text)
        expect(splitWords(list.join(' '))).toEqual(list)
      }),
      { numRuns: 2_000 },
    )
  })
})

function catchError(work: () => unknown): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
