import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import { generate } from 'selfsigned'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { email } from '#src/channels/email.js'
import { mqtt } from '#src/channels/mqtt.js'
import { openSocket } from '#src/channels/open-socket.js'
import type { ChannelKind, Outcome } from '#src/domain/channel.js'
import type { NetworkPolicy } from '#src/domain/config.js'
import { OutboundError } from '#src/domain/errors.js'
import type { Lookup } from '#src/outbound/allowed-addresses.js'
import { createOutbound, type Outbound } from '#src/outbound/client.js'
import { email as emailVendor } from '../stand-ins/vendors/email.js'
import { mqtt as mqttVendor } from '../stand-ins/vendors/mqtt.js'
import { startVendor } from '../stand-ins/vendors/vendor.js'
import { makeContext, makeMessage } from './context.js'

const closed: NetworkPolicy = { denyPrivate: true, allow: [], deny: [] }
const open: NetworkPolicy = { denyPrivate: false, allow: [], deny: [] }

let outbound: Outbound
afterEach(() => outbound.close())

function openWith(policy: NetworkPolicy, lookup?: Lookup): Outbound {
  outbound = createOutbound({ policy, userAgent: 'mailtrigger/test', ...(lookup ? { lookup } : {}) })
  return outbound
}

const resolveTo =
  (...addresses: string[]): Lookup =>
  (_host, _options, callback) =>
    setImmediate(() =>
      callback(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      ),
    )

/** The same settings with the host under another name. */
const renamed: Record<string, (settings: Record<string, unknown>, host: string) => Record<string, unknown>> = {
  email: (settings, host) => ({ ...settings, host }),
  mqtt: (settings, host) => ({ ...settings, url: String(settings.url).replace('127.0.0.1', host) }),
}

const ways = [
  ['email', email, emailVendor],
  ['mqtt', mqtt, mqttVendor],
] as const

describe.each(ways)('%s', (name, kind: ChannelKind, vendor) => {
  let running: Awaited<ReturnType<typeof startVendor>>
  beforeEach(async () => {
    running = await startVendor(vendor)
  })
  afterEach(() => running.stop())

  const send = (host: string): Promise<Outcome> => {
    const settings = kind.settings.parse(renamed[name]?.(running.settings, host))
    return kind.send(makeMessage(), vendor.address, settings, makeContext(outbound))
  }

  test('is not sent to a private address when those are denied', async () => {
    openWith(closed)
    const outcome = await send('127.0.0.1')
    expect(outcome).toMatchObject({ kind: 'permanent', scope: 'channel', text: expect.stringContaining('private') })
    openWith(closed, resolveTo('127.0.0.1'))
    expect(await send('inside.example')).toMatchObject({ kind: 'permanent', scope: 'channel' })
    expect(await running.shown()).toEqual([])
  })

  test('is never sent to a metadata service', async () => {
    openWith(open, resolveTo('169.254.169.254'))
    const outcome = await send('inside.example')
    expect(outcome).toMatchObject({ kind: 'permanent', text: expect.stringContaining('metadata') })
  })

  test('is sent to what is named in network.allow', async () => {
    openWith({ ...closed, allow: ['inside.example'] }, resolveTo('127.0.0.1'))
    expect(await send('inside.example')).toMatchObject({ kind: 'accepted' })
    await expect.poll(async () => (await running.shown()).length).toBe(1)
  })

  test('connects to the address that was checked, though the name resolves to another afterwards', async () => {
    const answers = ['127.0.0.1', '169.254.169.254']
    const asked: string[] = []
    openWith(open, (host, options, callback) => {
      asked.push(host)
      resolveTo(answers[asked.length - 1] ?? '')(host, options, callback)
    })
    expect(await send('rebind.example')).toMatchObject({ kind: 'accepted' })
    expect(asked).toEqual(['rebind.example'])
    expect(await send('rebind.example')).toMatchObject({ kind: 'permanent' })
  })

  test('is worth another attempt when the name does not resolve', async () => {
    openWith(open, (_host, _options, callback) => callback(Object.assign(new Error('x'), { code: 'ENOTFOUND' }), []))
    expect(await send('nowhere.example')).toMatchObject({ kind: 'transient', waitScope: 'delivery' })
  })
})

test.each([
  ['email', email, (port: number) => ({ host: 'inside.example', port, secure: true })],
  ['mqtt', mqtt, (port: number) => ({ url: `mqtts://inside.example:${port}` })],
] as const)(
  '%s asks the address that was checked for the certificate of the name',
  async (_, kind: ChannelKind, at) => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'inside.example' }])
    const asked: string[] = []
    const SNICallback = (name: string, done: (error: null) => void) => {
      asked.push(name)
      done(null)
    }
    const server = createTlsServer({ key, cert, SNICallback }, (socket) => socket.on('error', () => {}).destroy())
    server.on('tlsClientError', () => {}).listen(0, '127.0.0.1')
    await once(server, 'listening')
    openWith(open, resolveTo('127.0.0.1'))
    const settings = kind.settings.parse(at((server.address() as AddressInfo).port))
    const outcome = await kind.send(makeMessage(), 'tim@mailtrigger.app', settings, makeContext(outbound))
    expect(outcome).toMatchObject({ kind: 'transient', text: expect.stringMatching(/self.signed/i) })
    expect(asked).toEqual(['inside.example'])
    server.close()
  },
)

describe('a socket', () => {
  let server: Server
  beforeEach(async () => {
    server = createServer((socket) => socket.on('error', () => {}).end('hello'))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => void server.close())
  const port = () => (server.address() as AddressInfo).port
  const parts = (signal = new AbortController().signal) => ({ resolveHost: outbound.resolveHost, signal })

  test('is opened to the next address when one refuses', async () => {
    openWith(open, resolveTo('127.0.0.2', '127.0.0.1'))
    const socket = await openSocket('both.example', port(), parts())
    expect(socket.remoteAddress).toBe('127.0.0.1')
    socket.destroy()
  })

  test('says which addresses refused, and that the attempt was ended', async () => {
    openWith(open, resolveTo('127.0.0.2', '127.0.0.3'))
    const refused = openSocket('both.example', port(), parts())
    await expect(refused).rejects.toThrow(/both\.example.*127\.0\.0\.2.*127\.0\.0\.3/)
    await expect(refused).rejects.toBeInstanceOf(OutboundError)
    const ended = openSocket('both.example', port(), parts(AbortSignal.abort()))
    await expect(ended).rejects.toMatchObject({ kind: 'aborted', phase: 'before' })
  })

  test('takes an IPv6 address in brackets', async () => {
    openWith(closed)
    await expect(openSocket('[::1]', port(), parts())).rejects.toMatchObject({ kind: 'policy' })
  })
})
