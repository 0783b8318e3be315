import { SMTPConnection } from 'smtp-server/lib/smtp-connection.js'
import { describe, expect, it, vi } from 'vitest'
import { MailRejected, StoreError } from '#src/domain/errors.js'
import { PromptConnection } from '#src/receive/prompt-connection.js'
import { startSmtp } from '#src/receive/smtp.js'
import { openSettings, plainUser } from './open-settings.js'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway, testCertificate } from './smtp-fixture.js'

describe('a mail', () => {
  it('is saved byte for byte, dot-unstuffed, with its envelope, before the 250', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO Host.Example')).toContain('SIZE 1000000')
    await client.ask('MAIL FROM:<Monit@Host.example> BODY=8BITMIME')
    await client.ask('RCPT TO:<Ops@MailTrigger.app>')
    await client.ask('RCPT TO:<ops@mailtrigger.app>')
    await client.ask('RCPT TO:<dev@mailtrigger.app>')
    await client.ask('DATA')
    client.write('Subject: caf\xe9\r\n\r\n..dot\r\nbare\nline \x00\r\n.\r\n')
    expect(await client.reply()).toBe('250 2.6.0 stored as M1')
    expect(gateway.saved).toHaveLength(1)
    const mail = gateway.saved[0]
    expect(mail?.envelope).toEqual({
      from: 'Monit@Host.example',
      to: ['ops@mailtrigger.app', 'dev@mailtrigger.app'],
      client: '127.0.0.1',
      helo: 'host.example',
      tls: false,
      user: null,
    })
    expect(mail?.receivedAt).toBe(1_700_000_000_000)
    expect(Buffer.from(mail?.raw ?? []).toString('latin1')).toBe('Subject: caf\xe9\r\n\r\n.dot\r\nbare\nline \x00\r\n')
    expect(mail?.raw.buffer.byteLength).toBe(mail?.raw.byteLength)
  })

  it('may come many times over one connection, from the null sender, pipelined', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    for (let round = 0; round < 5; round++) {
      client.write('MAIL FROM:<>\r\nRCPT TO:<ops@mailtrigger.app>\r\nDATA\r\n')
      expect(
        [await client.reply(), await client.reply(), await client.reply()].map((line) => line.slice(0, 3)),
      ).toEqual(['250', '250', '354'])
      expect(await client.ask(`round ${round}\r\n.`)).toMatch(/^250/)
    }
    expect(gateway.saved.map((mail) => mail.envelope.from)).toEqual(['', '', '', '', ''])
  })

  it('that ends mid-DATA is not received', async () => {
    await using gateway = await startGateway()
    for (const ending of ['end', 'resetAndDestroy'] as const) {
      const client = await connectRaw(gateway.port)
      await beginData(client)
      client.write('Subject: half\r\n\r\nhalf a mail\r\n')
      client.socket[ending]()
      await client.closed
    }
    const honest = await connectRaw(gateway.port)
    await beginData(honest)
    expect(await honest.ask('whole\r\n.')).toMatch(/^250/)
    expect(gateway.saved.map((mail) => Buffer.from(mail.raw).toString())).toEqual(['whole\r\n'])
  })

  it('survives a store that fails: the client hears 451 and may try again', async () => {
    const failures: (() => Promise<void>)[] = [
      () => Promise.reject(new StoreError('disk full: /var/secret/path')),
      () => new Promise(() => undefined),
      () => Promise.reject(new MailRejected(554, 'no_route', '5.7.1 no route')),
      () => Promise.resolve(),
    ]
    await using gateway = await startGateway(
      {},
      { save: () => failures.shift()?.() ?? Promise.resolve(), limits: { saveMs: 50 } },
    )
    const client = await connectRaw(gateway.port)
    const replies: string[] = []
    for (let round = 0; round < 4; round++) {
      await beginData(client)
      replies.push(await client.ask('hello\r\n.'))
    }
    expect(replies).toEqual([
      '451 4.3.0 cannot store the mail now, try again later',
      '451 4.3.0 cannot store the mail now, try again later',
      '554 5.7.1 no route',
      '250 2.6.0 stored as M4',
    ])
    expect(gateway.rejections.map(({ reason, code }) => [reason, code])).toEqual([
      ['not_stored', 451],
      ['not_stored', 451],
      ['no_route', 554],
    ])
    expect(gateway.logged.filter(({ level }) => level === 'error')).toHaveLength(2)
  })
})

