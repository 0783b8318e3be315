import { once } from 'node:events'
import { connect as connectNet } from 'node:net'
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls'
import { beforeAll, describe, expect, it } from 'vitest'
import { namesOf } from '#src/receive/client-certificate.js'
import { checkTls } from '#src/receive/tls.js'
import { plainUser } from './open-settings.js'
import { issue, makeAuthority, type Pair } from './pki.js'
import { connectRaw, type RawClient } from './raw-client.js'
import { type Gateway, startGateway, testCertificate } from './smtp-fixture.js'

let authority: Pair
let stranger: Pair
beforeAll(async () => {
  ;[authority, stranger] = await Promise.all([makeAuthority('Our CA'), makeAuthority('Another CA')])
})

/** Speaks SMTP over TLS, after STARTTLS where the port has it. */
async function connectSecurely(
  gateway: Gateway,
  way: 'starttls' | 'implicit',
  options: ConnectionOptions = {},
): Promise<{ socket: TLSSocket; ask: (line: string) => Promise<string>; close: () => void }> {
  const port = gateway.listener.addresses.find(({ tls }) => tls === way)?.port ?? 0
  const plain = way === 'starttls' ? await connectRaw(port) : null
  if (plain) {
    await plain.ask('EHLO test')
    await plain.ask('STARTTLS')
    plain.socket.removeAllListeners('data')
  }
  const socket = connectTls({
    socket: plain?.socket ?? connectNet({ host: '127.0.0.1', port }),
    rejectUnauthorized: false,
    ...options,
  })
  socket.setEncoding('latin1')
  await once(socket, 'secureConnect')
  if (way === 'implicit') await once(socket, 'data')
  const ask = async (line: string): Promise<string> => {
    socket.write(`${line}\r\n`)
    return String((await once(socket, 'data'))[0]).trim()
  }
  return { socket, ask, close: () => socket.destroy() }
}

const implicitTls = [{ host: '127.0.0.1', port: 0 }]

