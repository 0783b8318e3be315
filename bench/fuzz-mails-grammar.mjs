// Mails as nobody sends them: real ones damaged, and MIME made by a grammar. The same seed makes the same mails.
import { readdirSync, readFileSync } from 'node:fs'
import { createDice } from './fuzz-smtp-grammar.mjs'

/** @typedef {ReturnType<typeof createDice>} Dice */

/** @template T @param {Dice} dice @param {readonly T[]} list @returns {T} */
const pick = (dice, list) => /** @type {T} */ (list[dice(list.length)])

/** @param {Dice} dice @param {number} max @param {() => string} make */
const several = (dice, max, make) => Array.from({ length: dice(max + 1) }, make).join('')

/** The mails that are damaged: the project's own. */
export function readCorpus() {
  return ['../fixtures/mails/', '../test/receive/samples/'].flatMap((folder) => {
    const url = new URL(folder, import.meta.url)
    const names = readdirSync(url).filter((name) => name.endsWith('.eml'))
    return names.sort().map((name) => readFileSync(new URL(name, url)))
  })
}

/** One mail of the series, whichever were made before. @param {Buffer[]} corpus @param {number} seed @param {number} index */
export function makeMail(corpus, seed, index) {
  const dice = createDice(Math.imul(seed, 0x9e3779b1) ^ index)
  const kind = dice(10)
  if (kind < 5) return damage(dice, pick(dice, corpus), corpus)
  const grown = Buffer.from(makeEntity(dice, 0, true), 'latin1')
  return kind < 8 ? grown : damage(dice, grown, corpus)
}

const ends = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r\r\n', '\r']
const tokens = [
  ...ends,
  '\r\n\r\n',
  '--',
  '--b',
  '--b--',
  '"',
  '=?utf-8?b?',
  '=?utf-8?q?=E2=82?=',
  '?=',
  '(',
  ')',
  '<',
  '>',
  ':',
  ';',
  ',',
  '\\',
  '\0',
  ' ',
  '\t',
  '=',
  '==',
  '=\r\n',
  '=3D',
  '=ZZ',
  'Content-Type: ',
  'boundary=',
  'charset=',
  "*0*=utf-8''%e2%82",
  'begin 644 x\r\n',
  '\r\nend\r\n',
  '\xff\xfe',
  '\xef\xbb\xbf',
  '\xc3',
  '\xf0\x9f\x94',
  '\x1b$B',
  '\x1b(B',
  '+ADw-',
  '\u0080',
  '<div>',
  '<!--',
  '<table><tr><td>',
  '<blockquote>',
  '&#x110000;',
  'BEGIN:VEVENT\r\n',
  'From ',
  '.',
  '..\r\n',
  '\x78\x9f\x3e\x22\x01\x00',
  '\x30\x80',
  '__proto__',
  'constructor',
]

/** @param {Dice} dice @param {Buffer} mail @param {Buffer[]} corpus */
function damage(dice, mail, corpus) {
  let bytes = mail
  for (let left = 1 + dice(12); left > 0; left--) bytes = damageOnce(dice, bytes, corpus)
  return bytes.subarray(0, bytesMax)
}

/** Damage may double a mail each time it repeats a piece. */
const bytesMax = 300_000

/** @param {Dice} dice @param {Buffer} bytes @param {Buffer[]} corpus */
function damageOnce(dice, bytes, corpus) {
  const at = dice(bytes.length + 1)
  const length = dice(pick(dice, [4, 40, 400, 4_000]))
  const [before, piece, after] = [bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at + length)]
  const token = Buffer.from(pick(dice, tokens), 'latin1')
  switch (dice(9)) {
    case 0:
      return Buffer.concat([before, after])
    case 1:
      return Buffer.concat([before, token, piece, after])
    case 2:
      return Buffer.concat([before, token, after])
    case 3:
      return Buffer.concat([before, ...Array.from({ length: 1 + dice(20) }, () => piece), after])
    case 4:
      return Buffer.concat([after, before])
    case 5:
      return Buffer.concat([before, Buffer.from(piece).map((byte) => byte ^ (1 << dice(8))), after])
    case 6:
      return Buffer.concat([before, ...Array.from({ length: dice(300) }, () => token), piece, after])
    case 7: {
      const other = pick(dice, corpus)
      const from = dice(other.length)
      return Buffer.concat([before, other.subarray(from, from + length), after])
    }
    default:
      return Buffer.concat([before, Buffer.from(Array.from({ length: dice(30) }, () => dice(256))), piece, after])
  }
}