describe('the greeting', () => {
  it('comes on the next turn of the event loop, not after the library’s 100 ms', async () => {
    expect(Object.hasOwn(PromptConnection.prototype, 'init')).toBe(true)
    expect(SMTPConnection.prototype.init.toString()).toContain('100')
    const timers = vi.spyOn(globalThis, 'setTimeout')
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    expect(timers.mock.calls.filter(([, delayMs]) => delayMs === 100)).toEqual([])
    timers.mockRestore()
    client.socket.destroy()
  })

  it('is withheld from a client that talks before it', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port, false)
    client.write('EHLO early\r\n')
    expect((await client.reply()).slice(0, 3)).toMatch(/220|421/)
    client.socket.destroy()
  })
})

describe('limits', () => {
  it('announces the size, refuses a declared and an undeclared excess with 552', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 1_000 })
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO test')).toMatch(/SIZE 1000(\n|$)/)
    expect(await client.ask('MAIL FROM:<a@b.example> SIZE=1001')).toMatch(/^552/)
    await beginData(client)
    expect(await client.ask(`${'x'.repeat(2_000)}\r\n.`)).toBe('552 5.3.4 the mail is larger than 1000 bytes')
    await beginData(client)
    expect(await client.ask(`${'x'.repeat(998)}\r\n.`)).toMatch(/^250/)
    expect(gateway.saved).toHaveLength(1)
    expect(gateway.rejections.map(({ reason }) => reason)).toEqual(['too_large', 'too_large'])
  })

  it('stops reading a mail that does not end', async () => {
    await using gateway = await startGateway({ sizeBytesMax: 1_000 }, { limits: { overrunBytesMax: 50_000 } })
    const client = await connectRaw(gateway.port)
    await beginData(client)
    const pour = (): void => {
      while (!client.socket.destroyed && client.socket.write('x'.repeat(9_998).concat('\r\n')));
    }
    client.socket.on('drain', pour)
    pour()
    expect(await client.reply()).toMatch(/^552/)
    await client.closed
    expect(gateway.saved).toEqual([])
  })

  it('bounds the recipients of a mail, not counting one named twice', async () => {
    await using gateway = await startGateway({ recipientsMax: 2 })
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    await client.ask('MAIL FROM:<a@b.example>')
    const replies: string[] = []
    for (const to of ['a@x.example', 'b@x.example', 'B@x.example', 'c@x.example']) {
      replies.push((await client.ask(`RCPT TO:<${to}>`)).slice(0, 3))
    }
    expect(replies).toEqual(['250', '250', '250', '452'])
    expect(gateway.rejections).toMatchObject([
      { reason: 'too_many_recipients', rcpt: 'c@x.example', from: 'a@b.example' },
    ])
  })

  it('bounds the connections, and serves again when one is gone', async () => {
    await using gateway = await startGateway({ connectionsMax: 2 })
    const first = await connectRaw(gateway.port)
    const second = await connectRaw(gateway.port)
    const third = await connectRaw(gateway.port, false)
    expect(await third.reply()).toMatch(/^421/)
    await third.closed
    await first.ask('QUIT')
    await first.closed
    const fourth = await connectRaw(gateway.port, false)
    expect(await fourth.reply()).toMatch(/^220 gateway\.test ESMTP MailTrigger/)
    expect(gateway.rejections).toMatchObject([{ reason: 'too_many_connections', code: 421, from: null }])
    second.socket.destroy()
    fourth.socket.destroy()
  })

  it('bounds the connections of one address that is not in `allow`', async () => {
    await using gateway = await startGateway({
      allow: [],
      clientLimits: { ...openSettings.clientLimits, connectionsMax: 1 },
    })
    const first = await connectRaw(gateway.port)
    const second = await connectRaw(gateway.port, false)
    expect(await second.reply()).toBe('421 4.7.0 too many connections from 127.0.0.1, try again later')
    await second.closed
    first.socket.destroy()
  })

  it('counts clients that come all at once, of which some are no sessions yet', async () => {
    await using gateway = await startGateway({
      allow: [],
      users: [plainUser('a', 'b')],
      clientLimits: { connectionsMax: 5, mails: null, mailsPerDayMax: null },
    })
    const clients = await Promise.all(Array.from({ length: 12 }, () => connectRaw(gateway.port, false)))
    const greetings = await Promise.all(clients.map((client) => client.reply()))
    const served = greetings.filter((greeting) => greeting.startsWith('220'))
    expect(served.length).toBeLessThanOrEqual(5)
    expect(greetings.filter((greeting) => greeting.startsWith('421'))).toHaveLength(12 - served.length)
    for (const { socket } of clients) socket.destroy()
    expect(gateway.logged).toEqual([])
  })

  it('refuses a mail that goes round in a loop', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    for (const [hops, code] of [
      [50, '250'],
      [51, '554'],
    ] as const) {
      await beginData(client)
      client.write('Received: from a by b;\r\n now\r\n'.repeat(hops))
      expect((await client.ask('Subject: loop\r\n\r\nReceived: not a header\r\n.')).slice(0, 3)).toBe(code)
    }
    expect(gateway.rejections).toMatchObject([{ reason: 'loop', code: 554, rcpt: 'ops@mailtrigger.app' }])
  })

  it('ends idle, overlong and endless sessions with 421', async () => {
    await using idle = await startGateway({}, { limits: { idleMs: 50 } })
    expect(await (await connectRaw(idle.port)).reply()).toMatch(/^421/)
    await using session = await startGateway({}, { limits: { sessionMs: 50 } })
    const overlong = await connectRaw(session.port)
    expect(await overlong.reply()).toBe('421 4.4.2 the session took too long')
    await overlong.closed
    await using data = await startGateway({}, { limits: { dataMs: 50 } })
    const endless = await connectRaw(data.port)
    await beginData(endless)
    expect(await endless.reply()).toMatch(/^421 4\.4\.2 DATA/)
    await endless.closed
    expect(data.saved).toEqual([])
  })

  it('bounds a command line, and has no wizards', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    for (const joke of [
      'WIZ x',
      'SHELL',
      'KILL',
      'VRFY ops',
      'XCLIENT ADDR=10.0.0.1',
      'XFORWARD ADDR=10.0.0.1',
      'AUTH PLAIN',
    ]) {
      expect(await client.ask(joke), joke).toMatch(/^5/)
    }
    client.write(`NOOP ${'x'.repeat(5_000)}\r\n`)
    expect(await client.reply()).toMatch(/^421/)
    await client.closed
  })
})