describe.each(['starttls', 'implicit'] as const)('TLS by %s', (way) => {
  it.each([
    ['TLSv1.2', 'TLSv1.1', false],
    ['TLSv1.2', 'TLSv1.2', true],
    ['TLSv1.2', 'TLSv1.3', true],
    ['TLSv1.3', 'TLSv1.2', false],
    ['TLSv1.3', 'TLSv1.3', true],
  ] as const)('with a floor of %s and a client of %s: %s', async (versionMin, version, isServed) => {
    await using gateway = await startGateway({ implicitTls, tls: { pair: null, versionMin, clientCa: null } })
    const options = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }
    const client = connectSecurely(gateway, way, options)
    if (!isServed) return expect(client).rejects.toThrow()
    const { socket, ask, close } = await client
    expect(socket.getProtocol()).toBe(version)
    expect(await ask('EHLO test')).toMatch(/^250/)
    close()
  })

  it.each([
    ['AES128-SHA', false],
    ['AES256-GCM-SHA384', false],
    ['ECDHE-ECDSA-AES128-SHA', true],
    ['ECDHE-ECDSA-CHACHA20-POLY1305', true],
  ])('with %s: %s, since there must be forward secrecy', async (ciphers, isServed) => {
    await using gateway = await startGateway({ implicitTls })
    const client = connectSecurely(gateway, way, { ciphers, maxVersion: 'TLSv1.2' })
    if (!isServed) return expect(client).rejects.toThrow()
    expect((await client).socket.getCipher().name).toBe(ciphers)
    ;(await client).close()
  })

  describe('with client certificates', () => {
    const users = [
      { ...plainUser('backup', 'x'), password: null, certificate: 'backup.corp.example' },
      { ...plainUser('jenkins', 'secret'), certificate: 'ci@corp.example' },
    ]
    const start = async (clientCa = authority.cert): Promise<Gateway> =>
      startGateway(
        { implicitTls, allow: [], users, tls: { pair: null, versionMin: 'TLSv1.2', clientCa: '/ca.pem' } },
        { tls: { ...(await testCertificate()), clientCa } },
      )

    it.each<[string, () => Promise<Pair>, string | null]>([
      ['the common name', () => issue(authority, 'Backup.Corp.Example'), 'backup'],
      ['a DNS name', () => issue(authority, 'host 7', { dns: 'backup.corp.example' }), 'backup'],
      ['a mail address', () => issue(authority, 'Jenkins', { mail: 'CI@corp.example' }), 'jenkins'],
      ['no name that stands for a user', () => issue(authority, 'else.corp.example'), null],
      ['the name, signed by somebody else', () => issue(stranger, 'backup.corp.example'), null],
      ['the name, and over', () => issue(authority, 'backup.corp.example', { notAfterDate: new Date(1e12) }), null],
      ['the name, of a server', () => issue(authority, 'backup.corp.example', { use: 'serverAuth' }), null],
    ])('%s: logs in %s', async (_name, make, user) => {
      await using gateway = await start()
      const { ask, close } = await connectSecurely(gateway, way, { ...(await make()) })
      const offer = await ask('EHLO test')
      expect(offer.includes('AUTH')).toBe(user === null)
      const reply = await ask('MAIL FROM:<a@b.example>')
      expect(reply).toMatch(user === null ? /^530/ : /^250/)
      if (user !== null) {
        await ask('RCPT TO:<ops@mailtrigger.app>')
        await ask('DATA')
        expect(await ask('hello\r\n.')).toMatch(/^250/)
        expect(gateway.saved[0]?.envelope).toMatchObject({ user, tls: true })
      }
      close()
    })

    it('none is served as without, and may log in by password', async () => {
      await using gateway = await start()
      const { ask, close } = await connectSecurely(gateway, way)
      await ask('EHLO test')
      expect(await ask(`AUTH PLAIN ${Buffer.from('\0backup\0x').toString('base64')}`)).toMatch(/^535/)
      expect(await ask(`AUTH PLAIN ${Buffer.from('\0jenkins\0secret').toString('base64')}`)).toMatch(/^235/)
      close()
    })

    it('counts the connections of the user', async () => {
      const limits = { connectionsMax: 1, mails: null, mailsPerDayMax: null }
      await using gateway = await startGateway(
        {
          implicitTls,
          allow: [],
          users,
          userLimits: limits,
          tls: { pair: null, versionMin: 'TLSv1.2', clientCa: '/ca.pem' },
        },
        { tls: { ...(await testCertificate()), clientCa: authority.cert } },
      )
      const pair = await issue(authority, 'backup.corp.example')
      const first = await connectSecurely(gateway, way, pair)
      if (way === 'starttls') await first.ask('EHLO test')
      const second = await connectSecurely(gateway, way, pair).catch(() => null)
      const heard = second && way === 'starttls' ? await second.ask('EHLO test').catch(() => '421') : '421'
      expect(heard).toMatch(/^421/)
      expect(gateway.rejections).toMatchObject([{ user: 'backup', reason: 'too_many_connections' }])
      first.close()
      second?.close()
    })

    it('a session that is taken up again is verified as well, against the authorities of now', async () => {
      await using gateway = await start()
      const pair = await issue(authority, 'backup.corp.example')
      const first = await connectSecurely(gateway, way, { ...pair, maxVersion: 'TLSv1.2' })
      await first.ask('EHLO test')
      const session = first.socket.getSession()
      first.close()
      if (!session) throw new Error('no session to take up')
      const again = await connectSecurely(gateway, way, { session, maxVersion: 'TLSv1.2' })
      expect(again.socket.isSessionReused()).toBe(true)
      await again.ask('EHLO test')
      expect(await again.ask('MAIL FROM:<a@b.example>')).toMatch(/^250/)
      again.close()
      gateway.listener.update(gateway.settings, { ...gateway.certificate, clientCa: stranger.cert })
      const late = await connectSecurely(gateway, way, { session, ...pair, maxVersion: 'TLSv1.2' })
      await late.ask('EHLO test')
      expect(await late.ask('MAIL FROM:<a@b.example>')).toMatch(/^530/)
      late.close()
    })
  })
})

