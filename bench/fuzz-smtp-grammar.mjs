// SMTP sessions as nobody sends them: made by a grammar, then damaged. The same seed makes the same sessions.

/** @typedef {{ parts: Buffer[], end: 'wait' | 'close' | 'reset', tls: boolean }} FuzzSession */

/** A generator of numbers below a bound, of 32 bits of state (mulberry32). @param {number} seed */
export function createDice(seed) {
  let state = seed >>> 0
  /** @param {number} below */
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % below
  }
}

/** @typedef {ReturnType<typeof createDice>} Dice */

/** @template T @param {Dice} dice @param {readonly T[]} list @returns {T} */
const pick = (dice, list) => /** @type {T} */ (list[dice(list.length)])

const names = [
  'a.example',
  'host',
  '[127.0.0.1]',
  'xn--bcher-kva.example',
  'bücher.example',
  '',
  'a b',
  '<script>',
  'a\x01b',
]
const addresses = [
  'ops@good.test',
  'ops@good.test',
  'dev+key@good.test',
  'OPS@GOOD.TEST',
  'x@elsewhere.test',
  'x%elsewhere.test@good.test',
  '@relay.test:ops@good.test',
  '"a b"@good.test',
  'jõgeva@good.test',
  'ops@xn--good-8xa.test',
  'a@b@good.test',
  'ops@[10.0.0.1]',
  'ops',
  '',
  '\0@good.test',
  `${'a'.repeat(300)}@good.test`,
]
const mailParameters = [
  'SIZE=100',
  'SIZE=99999999999999999999',
  'SIZE=',
  'BODY=8BITMIME',
  'BODY=BINARYMIME',
  'SMTPUTF8',
  'AUTH=<>',
  'RET=HDRS',
  'ENVID=x+0D+0Ay',
  'REQUIRETLS',
  'FOO',
  '=',
  '__PROTO__=1',
]
const recipientParameters = [
  'NOTIFY=NEVER',
  'NOTIFY=SUCCESS,DELAY',
  'ORCPT=rfc822;a@b',
  'ORCPT=',
  'SIZE=1',
  'toString=1',
]
const otherCommands = [
  'RSET',
  'NOOP',
  'NOOP x y',
  'HELP',
  'VRFY ops',
  'EXPN all',
  'ETRN good.test',
  'TURN',
  'WIZ x',
  'LHLO a.example',
  'STARTTLS',
  'STARTTLS x',
  'XCLIENT ADDR=192.0.2.1 LOGIN=jenkins',
  'XCLIENT NAME=a+0Ab',
  'XFORWARD ADDR=192.0.2.1',
  'PROXY TCP4 192.0.2.1 192.0.2.2 1 2',
  'BDAT 5 LAST',
  'GET / HTTP/1.1',
  'constructor',
  '__proto__ x',
  'toString',
  '',
  ' ',
  'QUIT',
]
const bodies = [
  'Subject: x\r\n\r\nhello\r\n',
  'hello\n\nbare\n',
  '..\r\n.x\r\n..x\r\n',
  'a\n.\nMAIL FROM:<e@e.test>\r\nRCPT TO:<ops@good.test>\r\nDATA\r\nb\r\n',
  'a\r\n.\nQUIT\r\n',
  'a\r.\r\nb\r\n',
  'a\r\n.\r',
  '\r\n\0.\r\n',
  '\xff\xfe\x00\x80\r\n',
  '',
]
/** What damage puts in: what parsers have stumbled over. */
const splinters = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '.',
  '\r\n.\r\n',
  '\n.\n',
  '<',
  '>',
  ':',
  '=',
  ' ',
  '\t',
  '+0D',
  '\xe2\x80\x8b',
  '\xff',
  '*',
  '%s',
  '{{',
  'xn--',
  '9'.repeat(40),
  'A'.repeat(5_000),
]

/** Mostly the first, so that a session gets somewhere. @template T @param {Dice} dice @param {readonly T[]} list @returns {T} */
const pickMostlyFirst = (dice, list) => (dice(4) > 0 ? /** @type {T} */ (list[0]) : pick(dice, list))

/** A v2 header of the PROXY protocol, or a v1 line. @param {Dice} dice */
function proxyHeader(dice) {
  const client = `${pick(dice, [192, 198, 203])}.0.${dice(256)}.${dice(256)}`
  if (dice(2) === 0) return `PROXY TCP4 ${client} 10.0.0.1 ${dice(65_536)} 25\r\n`
  const bytes = Buffer.from(`\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c${'\0'.repeat(12)}`, 'latin1')
  for (const [index, part] of client.split('.').entries()) bytes[16 + index] = Number(part)
  return bytes.toString('latin1')
}

