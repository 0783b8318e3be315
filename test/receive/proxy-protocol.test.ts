import { once } from 'node:events'
import { connect as connectNet } from 'node:net'
import { connect as connectTls } from 'node:tls'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readProxyHeader } from '#src/receive/proxy-protocol.js'
import { until } from '../stand-ins/until.js'
import { plainUser } from './open-settings.js'
import { beginData, connectRaw } from './raw-client.js'
import { startGateway } from './smtp-fixture.js'

const signature = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1')

/** Version 2, with what the proxy puts after the fixed part. */
function binary(verCmd: number, famProto: number, body: Buffer, claimedBytes = body.length): Buffer {
  const fixed = Buffer.from([verCmd, famProto, claimedBytes >> 8, claimedBytes & 255])
  return Buffer.concat([signature, fixed, body])
}

const ipv4 = Buffer.from([192, 0, 2, 7, 10, 0, 0, 1, 0x1f, 0x90, 0, 25])
const ipv6 = Buffer.from(
  '20010db8000000000000000000000007' + '20010db8000000000000000000000001' + '1f90' + '0019',
  'hex',
)
const mapped = Buffer.from(`00000000000000000000ffffc0000207${'0'.repeat(32)}1f900019`, 'hex')
const tlv = Buffer.from([4, 0, 3, 1, 2, 3])

