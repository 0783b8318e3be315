import { describe, expect, it } from 'vitest'
import type { SenderLimits, SmtpUser } from '#src/domain/smtp-settings.js'
import { until } from '../stand-ins/until.js'
import { openSettings, plainUser } from './open-settings.js'
import { connectRaw, type RawClient } from './raw-client.js'
import { type Gateway, startGateway } from './smtp-fixture.js'

const free: SenderLimits = { connectionsMax: null, mails: null, mailsPerDayMax: null }
const anybody = { allow: ['0.0.0.0/0', '::/0'] }
const password = 'p"ä ss'
const jenkins = (more: Partial<SmtpUser> = {}): SmtpUser => ({ ...plainUser('jenkins', password), ...more })

function plain(name: string, secret = password): string {
  return `AUTH PLAIN ${Buffer.from(`\0${name}\0${secret}`).toString('base64')}`
}

async function greet(gateway: Gateway, localAddress = '127.0.0.1'): Promise<RawClient> {
  const client = await connectRaw(gateway.port, true, localAddress)
  await client.ask('EHLO test')
  return client
}

async function logIn(gateway: Gateway, name = 'jenkins'): Promise<RawClient> {
  const client = await greet(gateway)
  expect(await client.ask(plain(name))).toMatch(/^235/)
  return client
}

/** The replies to one mail, up to the first that refuses. */
async function send(client: RawClient, from = 'a@b.example', to = 'ops@x.example'): Promise<string> {
  let reply = ''
  for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', 'Subject: x\r\n\r\nx\r\n.']) {
    reply = await client.ask(line)
    if (!/^[23]/.test(reply)) return reply
  }
  return reply
}

describe('a user', () => {
  it('sends as whom it may, to whom it may, and hears why not', async () => {
    await using gateway = await startGateway({
      users: [jenkins({ senders: ['*@ci.example', 'boss@x.example'], recipients: ['*-ci@x.example', '*@y.example'] })],
      recipients: ['*@x.example'],
    })
    const client = await logIn(gateway)
    const replies: string[] = []
    for (const [from, to] of [
      ['Build@CI.example', 'team-ci@x.example'],
      ['boss@x.example', 'Team-CI@X.example'],
      ['build@elsewhere.example', 'team-ci@x.example'],
      ['', 'team-ci@x.example'],
      ['build@ci.example', 'boss@x.example'],
      ['build@ci.example', 'boss@y.example'],
    ] as const) {
      replies.push(await send(client, from, to))
      await client.ask('RSET')
    }
    expect(replies).toEqual([
      '250 2.6.0 stored as M1',
      '250 2.6.0 stored as M2',
      '553 5.7.1 user jenkins may not send as <build@elsewhere.example>',
      '553 5.7.1 user jenkins may not send as <>',
      '550 5.7.1 user jenkins may not write to boss@x.example',
      '550 5.1.1 boss@y.example is no recipient here',
    ])
    expect(gateway.rejections.map(({ reason, user }) => `${reason} ${user}`)).toEqual([
      'sender_not_allowed jenkins',
      'sender_not_allowed jenkins',
      'recipient_not_allowed jenkins',
      'unknown_recipient jenkins',
    ])
    // The same client, without having logged in, is bound by nothing of it.
    expect(await send(await greet(gateway), 'build@elsewhere.example', 'boss@x.example')).toMatch(/^250/)
  })

  it('has so many connections at a time, over all listeners', async () => {
    const limits = { ...free, connectionsMax: 2 }
    await using gateway = await startGateway({
      listen: [...openSettings.listen, ...openSettings.listen],
      users: [jenkins(), { ...plainUser('monit', password), limits: { connectionsMax: 1 } }],
      userLimits: limits,
    })
    const second = gateway.listener.addresses[1]?.port ?? 0
    const first = await logIn(gateway)
    const other = await connectRaw(second)
    await other.ask('EHLO test')
    expect(await other.ask(plain('jenkins'))).toMatch(/^235/)
    const third = await greet(gateway)
    expect(await third.ask(plain('jenkins'))).toBe('421 4.7.0 too many connections of user jenkins, try again later')
    await third.closed
    await logIn(gateway, 'monit')
    expect(await (await greet(gateway)).ask(plain('monit'))).toMatch(/^421/)
    await first.ask('QUIT')
    await first.closed
    await logIn(gateway)
    expect(gateway.rejections.map(({ reason, user }) => `${reason} ${user}`)).toEqual([
      'too_many_connections jenkins',
      'too_many_connections monit',
    ])
  })
})

