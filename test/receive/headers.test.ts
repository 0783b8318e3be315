import { describe, expect, it } from 'vitest'
import { trimBoundaryLines } from '#src/receive/boundaries.js'
import { readHeaders } from '#src/receive/headers.js'

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
    ['no header', 'hello: no\nwait', { hello: ['no'] }, ''],
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

  it('looks at one megabyte at most', () => {
    const block = read('a: b\n'.repeat(500_000))
    expect(block.bodyOffset).toBeLessThanOrEqual(1024 * 1024 + 5)
  })
})

describe('trimBoundaryLines', () => {
  it.each([
    [
      'cuts blanks after a boundary',
      'boundary="x y"\n\n--x y \t\r\na\r\n--x y-- \n',
      'boundary="x y"\n\n--x y\r\na\r\n--x y--\n',
    ],
    ['leaves a signature alone', 'boundary=b\n\n--b\n-- \nme\n', 'boundary=b\n\n--b\n-- \nme\n'],
    ['leaves what is no boundary', 'boundary=b\n\n--option \n--b-- x \n', 'boundary=b\n\n--option \n--b-- x \n'],
    ['works at the very end', 'boundary=b\n\n--b-- ', 'boundary=b\n\n--b--'],
  ])('%s', (_name, given, expected) => {
    expect(trimBoundaryLines(Buffer.from(given)).toString()).toBe(expected)
  })

  it('gives back the same bytes when there is nothing to cut', () => {
    const raw = Buffer.from('boundary=b\n\n--b\nx\n--b--\n')
    expect(trimBoundaryLines(raw)).toBe(raw)
  })
})
