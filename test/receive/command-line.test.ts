import { describe, expect, it } from 'vitest'
import { checkCommand } from '#src/receive/command-line.js'
import { plainUser } from './open-settings.js'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

const longPath = `<${'a'.repeat(200)}@${'b'.repeat(54)}>`

describe('checkCommand', () => {
  it.each([
    'EHLO host',
    'helo host',
    'EHLO b\xfcro-pc',
    'MAIL FROM:<a@b.example>',
    'mail from: <a@b.example>  SIZE=1 BODY=8BITMIME SMTPUTF8',
    'MAIL FROM:<> AUTH=<>',
    'MAIL FROM:<a@b.example> RET=HDRS ENVID=QQ314159',
    'RCPT TO:<a@b.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;a@b.example',
    `MAIL FROM:${longPath.slice(0, -2)}>`,
    'NOOP',
    'HELP',
    '',
    ' EHLO host',
    'EHLO host\t',
  ])('has nothing against %j', (line) => {
    expect(checkCommand(Buffer.from(line, 'latin1'))).toBeNull()
  })

  it('takes UTF-8 in an address', () => {
    expect(checkCommand(Buffer.from('RCPT TO:<jõgeva@mailtrigger.app>'))).toBeNull()
  })

  it.each<[string, number]>([
    ['MAIL FROM:<a\0b@b.example>', 500],
    ['MAIL FROM:<a@b.example>\rRCPT TO:<c@d.example>', 500],
    ['NOOP\r', 500],
    ['EHLO a\x01b', 500],
    ['NOOP \x7f', 500],
    ['RCPT TO:<j\xf5geva@b.example>', 500],
    ['MAIL FROM:<a@b.example> FOO=1', 555],
    ['MAIL FROM:<a@b.example> REQUIRETLS', 555],
    ['MAIL FROM:<a@b.example> NOTIFY=NEVER', 555],
    ['RCPT TO:<a@b.example> SIZE=1', 555],
    [`MAIL FROM:${longPath}`, 501],
    [`RCPT TO:${longPath}`, 501],
    ...[
      'VRFY a',
      'EXPN a',
      'ETRN a',
      'TURN',
      'WIZ x',
      'SHELL',
      'KILL',
      'DEBUG',
      'XFORWARD ADDR=10.0.0.1',
      'LHLO x',
    ].map((line): [string, number] => [line, 502]),
  ])('answers %j with %i', (line, code) => {
    expect(checkCommand(Buffer.from(line, 'latin1'))).toMatchObject({ code, isLast: false })
  })

  it.each<[string, number]>([
    ['BDAT 5 LAST', 502],
    ['GET / HTTP/1.1', 421],
    ['GET http://a.example/ HTTP/1.1', 421],
    ['CONNECT a.example:25 HTTP/1.1', 421],
    ['PRI * HTTP/2.0', 421],
    ['\x16\x03\x01\x00\xc4', 421],
    ['\0', 421],
    ['.', 421],
    ['<?xml version="1.0"?>', 421],
    ['220 a server', 421],
  ])('reads nothing more after %j', (line, code) => {
    expect(checkCommand(Buffer.from(line, 'latin1'))).toMatchObject({ code, isLast: true })
  })
})