describe('readProxyHeader', () => {
  const client = { address: '192.0.2.7', port: 8080 }
  it.each<[string, Buffer, unknown]>([
    ['TCP4', Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 8080 25\r\nrest'), client],
    ['TCP6', Buffer.from('PROXY TCP6 2001:DB8:0::7 2001:db8::1 8080 25\r\n'), { address: '2001:db8::7', port: 8080 }],
    ['IPv4 in TCP6', Buffer.from('PROXY TCP6 ::ffff:192.0.2.7 ::1 8080 25\r\n'), client],
    ['IPv4 in TCP6, in hex', Buffer.from('PROXY TCP6 ::FFFF:c000:207 ::1 8080 25\r\n'), client],
    ['UNKNOWN', Buffer.from('PROXY UNKNOWN\r\n'), null],
    ['UNKNOWN with anything', Buffer.from('PROXY UNKNOWN ffff::1 what ever 1 2\r\n'), null],
    ['v2 TCP over IPv4', binary(0x21, 0x11, ipv4), client],
    ['v2 TCP over IPv4 with a TLV', binary(0x21, 0x11, Buffer.concat([ipv4, tlv])), client],
    ['v2 TCP over IPv6', binary(0x21, 0x21, ipv6), { address: '2001:db8::7', port: 8080 }],
    ['v2 IPv4 as IPv6', binary(0x21, 0x21, mapped), client],
    ['v2 LOCAL', binary(0x20, 0x00, Buffer.alloc(0)), null],
    ['v2 LOCAL with an address that means nothing', binary(0x20, 0x11, ipv4), null],
    ['v2 UNSPEC', binary(0x21, 0x00, tlv), null],
    ['v2 over a Unix socket', binary(0x21, 0x31, Buffer.alloc(216)), null],
  ])('reads %s', (_name, bytes, expected) => {
    const header = readProxyHeader(Buffer.concat([bytes, Buffer.from('EHLO x\r\n')]))
    const restFrom = bytes.includes('rest') ? bytes.length - 4 : bytes.length
    expect(header).toEqual({ kind: 'read', client: expected, restFrom })
  })

  it.each<[string, Buffer | string]>([
    ['an SMTP client', 'EHLO x\r\n'],
    ['another case', 'proxy TCP4 192.0.2.7 10.0.0.1 1 2\r\n'],
    ['another family', 'PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n'],
    ['no family', 'PROXY \r\n'],
    ['an address of the other family', 'PROXY TCP4 ::1 ::1 1 2\r\n'],
    ['a name', 'PROXY TCP4 localhost 10.0.0.1 1 2\r\n'],
    ['a short address', 'PROXY TCP4 192.0.2 10.0.0.1 1 2\r\n'],
    ['a leading zero', 'PROXY TCP4 192.0.2.7 10.0.0.1 01 2\r\n'],
    ['a port too large', 'PROXY TCP4 192.0.2.7 10.0.0.1 65536 2\r\n'],
    ['no port', 'PROXY TCP4 192.0.2.7 10.0.0.1\r\n'],
    ['two spaces', 'PROXY TCP4  192.0.2.7 10.0.0.1 1 2\r\n'],
    ['a word more', 'PROXY TCP4 192.0.2.7 10.0.0.1 1 2 3\r\n'],
    ['a bare line feed', 'PROXY TCP4 192.0.2.7 10.0.0.1 1 2\n'.padEnd(107, 'x')],
    ['a line without an end', 'PROXY UNKNOWN '.padEnd(107, 'x')],
    ['version 1 in binary', binary(0x11, 0x11, ipv4)],
    ['another command', binary(0x22, 0x11, ipv4)],
    ['another family', binary(0x21, 0x41, ipv4)],
    ['UDP', binary(0x21, 0x12, ipv4)],
    ['no room for the addresses', binary(0x21, 0x11, ipv4.subarray(0, 11))],
    ['no room for IPv6 addresses', binary(0x21, 0x21, ipv4)],
    ['more than 536 bytes', binary(0x21, 0x11, ipv4, 521)],
  ])('refuses %s', (_name, bytes) => {
    expect(readProxyHeader(Buffer.from(bytes))).toMatchObject({ kind: 'refused' })
  })

  const headers = fc.oneof(
    fc.constantFrom(
      Buffer.from('PROXY TCP4 192.0.2.7 10.0.0.1 8080 25\r\n'),
      Buffer.from('PROXY TCP6 ::1 ::1 1 65535\r\n'),
      Buffer.from('PROXY UNKNOWN\r\n'),
      binary(0x21, 0x11, Buffer.concat([ipv4, tlv])),
      binary(0x21, 0x21, ipv6),
      binary(0x20, 0x00, Buffer.alloc(0)),
    ),
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.concat([signature, Buffer.from(bytes)])),
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([Buffer.from('PROXY '), Buffer.from(bytes)])),
  )

  it('says the same for any bytes however they come, asks for no more than it needs, and never throws', () => {
    fc.assert(
      fc.property(headers, fc.nat(), (bytes, flip) => {
        const changed = Buffer.from(bytes)
        if (changed.length > 0 && flip % 3 === 0) changed[flip % changed.length] = flip & 255
        const whole = readProxyHeader(changed)
        for (let length = 0; length <= changed.length; length++) {
          const header = readProxyHeader(changed.subarray(0, length))
          if (header.kind !== 'more') {
            expect(header).toEqual(whole)
            break
          }
        }
        if (changed.length >= 536) expect(whole.kind).not.toBe('more')
        if (whole.kind === 'read') expect(whole.restFrom).toBeLessThanOrEqual(Math.min(536, changed.length))
      }),
      { numRuns: 500 },
    )
  })
})