const types = [
  'text/plain',
  'text/plain',
  'text/html',
  'text/html',
  'text/calendar',
  'text/x-amp-html',
  'text/markdown',
  'TEXT/PLAIN',
  'text',
  'application/octet-stream',
  'image/png',
  'message/rfc822',
  'message/delivery-status',
  'message/partial; number=1; total=2',
  'message/external-body; access-type=URL',
  'application/ms-tnef',
  'application/pkcs7-mime; smime-type=signed-data',
  'foo',
  '',
  ';',
  'text/plain charset=utf-8',
]
const multiparts = ['mixed', 'alternative', 'related', 'report', 'signed', 'encrypted', 'digest', 'x-none', 'form-data']
const encodings = [
  '7bit',
  '8bit',
  'binary',
  'base64',
  'quoted-printable',
  'x-uuencode',
  'BASE64',
  '"base64"',
  'x-none',
  '',
  'quoted printable',
]
const charsets = [
  'utf-8',
  'UTF8',
  'us-ascii',
  'iso-8859-1',
  'windows-1252',
  'big5',
  'gb18030',
  'euc-kr',
  'shift_jis',
  'iso-2022-jp',
  'iso-2022-kr',
  'koi8-r',
  'utf-7',
  'utf-16',
  'utf-32',
  'utf-16be',
  'cp437',
  'x-none',
  'base64',
  'hex',
  '__proto__',
  'constructor',
  "'",
  '"',
]
const boundaries = ['b', 'bb', 'b--', 'a b', '=_x', '', '(', 'b.*', 'x'.repeat(90), '\xc3\xa9', '--b']

/** @param {Dice} dice @param {number} depth @param {boolean} isRoot @returns {string} */
function makeEntity(dice, depth, isRoot) {
  const end = pick(dice, ends)
  const isMultipart = depth < 12 && dice(3) < (isRoot ? 2 : 1)
  const boundary = pick(dice, boundaries)
  const type = isMultipart
    ? `multipart/${pick(dice, multiparts)}; boundary=${dice(2) ? `"${boundary}"` : boundary}`
    : pick(dice, types)
  const encoding = pick(dice, encodings)
  const header = [
    ...(isRoot ? makeMailHeader(dice) : []),
    ...(dice(8) ? [`Content-Type: ${type}${makeParameters(dice)}`] : []),
    ...(dice(2) ? [`Content-Transfer-Encoding: ${encoding}`] : []),
    ...(dice(3)
      ? []
      : [`Content-Disposition: ${pick(dice, ['attachment', 'inline', 'x', ''])}${makeParameters(dice)}`]),
    ...(dice(5) ? [] : [`Content-ID: <${pick(dice, tokens)}@b>`]),
  ].join(end)
  const body = isMultipart ? makeParts(dice, depth, boundary, end) : makeBody(dice, encoding)
  return `${header}${dice(12) ? end + end : end}${body}`
}

/** @param {Dice} dice */
function makeMailHeader(dice) {
  const words = () =>
    several(dice, 6, () =>
      pick(dice, ['alert ', 'DOWN ', '\xe9', '=?utf-8?B?w6k=?= ', '=?big5?Q?=A7=41?=', ...tokens]),
    ).replace(/[\r\n]+/g, '\r\n ')
  const names = [
    'Subject',
    'From',
    'To',
    'Cc',
    'Date',
    'Message-ID',
    'References',
    'X-Alert',
    'Received',
    '__proto__',
    'subject ',
  ]
  return Array.from({ length: dice(8) }, () => `${pick(dice, names)}: ${words()}`)
}

/** @param {Dice} dice */
function makeParameters(dice) {
  return several(dice, 3, () => {
    const name = pick(dice, [
      'charset',
      'name',
      'filename',
      'filename*',
      'filename*0',
      'filename*1*',
      'format',
      'delsp',
      'x',
    ])
    const value = pick(dice, [
      ...charsets,
      'flowed',
      'yes',
      'a b.txt',
      "utf-8''%e2%82%ac",
      '"a\\"b;c"',
      '=?utf-8?q?=C3=A9?=',
      '../../x',
    ])
    return `${pick(dice, ['; ', ';', ' ', ';\r\n '])}${name}=${value}`
  })
}

/** @param {Dice} dice @param {number} depth @param {string} boundary @param {string} end @returns {string} */
function makeParts(dice, depth, boundary, end) {
  const parts = several(
    dice,
    5,
    () => `${end}--${boundary}${dice(6) ? '' : ' \t'}${end}${makeEntity(dice, depth + 1, false)}`,
  )
  return `${dice(3) ? '' : 'preamble'}${parts}${dice(4) ? `${end}--${boundary}--${end}` : ''}${dice(4) ? '' : 'epilogue'}`
}

/** @param {Dice} dice @param {string} encoding */
function makeBody(dice, encoding) {
  const pieces = [
    'level = error\r\n',
    'a flowed line \r\n',
    '> quoted\r\n',
    '<p>x</p>',
    '<b>',
    '#0V%T\r\n',
    'SUMMARY:x\\n\r\n',
    'DTSTART;TZID=X:20260101T000000\r\n',
    ...tokens,
  ]
  const text = several(dice, pick(dice, [3, 30, 300]), () => pick(dice, pieces))
  if (encoding.toLowerCase() !== 'base64' || dice(4) === 0) return text
  return Buffer.from(text, 'latin1').toString('base64').replace(/.{76}/g, '$&\r\n')
}