describe('who may send', () => {
  const stranger = { allow: [], users: [plainUser('jenkins', 'p"ä ss')] }

  it('a stranger is asked for AUTH at MAIL FROM, or turned away when there are no users', async () => {
    await using asking = await startGateway(stranger)
    const one = await connectRaw(asking.port)
    expect(await one.ask('EHLO test')).not.toContain('AUTH')
    expect(await one.ask('MAIL FROM:<a@b.example>')).toBe('530 5.7.0 STARTTLS, then AUTH is required before MAIL')
    await using closed = await startGateway({ allow: [] })
    const two = await connectRaw(closed.port)
    await two.ask('EHLO test')
    expect(await two.ask('MAIL FROM:<a@b.example>')).toBe('554 5.7.1 127.0.0.1 may not send here')
    expect(asking.rejections).toMatchObject([{ reason: 'auth_required', code: 530, from: 'a@b.example', rcpt: null }])
    expect(closed.rejections).toMatchObject([{ reason: 'not_allowed', code: 554 }])
  })

  it('only named recipients are accepted, when some are named', async () => {
    await using gateway = await startGateway({ recipients: ['*@MailTrigger.app', 'boss@corp.example'] })
    const client = await connectRaw(gateway.port)
    await client.ask('EHLO test')
    await client.ask('MAIL FROM:<a@b.example>')
    expect(await client.ask('RCPT TO:<Ops@mailtrigger.APP>')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<boss@corp.example>')).toMatch(/^250/)
    expect(await client.ask('RCPT TO:<x@elsewhere.example>')).toBe('550 5.1.1 x@elsewhere.example is no recipient here')
    expect(await client.ask('RCPT TO:<x%elsewhere.example@mailtrigger.app>')).toMatch(/^550/)
    expect(gateway.rejections.map(({ rcpt }) => rcpt)).toEqual([
      'x@elsewhere.example',
      'x%elsewhere.example@mailtrigger.app',
    ])
  })

  it('a wrong password is refused, the third one ends the session', async () => {
    await using gateway = await startGateway({ users: stranger.users })
    const client = await connectRaw(gateway.port)
    expect(await client.ask('EHLO test')).toContain('AUTH PLAIN LOGIN')
    const token = Buffer.from('\0jenkins\0hunter2').toString('base64')
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^535 5\.7\.8/)
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^535/)
    expect(await client.ask(`AUTH PLAIN ${token}`)).toMatch(/^421/)
    await client.closed
    expect(gateway.rejections.map(({ reason, user }) => [reason, user])).toEqual(
      Array.from({ length: 3 }, () => ['bad_credentials', 'jenkins']),
    )
    expect(JSON.stringify([gateway.rejections, gateway.logged])).not.toContain('hunter2')
  })
})

