import { describe, expect, it } from 'vitest'
import { readHeaders } from '#src/receive/mime/headers.js'

const read = (text: string) => readHeaders(new Uint8Array(Buffer.from(text, 'latin1')))

describe('readHeaders', () => {
  it.each([
    ['CRLF', 'A: 1\r\nB: 2\r\n\r\nbody', { a: ['1'], b: ['2'] }, 'body'],
    ['LF', 'A: 1\n\nbody', { a: ['1'] }, 'body'],
    ['CR CR LF', 'A: 1\r\r\n\r\r\nbody', { a: ['1'] }, 'body'],
    ['no body', 'A: 1', { a: ['1'] }, ''],
    ['a blank before the colon', 'A : 1\r\n\r\n', { a: ['1'] }, ''],
    ['folds', 'A: one\r\n\t two\r\n \r\n   three\r\n\r\nx', { a: ['one two three'] }, 'x'],
    ['repeats', 'A: 1\r\na: 2\r\n\r\n', { a: ['1', '2'] }, ''],
    ['junk between', 'A: 1\r\nno header here\r\n folded junk\r\nB: 2\r\n\r\n', { a: ['1 folded junk'], b: ['2'] }, ''],
    ['a letter that ends in a byte like a blank', 'A: voil\xc3\xa0\r\n \xc3\xa0\r\n\r\n', { a: ['voilà à'] }, ''],
    ['an mbox line', 'From x Sat\r\nA: 1\r\n\r\nx', { a: ['1'] }, 'x'],
    ['a blank line first', '\r\nA: 1', {}, 'A: 1'],
    ['a blank line left out', 'hello: no\nwait', { hello: ['no'] }, 'wait'],
    ['a blank line left out before folded text', 'A: 1\nwait\n for it\n\nend', { a: ['1'] }, 'wait\n for it\n\nend'],
    ['a boundary at once', 'A: 1\n--b\nB: 2\n\nend', { a: ['1'] }, '--b\nB: 2\n\nend'],
    ['prose', 'Dear all,\nhello', {}, 'Dear all,\nhello'],
    ['nothing', '', {}, ''],
    ['colon alone', ': x\r\nA: 1\r\n\r\n', {}, ': x\r\nA: 1\r\n\r\n'],
    ['control characters', 'A: one\0two\x1b[31m\r\n\r\n', { a: ['one two [31m'] }, ''],
  ])('%s', (_name, text, headers, body) => {
    const block = read(text)
    expect({ ...block.headers }).toEqual(headers)
    expect(text.slice(block.bodyOffset)).toBe(body)
  })

  it('keeps 1,000 lines and what a mail is made of', () => {
    const block = read(`${'Received: x\n'.repeat(2_000)}Subject: s\nTo: t@x\nX-Late: y\n late fold\n\nbody`)
    expect(block.headers.received).toHaveLength(1_000)
    expect(block.headers.subject).toEqual(['s'])
    expect(block.headers.to).toEqual(['t@x'])
    expect(block.headers['x-late']).toBeUndefined()
  })

  it('finds the body below a header of any size, and says how much there was', () => {
    const block = read(`${'a: b\n'.repeat(500_000)}\nbody`)
    expect(block).toMatchObject({ bodyOffset: 2_500_001, lines: 500_000, sizeBytes: 2_500_001 })
    expect(block.headers.a).toHaveLength(1_000)
  })
})