describe('a session', () => {
  it('ends with BDAT, whose bytes are no commands', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO test')).not.toMatch(/CHUNKING|BINARYMIME|DSN|VRFY/)
    expect(await client.ask('MAIL FROM:<a@b.example> BODY=BINARYMIME')).toMatch(/^501/)
    await client.ask('MAIL FROM:<a@b.example>')
    await client.ask('RCPT TO:<ops@mailtrigger.app>')
    client.write('BDAT 17 LAST\r\nDATA\r\nhello\r\n.\r\n')
    expect(await client.reply()).toMatch(/^502/)
    await client.closed
    await expect(client.reply()).rejects.toThrow()
    expect(gateway.saved).toEqual([])
    expect(gateway.rejections).toMatchObject([{ reason: 'not_smtp', code: 502 }])
  })

  it.each([
    ['unknown commands', 'XYZZY', /^421 4\.7\.0 too many errors/, 20],
    ['wrong parameters', 'MAIL FROM:<a@b.example> SIZE=x', /^421 4\.7\.0 too many errors/, 20],
    ['what is not implemented', 'VRFY a', /^421 4\.7\.0 too many errors/, 20],
    ['RSET', 'RSET', /^421 4\.7\.0 too many commands/, 100],
    ['NOOP', 'NOOP', /^421 4\.7\.0 too many commands/, 100],
  ])('ends after too many of %s, however they come', async (_name, line, last, most) => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    client.write(`${line}\r\n`.repeat(10_000))
    const replies: string[] = []
    while (!replies.at(-1)?.startsWith('421')) replies.push(await client.reply())
    expect(replies.at(-1)).toMatch(last)
    expect(replies.length).toBeLessThanOrEqual(most)
    await client.closed
  })

  it('may go on for long when mails come in between', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    for (let round = 0; round < 8; round++) {
      for (let n = 0; n < 40; n++) expect(await client.ask('NOOP')).toMatch(/^250/)
      for (let n = 0; n < 9; n++) expect(await client.ask('FOO')).toMatch(/^500/)
      await beginData(client)
      expect(await client.ask('hello\r\n.')).toMatch(/^250/)
    }
    expect(gateway.saved).toHaveLength(8)
  })

  it('ends after a flood of recipients, accepted ones or not', async () => {
    await using gateway = await startGateway({ recipientsMax: 3 })
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    await client.ask('MAIL FROM:<a@b.example>')
    for (let n = 0; n < 10_000; n++) client.write(`RCPT TO:<r${n}@mailtrigger.app>\r\n`)
    const counts = new Map<string, number>()
    for (let code = ''; code !== '421'; counts.set(code, (counts.get(code) ?? 0) + 1)) {
      code = (await client.reply()).slice(0, 3)
    }
    expect(Object.fromEntries(counts)).toEqual({ 250: 3, 452: 1_000, 421: 1 })
  })

  it('knows no commands before its greeting name, and no half ones', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    for (const line of ['MAIL FROM:<a@b.example>', 'RCPT TO:<a@b.example>', 'DATA', 'AUTH PLAIN AAA=']) {
      expect((await client.ask(line)).slice(0, 3), line).toMatch(/503|500/)
    }
    await client.ask('EHLO test')
    await client.ask('MAIL FROM:<a@b.example>')
    client.socket.end('RCPT TO:<ops@mailtrigger.app>')
    await client.closed
    await expect(client.reply()).rejects.toThrow()
  })

  it('takes line feeds for line ends of commands, and helps', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    client.write(
      'HELO cron\nMAIL FROM:<a@b.example>\nRCPT TO:<ops@mailtrigger.app>\nDATA\nSubject: x\n\nx\r\n.\r\nHELP\nQUIT\n',
    )
    const replies: string[] = []
    for (let n = 0; n < 7; n++) replies.push((await client.reply()).slice(0, 3))
    expect(replies).toEqual(['250', '250', '250', '354', '250', '214', '221'])
    expect(gateway.saved).toHaveLength(1)
  })

  it('keeps addresses in UTF-8, in the form that says the domain in letters', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO test')).toContain('SMTPUTF8')
    client.write(Buffer.from('MAIL FROM:<jõgeva@näide.example> SMTPUTF8\r\n'))
    client.write('RCPT TO:<ops@xn--nide-loa.example>\r\nDATA\r\nhello\r\n.\r\n')
    for (const code of ['250', '250', '354', '250']) expect((await client.reply()).slice(0, 3)).toBe(code)
    expect(gateway.saved[0]?.envelope).toMatchObject({ from: 'jõgeva@näide.example', to: ['ops@näide.example'] })
  })

  it('offers AUTH where a password is safe, and says what is missing elsewhere', async () => {
    const users = [plainUser('jenkins', 'secret')]
    const token = Buffer.from('\0jenkins\0secret').toString('base64')
    await using strict = await startGateway({ users, allow: [] })
    const one = await connectRaw(strict.port)
    expect(await one.ask('EHLO test')).not.toContain('AUTH')
    expect(await one.ask(`AUTH PLAIN ${token}`)).toBe('538 5.7.11 STARTTLS comes before AUTH here')
    await using loose = await startGateway({ users, allow: [], insecureAuth: true })
    const two = await connectRaw(loose.port)
    expect(await two.ask('EHLO test')).toContain('AUTH PLAIN LOGIN')
    expect(await two.ask(`AUTH PLAIN ${token}`)).toMatch(/^235/)
    await using nobody = await startGateway({ allow: [] })
    const three = await connectRaw(nobody.port)
    await three.ask('EHLO test')
    expect(await three.ask(`AUTH PLAIN ${token}`)).toMatch(/^500/)
  })
})