/** @param {Dice} dice */
function authentication(dice) {
  const token = Buffer.from(pick(dice, ['\0jenkins\0secret', '\0jenkins\0wrong', 'x', '\0\0', '\0a\r\nb\0c'])).toString(
    'base64',
  )
  const [name, password] = [Buffer.from('jenkins').toString('base64'), Buffer.from('secret').toString('base64')]
  return pick(dice, [
    `AUTH PLAIN ${token}`,
    `AUTH PLAIN\r\n${token}`,
    `AUTH LOGIN\r\n${name}\r\n${password}`,
    `AUTH LOGIN ${name}\r\n*`,
    'AUTH CRAM-MD5',
    'AUTH',
    'AUTH PLAIN =',
    `AUTH PLAIN ${'A'.repeat(3_000)}`,
  ])
}

/** @param {Dice} dice */
function transaction(dice) {
  const lines = [
    `MAIL FROM:<${pickMostlyFirst(dice, addresses)}>${dice(4) === 0 ? ` ${pick(dice, mailParameters)}` : ''}`,
  ]
  for (let n = dice(4) === 0 ? dice(8) : 1; n > 0; n--) {
    lines.push(
      `RCPT TO:<${pickMostlyFirst(dice, addresses)}>${dice(6) === 0 ? ` ${pick(dice, recipientParameters)}` : ''}`,
    )
  }
  lines.push('DATA')
  return `${lines.join('\r\n')}\r\n${pick(dice, bodies)}.\r\n`
}

/** One session as a client would speak it, more or less. @param {Dice} dice */
function script(dice) {
  let text = dice(12) === 0 ? '' : `${pick(dice, ['EHLO', 'EHLO', 'HELO'])} ${pickMostlyFirst(dice, names)}\r\n`
  for (let steps = 1 + dice(5); steps > 0; steps--) {
    const kind = dice(8)
    if (kind < 5) text += transaction(dice)
    else if (kind < 6) text += `${authentication(dice)}\r\n`
    else if (kind < 7 || dice(20) > 0) text += `${pick(dice, otherCommands)}${dice(20) === 0 ? '\n' : '\r\n'}`
    else text += `${pick(dice, otherCommands)}\r\n`.repeat(1 + dice(300))
  }
  return text
}

/** @param {Dice} dice @param {string} text */
function damage(dice, text) {
  let damaged = text
  for (let wounds = dice(4); wounds > 0; wounds--) {
    const at = dice(damaged.length + 1)
    const length = dice(20) === 0 ? dice(200) : dice(8)
    const cut = damaged.slice(at, at + length)
    const put = pick(dice, [
      pick(dice, splinters),
      String.fromCharCode(dice(256)),
      '',
      cut + cut,
      cut.toLowerCase(),
      [...cut].reverse().join(''),
    ])
    damaged = damaged.slice(0, at) + put + damaged.slice(at + length)
  }
  return damaged
}

/** What ends any session, in whatever state the rest left it: as a mail, as a password, or as commands. */
const lastWords = '\r\nQUIT\r\n.\r\nQUIT\r\n'

/**
 * The session of this number. Behind a proxy it begins with the proxy's header, damaged seldom, or nothing else would
 * ever be reached. @param {number} seed @param {number} index @param {boolean} isProxied @returns {FuzzSession}
 */
export function makeSession(seed, index, isProxied) {
  const dice = createDice(Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b))
  const header = isProxied ? proxyHeader(dice) : ''
  const fate = dice(100)
  const end = fate < 70 ? 'wait' : fate < 94 ? 'close' : 'reset'
  const said = dice(10) === 0 ? script(dice) : damage(dice, script(dice))
  const text = (dice(20) === 0 ? damage(dice, header) : header) + said + (end === 'wait' ? lastWords : '')
  // UTF-8 where it was meant, and single bytes where damage made them.
  const bytes = Buffer.from(text, dice(2) === 0 ? 'utf8' : 'latin1')
  const parts = []
  for (let from = 0; from < bytes.length; ) {
    const to = dice(3) === 0 ? Math.min(bytes.length, from + 1 + dice(200)) : bytes.length
    parts.push(bytes.subarray(from, to))
    from = to
  }
  return { parts, end, tls: !isProxied && dice(200) === 0 }
}