describe('a rate', () => {
  const mails = { count: 3, perMs: 60_000 }

  it('of a user holds over its connections, and lets in again who waits', async () => {
    const clock = { now: 1_700_000_000_000 }
    await using gateway = await startGateway(
      {
        users: [jenkins(), { ...plainUser('monit', password), limits: { mails: null } }],
        userLimits: { ...free, mails },
      },
      { now: () => clock.now },
    )
    const clients = [await logIn(gateway), await logIn(gateway)] as const
    expect(await send(clients[0])).toMatch(/^250/)
    clock.now += 10_000
    expect(await send(clients[1])).toMatch(/^250/)
    // Neither a refused recipient nor RSET gives a mail back.
    await clients[1].ask('MAIL FROM:<a@b.example>')
    await clients[1].ask('RSET')
    for (const client of clients) {
      expect(await send(client)).toBe('451 4.7.1 too many mails from user jenkins, come again in 50 s')
    }
    const unlimited = await logIn(gateway, 'monit')
    for (let n = 0; n < 5; n++) expect(await send(unlimited)).toMatch(/^250/)
    clock.now += 50_000
    expect(await send(clients[0])).toMatch(/^250/)
    expect(await send(clients[0])).toMatch(/^451 4\.7\.1 .* 10 s$/)
    expect(new Set(gateway.rejections.map(({ reason }) => reason))).toEqual(new Set(['too_many_mails']))
  })

  it('of clients holds for each address that nobody knows, and for none that somebody does', async () => {
    await using gateway = await startGateway({
      allow: ['0.0.0.0/0', '127.0.0.3/32'],
      clientLimits: { ...free, mails },
    })
    for (const address of ['127.0.0.1', '127.0.0.2']) {
      const client = await greet(gateway, address)
      for (let n = 0; n < 3; n++) expect(await send(client)).toMatch(/^250/)
      expect(await send(client)).toBe(`451 4.7.1 too many mails from client ${address}, come again in 60 s`)
    }
    const known = await greet(gateway, '127.0.0.3')
    for (let n = 0; n < 9; n++) expect(await send(known)).toMatch(/^250/)
    expect(gateway.saved.map(({ countedAs }) => countedAs ?? null)).toEqual([
      ...Array.from({ length: 3 }, () => 'client/127.0.0.1'),
      ...Array.from({ length: 3 }, () => 'client/127.0.0.2'),
      ...Array.from({ length: 9 }, () => null),
    ])
  })
})

describe('a daily quota', () => {
  it('is never exceeded, however many mails come at once, and a mail that fails does not count', async () => {
    const failures = [new Error('disk'), null]
    await using gateway = await startGateway(
      { users: [jenkins({ limits: { mailsPerDayMax: 5 } })] },
      {
        known: [{ key: 'user/jenkins', count: 2 }],
        save: () => {
          const failure = failures.shift()
          return failure ? Promise.reject(failure) : Promise.resolve()
        },
      },
    )
    const client = await logIn(gateway)
    expect(await send(client)).toMatch(/^451 4\.3\.0/)
    expect(await send(client, 'a@b.example')).toMatch(/^250/)
    const many = await Promise.all(Array.from({ length: 6 }, () => logIn(gateway)))
    const replies = await Promise.all(many.map((one) => send(one)))
    expect(replies.filter((reply) => reply.startsWith('250'))).toHaveLength(2)
    expect(
      replies.filter((reply) => /^451 4\.7\.1 the daily quota of user jenkins is spent \(5\)/.test(reply)),
    ).toHaveLength(4)
    expect(gateway.saved).toHaveLength(3)
    expect(gateway.spent).toEqual([['user/jenkins', 5]])
  })

  it('gives back what a connection began and left', async () => {
    await using gateway = await startGateway({ users: [jenkins({ limits: { mailsPerDayMax: 1 } })] })
    const left = await logIn(gateway)
    expect(await left.ask('MAIL FROM:<a@b.example>')).toMatch(/^250/)
    const waiting = await logIn(gateway)
    expect(await send(waiting)).toMatch(/^451/)
    await left.ask('QUIT')
    await until(async () => (await send(waiting)).startsWith('250'), 'the mail is given back')
    expect(await send(waiting)).toMatch(/^451/)
  })

  it('goes on over a reload, with the limit that holds then', async () => {
    await using gateway = await startGateway({ users: [jenkins()] })
    const client = await logIn(gateway)
    for (let n = 0; n < 3; n++) expect(await send(client)).toMatch(/^250/)
    const settings = { ...openSettings, users: [jenkins({ limits: { mailsPerDayMax: 4 } })] }
    gateway.listener.update(settings, gateway.certificate)
    const later = await logIn(gateway)
    expect(await send(later)).toMatch(/^250/)
    expect(await send(later)).toMatch(/^451/)
    expect(await send(client)).toMatch(/^250/)
  })
})