describe('the listener', () => {
  it('refuses to be an open door', async () => {
    const tls = await testCertificate()
    const start = startSmtp({
      settings: { ...openSettings, listen: [{ host: '0.0.0.0', port: 0 }] },
      hostname: 'gateway.test',
      tls,
      save: () => Promise.resolve(),
      onRejected: () => undefined,
      known: [],
      onQuotaSpent: async () => undefined,
      newId: () => 'M',
      now: () => 0,
      log: () => undefined,
      spoolFolder: '/nonexistent',
      isDiskFull: () => false,
    })
    await expect(start).rejects.toThrow(/0\.0\.0\.0:0.*\n {2}allow: .*\n {2}recipients: /s)
  })

  it('says which address it could not have, and keeps none', async () => {
    await using taken = await startGateway()
    await expect(
      startGateway({
        listen: [
          { host: '127.0.0.1', port: 0 },
          { host: '127.0.0.1', port: taken.port },
        ],
      }),
    ).rejects.toThrow(`cannot listen for SMTP on 127.0.0.1:${taken.port}`)
  })

  it('takes a new policy for new sessions only', async () => {
    await using gateway = await startGateway()
    const old = await connectRaw(gateway.port)
    await old.ask('EHLO test')
    gateway.listener.update({ ...openSettings, recipients: ['*@new.example'], sizeBytesMax: 77 }, gateway.certificate)
    await old.ask('MAIL FROM:<a@b.example>')
    expect(await old.ask('RCPT TO:<x@old.example>')).toMatch(/^250/)
    const fresh = await connectRaw(gateway.port)
    expect(await fresh.ask('EHLO test')).toMatch(/SIZE 77/)
    await fresh.ask('MAIL FROM:<a@b.example>')
    expect(await fresh.ask('RCPT TO:<x@old.example>')).toMatch(/^550/)
  })

  it('keeps its policy when an update is refused', async () => {
    await using gateway = await startGateway()
    const next = { ...openSettings, recipients: [] }
    const unusable = { cert: 'not a certificate', key: 'nor a key', clientCa: null }
    expect(() => gateway.listener.update(next, unusable)).toThrow('cannot be read')
    const client = await connectRaw(gateway.port)
    await beginData(client)
    expect(await client.ask('x\r\n.')).toMatch(/^250/)
  })

  it('stops: 421 to idle sessions, DATA in progress ends with 250', async () => {
    const gateway = await startGateway()
    const idle = await connectRaw(gateway.port)
    const busy = await connectRaw(gateway.port)
    await beginData(busy)
    busy.write('first half\r\n')
    const stopped = gateway.listener.stop()
    expect(await idle.reply()).toBe('421 4.3.2 shutting down')
    busy.write('second half\r\n.\r\n')
    expect(await busy.reply()).toMatch(/^250/)
    expect(await busy.reply()).toMatch(/^421/)
    await stopped
    expect(gateway.saved).toHaveLength(1)
    await expect(connectRaw(gateway.port)).rejects.toThrow()
  })

  it('stops in spite of a client that never ends its mail', async () => {
    const gateway = await startGateway({}, { limits: { stopMs: 50 } })
    const busy = await connectRaw(gateway.port)
    await beginData(busy)
    await gateway.listener.stop()
    expect(await busy.reply()).toMatch(/^421/)
    expect(gateway.saved).toEqual([])
    busy.socket.destroy()
  })
})