describe('STARTTLS', () => {
  it.each([
    ['in the same packet', 'STARTTLS\r\nEHLO injected\r\nMAIL FROM:<evil@evil.test>\r\n'],
    ['many, across a yield of the parser', `STARTTLS\r\n${'NOOP\r\n'.repeat(2_000)}`],
    ['as half a line', 'STARTTLS\r\nMAIL FROM:<evil@evil'],
  ])('throws away what was sent in the clear: %s', async (_name, sent) => {
    await using gateway = await startGateway()
    const plain = await connectRaw(gateway.port)
    await plain.ask('EHLO test')
    await plain.ask('MAIL FROM:<plain@evil.test>')
    plain.write(sent)
    expect(await plain.reply()).toMatch(/^220/)
    plain.socket.removeAllListeners('data')
    const socket = connectTls({ socket: plain.socket, rejectUnauthorized: false })
    socket.setEncoding('latin1')
    await once(socket, 'secureConnect')
    socket.write('RCPT TO:<ops@mailtrigger.app>\r\n')
    expect(String((await once(socket, 'data'))[0])).toBe('503 Error: send HELO/EHLO first\r\n')
    socket.write('EHLO again\r\n')
    expect(String((await once(socket, 'data'))[0])).not.toContain('STARTTLS')
    socket.write('STARTTLS\r\n')
    expect(String((await once(socket, 'data'))[0])).toMatch(/^503/)
    socket.destroy()
  })

  it('takes no parameter', async () => {
    await using gateway = await startGateway()
    const client = await connectRaw(gateway.port)
    expect(await client.ask('STARTTLS now')).toMatch(/^501/)
  })

  it('and implicit TLS have a time for the handshake, however it trickles', async () => {
    await using gateway = await startGateway({ implicitTls }, { limits: { handshakeMs: 100 } })
    const clients: RawClient[] = []
    const plain = await connectRaw(gateway.port)
    await plain.ask('STARTTLS')
    clients.push(plain, await connectRaw(gateway.listener.addresses[1]?.port ?? 0, false))
    for (const client of clients) client.write(Uint8Array.of(0x16, 3, 1, 0, 200))
    const trickle = setInterval(() => clients.map(({ socket }) => socket.writable && socket.write('\x01')), 20)
    await Promise.all(clients.map(({ closed }) => closed))
    clearInterval(trickle)
  })

  it('has no more handshakes of a stranger at a time than connections are allowed', async () => {
    const clientLimits = { connectionsMax: 2, mails: null, mailsPerDayMax: null }
    await using gateway = await startGateway({ implicitTls, allow: [], clientLimits })
    const port = gateway.listener.addresses[1]?.port ?? 0
    const [one, two] = [await connectRaw(port, false), await connectRaw(port, false)]
    for (let n = 0; n < 5; n++) {
      const further = await connectRaw(port, false)
      await further.closed
    }
    one.socket.destroy()
    await one.closed
    const served = await connectSecurely(gateway, 'implicit')
    expect(await served.ask('NOOP')).toMatch(/^250/)
    served.close()
    two.socket.destroy()
  })
})

describe('checkTls', () => {
  it('says what cannot be used', async () => {
    const pair = await testCertificate()
    const other = await issue(authority, 'other')
    expect(checkTls(pair)).toBeNull()
    expect(checkTls({ ...pair, clientCa: `${authority.cert}\n${stranger.cert}` })).toBeNull()
    expect(checkTls({ ...pair, key: other.key })).toMatch(/not that of the certificate/)
    expect(checkTls({ ...pair, cert: '-----BEGIN CERT' })).toMatch(/cannot be read/)
    expect(checkTls({ ...pair, key: '' })).toMatch(/cannot be read/)
    expect(checkTls({ ...pair, clientCa: 'nothing' })).toMatch(/no certificate/)
    expect(checkTls({ ...pair, clientCa: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----' })).toMatch(
      /client_ca cannot be read/,
    )
  })
})

describe('namesOf', () => {
  it.each<[string, string | undefined, string[]]>([
    ['CN=A.Example\nO=Corp', 'DNS:b.example, email:C@d.example', ['a.example', 'b.example', 'c@d.example']],
    ['O=CN=no', undefined, []],
    ['', 'IP Address:10.0.0.1, URI:http://x.example, DNS:b.example', ['b.example']],
    ['', 'DNS:"evil, DNS:victim.example", DNS:b.example', ['b.example']],
    ['', 'DNS:"evil\\", DNS:victim.example"', []],
    ['', 'URI:"http://x/, DNS:victim.example, y"', []],
    ['', 'URI:x:y, DNS:b.example', ['b.example']],
  ])('of %j and %j are %j', (subject, subjectAltName, names) => {
    expect(namesOf({ subject, subjectAltName })).toEqual(names)
  })
})