describe('a proxy', () => {
  const behind = { proxyProtocol: ['127.0.0.0/8'], allow: ['192.0.2.0/24'] }
  const v1 = 'PROXY TCP4 192.0.2.7 10.0.0.1 8080 25\r\n'

  it.each([
    ['version 1', Buffer.from(v1)],
    ['version 2', binary(0x21, 0x11, ipv4)],
  ])('says by %s for whom it calls, and the client counts, not the proxy', async (_name, header) => {
    await using gateway = await startGateway(behind)
    const client = await connectRaw(gateway.port, false)
    for (const byte of header) {
      client.write(Uint8Array.of(byte))
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await client.reply()).toMatch(/^220/)
    await beginData(client)
    expect(await client.ask('hello\r\n.')).toMatch(/^250/)
    expect(gateway.saved[0]?.envelope.client).toBe('192.0.2.7')
  })

  it('calls for somebody who may not send, who is the one to be refused', async () => {
    await using gateway = await startGateway(behind)
    const client = await connectRaw(gateway.port, false)
    client.write('PROXY TCP4 198.51.100.9 10.0.0.1 8080 25\r\n')
    expect(await client.reply()).toMatch(/^220/)
    await client.ask('EHLO x')
    expect(await client.ask('MAIL FROM:<a@b.example>')).toBe('554 5.7.1 198.51.100.9 may not send here')
    expect(gateway.rejections).toMatchObject([{ client: '198.51.100.9', reason: 'not_allowed' }])
  })

  it('of version 2 may greet together with the client, before TLS as well', async () => {
    await using gateway = await startGateway({ ...behind, implicitTls: [{ host: '127.0.0.1', port: 0 }] })
    const port = gateway.listener.addresses[1]?.port ?? 0
    const socket = connectNet({ host: '127.0.0.1', port })
    await once(socket, 'connect')
    socket.write(binary(0x21, 0x11, ipv4))
    const secure = connectTls({ socket, rejectUnauthorized: false })
    secure.setEncoding('latin1')
    expect((await once(secure, 'data'))[0]).toMatch(/^220/)
    secure.write('EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n')
    secure.write('hello\r\n.\r\n')
    await until(() => gateway.saved.length === 1, 'the mail is there')
    expect(gateway.saved[0]?.envelope).toMatchObject({ client: '192.0.2.7', tls: true })
    secure.destroy()
  })

  it('that does not say it is refused, and passes for nobody', async () => {
    await using gateway = await startGateway({ ...behind, allow: ['127.0.0.0/8'] })
    const mute = await connectRaw(gateway.port, false)
    mute.write('EHLO x\r\n')
    await mute.closed
    await expect(mute.reply()).rejects.toThrow()
    expect(gateway.rejections).toMatchObject([
      { client: '127.0.0.1', reason: 'no_proxy_header', message: expect.stringContaining('PROXY header') },
    ])
  })

  it('that begins and does not go on is cut off, however slowly it trickles', async () => {
    await using gateway = await startGateway(behind, { limits: { handshakeMs: 100 } })
    const slow = await connectRaw(gateway.port, false)
    slow.write('PROXY TCP4')
    const trickle = setInterval(() => slow.write(' '), 20)
    await slow.closed
    clearInterval(trickle)
    const silent = await connectRaw(gateway.port, false)
    await silent.closed
    expect(gateway.saved).toEqual([])
  })

  it('that only looks whether we are there, or calls for itself, is served as itself', async () => {
    await using gateway = await startGateway({ ...behind, allow: [], users: [plainUser('a', 'b')] })
    const look = await connectRaw(gateway.port, false)
    look.socket.end()
    await look.closed
    const check = await connectRaw(gateway.port, false)
    check.write(binary(0x20, 0x00, Buffer.alloc(0)))
    expect(await check.reply()).toMatch(/^220/)
    await check.ask('EHLO health')
    expect(await check.ask('MAIL FROM:<a@b.example>')).toMatch(/^530/)
    expect(gateway.rejections).toMatchObject([{ client: '127.0.0.1', reason: 'auth_required' }])
  })

  it('counts the connections of a client, not its own', async () => {
    await using gateway = await startGateway({
      ...behind,
      clientLimits: { connectionsMax: 1, mails: null, mailsPerDayMax: null },
    })
    const open = async (client: string) => {
      const socket = await connectRaw(gateway.port, false)
      socket.write(`PROXY TCP4 ${client} 10.0.0.1 8080 25\r\n`)
      return { socket, greeting: await socket.reply() }
    }
    const first = await open('198.51.100.1')
    const second = await open('198.51.100.1')
    const other = await open('198.51.100.2')
    expect([first, second, other].map(({ greeting }) => greeting.slice(0, 3))).toEqual(['220', '421', '220'])
    for (const { socket } of [first, other]) socket.socket.destroy()
  })

  it('is nobody whom the settings do not name', async () => {
    await using gateway = await startGateway({ proxyProtocol: ['10.0.0.0/8'] })
    const client = await connectRaw(gateway.port)
    expect(await client.ask(v1.trim())).toMatch(/^500/)
    const early = await connectRaw(gateway.port)
    early.write(binary(0x21, 0x11, ipv4))
    expect(await early.reply()).toMatch(/^[45]/)
    client.socket.destroy()
    early.socket.destroy()
  })
})
