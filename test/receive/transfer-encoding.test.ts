import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { joinFlowedLines } from '#src/receive/mime/flowed.js'
import { decodeTransfer } from '#src/receive/mime/transfer-encoding.js'
import { extractUuFiles } from '#src/receive/mime/uuencode.js'

const decode = (encoding: string, text: string): string =>
  decodeTransfer(Buffer.from(text, 'latin1'), encoding).toString('latin1')

describe('decodeTransfer', () => {
  it.each([
    ['base64', 'YWJj\r\nZGVm', 'abcdef'],
    ['base64', 'YWI', 'ab'],
    ['base64', 'YQ==\r\nYg==\r\n', 'ab'],
    ['base64', 'YWJj\r\nYQ==\r\n_____\r\nThe list, since 1998\r\n', 'abca'],
    ['base64', '!!YW*Jj', 'abc'],
    ['quoted-printable', 'caf=E9 =3d x', 'caf\xe9 = x'],
    ['quoted-printable', 'soft=\r\nbreak=  \r\ns', 'softbreaks'],
    ['quoted-printable', 'blanks go \t\r\nhere =20\r\nnot', 'blanks go\r\nhere  \r\nnot'],
    ['quoted-printable', 'bare \nline = feed=', 'bare\nline = feed'],
    ['quoted-printable', 'bad =ZZ =3', 'bad =ZZ =3'],
    ['quotedprintable', '=41', 'A'],
    ['x-uuencode', 'begin 644 x\r\n#0V%T\r\n`\r\nend\r\n', 'Cat'],
    ['x-uuencode', 'no block at all', 'no block at all'],
    ['x-none', 'as it is', 'as it is'],
    ['', 'as it is', 'as it is'],
  ])('%s: %j', (encoding, text, decoded) => {
    expect(decode(encoding, text)).toBe(decoded)
  })

  it('gives back what was encoded, and is never longer than what it was made of', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const buffer = Buffer.from(bytes)
        const lines = buffer.toString('base64').replace(/.{60}/g, '$&\r\n')
        expect(decodeTransfer(Buffer.from(lines), 'base64').equals(buffer)).toBe(true)
        const quoted = [...buffer].map((byte) => `=${byte.toString(16).padStart(2, '0')}`).join('')
        expect(decodeTransfer(Buffer.from(quoted), 'quoted-printable').equals(buffer)).toBe(true)
        for (const encoding of ['base64', 'quoted-printable', 'x-uuencode']) {
          expect(decodeTransfer(buffer, encoding).length).toBeLessThanOrEqual(buffer.length)
        }
      }),
    )
  })
})

describe('extractUuFiles', () => {
  it.each([
    ['a file in a text', 'see\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye', 'see\nbye', ['cat.txt:Cat']],
    ['two files', 'begin 644 a\n#0V%T\nend\nbegin 0755 b c\n#0V%T\nend\n', '', ['a:Cat', 'b c:Cat']],
    [
      'prose',
      'begin 644 things you did not end\nand so on\nend\n',
      'begin 644 things you did not end\nand so on\nend\n',
      [],
    ],
    ['a file without its end', 'begin 644 a\n#0V%T\n', 'begin 644 a\n#0V%T\n', []],
    ['no file', 'begin at once', 'begin at once', []],
  ])('%s', (_name, given, text, files) => {
    const found = extractUuFiles(given)
    expect(found.text).toBe(text)
    expect(found.files.map(({ filename, content }) => `${filename}:${content}`)).toEqual(files)
  })

  it('reads each line once, however many blocks begin', () => {
    const text = 'begin 644 a\n#0V%T\n'.repeat(50_000)
    expect(extractUuFiles(`${text}\x7f\nend\n`).files).toEqual([])
  })
})

describe('joinFlowedLines', () => {
  it.each([
    ['joins what flows', 'one \ntwo\nthree', false, 'one two\nthree'],
    ['drops the blank with delsp', 'one \ntwo', true, 'onetwo'],
    ['unstuffs', ' From here\n >quoted', false, 'From here\n>quoted'],
    ['keeps quotes apart by depth', '> a \n> b\n>> c \nd', false, '> a b\n>> c \nd'],
    ['leaves the signature', 'end \n-- \nme', false, 'end \n-- \nme'],
    ['nothing', '', false, ''],
  ])('%s', (_name, text, isDelSp, joined) => {
    expect(joinFlowedLines(text, isDelSp)).toBe(joined)
  })
})
