import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeText, decodeUndeclared } from '#src/receive/mime/charset.js'
import { decodeEncodedWords } from '#src/receive/mime/encoded-words.js'

const b = (text: string, charset = 'utf-8'): string => `=?${charset}?B?${Buffer.from(text).toString('base64')}?=`

describe('decodeEncodedWords', () => {
  it.each([
    ['plain', 'disk full', 'disk full'],
    ['B', b('café'), 'café'],
    ['Q with underscores', '=?utf-8?Q?caf=C3=A9_bar?=', 'café bar'],
    ['lower-case encoding and charset', '=?UTF-8?q?=e2=9c=93?=', '✓'],
    ['in the middle', `[Jenkins] ${b('購物')} #12`, '[Jenkins] 購物 #12'],
    ['neighbours lose the blank between them', `${b('a')}  ${b('b')} c`, 'ab c'],
    ['a character cut in two', '=?utf-8?Q?=E4=BC?= =?utf-8?Q?=BA?=', '伺'],
    ['neighbours of two charsets', `=?iso-8859-1?Q?=E9?= ${b('線')}`, 'é線'],
    ['no padding', '=?utf-8?B?Y2Fmw6k?=', 'café'],
    ['language (RFC 2231 5)', '=?utf-8*en?Q?hi?=', 'hi'],
    ['Latin-1 that is windows-1252', '=?iso-8859-1?Q?=93x=94_=80?=', '“x” €'],
    ['ISO-2022-JP', '=?ISO-2022-JP?B?GyRCJTUhPCVQITwbKEI=?=', 'サーバー'],
    ['unknown charset', '=?x-none?Q?caf=C3=A9?= tail', 'café tail'],
    ['raw blanks in Q', '=?utf-8?Q?a b?=', 'a b'],
    ['unfinished', '=?utf-8?Q?abc', '=?utf-8?Q?abc'],
    ['empty', '=?utf-8?Q??=', ''],
  ])('%s', (_name, value, text) => {
    expect(decodeEncodedWords(value)).toBe(text)
  })

  it('gives back what was encoded, however it was cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (text, size) => {
          const bytes = Buffer.from(text)
          const words: string[] = []
          for (let at = 0; at < bytes.length; at += size) {
            words.push(`=?utf-8?B?${bytes.subarray(at, at + size).toString('base64')}?=`)
          }
          expect(decodeEncodedWords(words.join('\n '))).toBe(text)
        },
      ),
    )
  })
})

describe('decodeText', () => {
  it.each([
    ['utf-8', Buffer.from('café'), 'café'],
    ['shift_jis', Buffer.from([0x83, 0x54]), 'サ'],
    ['cp936', Buffer.from([0xb8, 0xe6]), '告'],
    ['"utf-8"', Buffer.from('é'), 'é'],
    ['no such charset', Buffer.from('é'), 'é'],
    ['no such charset', Buffer.from([0xe9]), 'é'],
    ['replacement', Buffer.from('ok'), 'ok'],
    ['big5-hkscs', Buffer.from('fb48ab59', 'hex'), '嘅係'],
    ['ks_c_5601-1987', Buffer.from('8c63', 'hex'), '똠'],
    ['windows-31j', Buffer.from('8740', 'hex'), '①'],
    ['utf-7', Buffer.from('+ZeVnLA-'), '日本'],
    ['utf-32', Buffer.from('fffe0000e9000000', 'hex'), 'é'],
    ['utf-16', Buffer.from('feff00e9', 'hex'), 'é'],
    ['iso-8859-1', Buffer.from('efbbbfc3a9', 'hex'), 'é'],
    ['cp437', Buffer.from([0x81]), 'ü'],
    ['us-ascii', Buffer.from('é'), 'é'],
    ['us-ascii', Buffer.from([0xe9]), 'é'],
    ['utf-8', Buffer.from([0x4b, 0xf6, 0x6c, 0x6e]), 'Köln'],
    ['utf-8', Buffer.from([0xe4, 0xb8, 0x20, 0xff]), '\ufffd \ufffd'],
    ['base64', Buffer.from('YQ'), 'YQ'],
    ['hex', Buffer.from('61'), '61'],
    ['constructor', Buffer.from('ok'), 'ok'],
    ['__proto__', Buffer.from('ok'), 'ok'],
    ['x'.repeat(100_000), Buffer.from('ok'), 'ok'],
  ])('%.20s', (charset, bytes, text) => {
    expect(decodeText(bytes, charset)).toBe(text)
  })

  it('prefers UTF-8 where nothing is declared, and never throws', () => {
    expect(decodeUndeclared(Buffer.from('é'), 'gbk')).toBe('é')
    expect(decodeUndeclared(Buffer.from([0xb8, 0xe6]), 'gbk')).toBe('告')
    expect(decodeUndeclared(Buffer.from([0xe9]), 'utf-8')).toBe('é')
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, charset) => typeof decodeText(bytes, charset) === 'string'),
    )
  })
})