describe('connections', () => {
  it('of one address are bounded, those of users not among them', async () => {
    await using gateway = await startGateway({
      ...anybody,
      insecureAuth: true,
      users: [jenkins()],
      clientLimits: { ...free, connectionsMax: 2 },
    })
    await logIn(gateway)
    await logIn(gateway)
    await greet(gateway)
    await greet(gateway)
    const third = await connectRaw(gateway.port, false)
    expect(await third.reply()).toBe('421 4.7.0 too many connections from 127.0.0.1, try again later')
    await third.closed
    expect(await send(await greet(gateway, '127.0.0.2'))).toMatch(/^250/)
  })

  it('keep the last tenth for those who are known', async () => {
    await using gateway = await startGateway({ allow: ['0.0.0.0/0', '127.0.0.2/32'], connectionsMax: 10 })
    for (let n = 0; n < 9; n++) await greet(gateway)
    const stranger = await connectRaw(gateway.port, false)
    expect(await stranger.reply()).toBe('421 4.7.0 too many connections, try again later')
    expect(await send(await greet(gateway, '127.0.0.2'))).toMatch(/^250/)
    const full = await connectRaw(gateway.port, false, '127.0.0.2')
    expect(await full.reply()).toMatch(/^421/)
  })

  it('beyond those that may hear why not are closed without a word', async () => {
    await using gateway = await startGateway({ connectionsMax: 2 }, { limits: { socketsSpare: 1 } })
    const held = [await greet(gateway), await greet(gateway)]
    const told = await connectRaw(gateway.port, false)
    expect(await told.reply()).toMatch(/^421/)
    const flood = await Promise.all(Array.from({ length: 20 }, () => connectRaw(gateway.port, false)))
    await Promise.all(flood.map((one) => one.closed))
    for (const one of held) one.socket.destroy()
    await Promise.all(held.map((one) => one.closed))
    await told.closed
    expect(await send(await greet(gateway))).toMatch(/^250/)
  })
})

describe('failed logins', () => {
  it('slow down one name of one client over all its connections', async () => {
    const clock = { now: 1_700_000_000_000 }
    await using gateway = await startGateway(
      { users: [jenkins(), plainUser('monit', password)] },
      { now: () => clock.now },
    )
    for (let n = 0; n < 5; n++) {
      const client = await greet(gateway)
      expect(await client.ask(plain('jenkins', `guess ${n}`))).toMatch(/^535/)
      client.socket.destroy()
    }
    const client = await greet(gateway)
    const words = '4.7.0 too many failed logins from 127.0.0.1, come again in 10 min'
    expect(await client.ask(plain('jenkins'))).toBe(`454 ${words}`)
    expect(await client.ask(plain('monit'))).toMatch(/^235/)
    const guesser = await greet(gateway)
    expect(await guesser.ask(plain('jenkins'))).toBe(`454 ${words}`)
    expect(await guesser.ask(plain('jenkins'))).toBe(`454 ${words}`)
    expect(await guesser.ask(plain('jenkins'))).toBe(`421 ${words}`)
    await guesser.closed
    clock.now += 600_000
    await logIn(gateway)
    expect(gateway.rejections.map(({ reason }) => reason)).toEqual([
      ...Array.from({ length: 5 }, () => 'bad_credentials'),
      ...Array.from({ length: 4 }, () => 'login_throttled'),
    ])
  })

  it('turn away a stranger who goes on guessing, and no other client', async () => {
    await using gateway = await startGateway({
      allow: ['0.0.0.0/0', '127.0.0.3/32'],
      insecureAuth: true,
      users: [jenkins()],
    })
    for (const address of ['127.0.0.1', '127.0.0.3']) {
      for (let n = 0; n < 20; n++) {
        const client = await greet(gateway, address)
        expect(await client.ask(plain(`guess ${n}`))).toMatch(/^535/)
        client.socket.destroy()
      }
    }
    const guesser = await connectRaw(gateway.port, false)
    expect(await guesser.reply()).toMatch(/^421 4\.7\.0 too many failed logins/)
    const other = await greet(gateway, '127.0.0.2')
    expect(await other.ask(plain('jenkins'))).toMatch(/^235/)
    // Who is known may still send, and is only not asked for passwords any more.
    const known = await greet(gateway, '127.0.0.3')
    expect(await known.ask(plain('jenkins'))).toMatch(/^454/)
    expect(await send(known)).toMatch(/^250/)
  })
})
