import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import mqttLibrary from 'mqtt'
import { generate } from 'selfsigned'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { mqtt } from '#src/channels/mqtt.js'
import type { ChannelContext, Outcome } from '#src/domain/channel.js'
import type { Outbound } from '#src/outbound/client.js'
import { lowUser, type RealServer, startRealServer, versionOf } from '../stand-ins/real-server.js'
import { mqtt as vendor } from '../stand-ins/vendors/mqtt.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
beforeAll(() => {
  outbound = openOutbound()
})
afterAll(() => outbound.close())

type Verb = 'send' | 'resolve' | 'update'

async function perform(
  settings: Record<string, unknown>,
  changes: Partial<ChannelContext> = {},
  verb: Verb = 'send',
  address = 'alerts/tim',
): Promise<Outcome> {
  const outcome = await mqtt[verb]?.(
    makeMessage(),
    address,
    mqtt.settings.parse(settings),
    makeContext(outbound, changes),
  )
  if (outcome === undefined) throw new Error(`mqtt has no ${verb}`)
  expect(JSON.stringify(outcome)).not.toContain('CANARY')
  return outcome
}

test.each([
  ['a wildcard', { url: 'mqtt://a', topic: 'a/#' }],
  ['the broker’s own topics', { url: 'mqtt://a', topic: '$SYS/x' }],
  ['another protocol', { url: 'http://a' }],
  ['a password in the URL', { url: 'mqtt://u:p@a' }],
  ['a password without a user', { url: 'mqtt://a', password: 'p' }],
])('refuses %s', (_, settings) => {
  expect(mqtt.settings.safeParse(settings).success).toBe(false)
})

test('without the optional package it says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'mailtrigger-mqtt-'))
  const copy = join(folder, 'mqtt-publish.mjs')
  await copyFile('dist/channels/mqtt-publish.js', copy)
  const script = `
    const { publishMqtt } = await import(${JSON.stringify(copy)})
    console.log(JSON.stringify(await publishMqtt({}, {}, () => {}, new AbortController().signal)))
  `
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
    encoding: 'utf8',
  })
  expect(JSON.parse(stdout)).toEqual({
    ok: false,
    stage: 'library',
    code: null,
    text: 'the package mqtt is not installed',
  })
  await rm(folder, { recursive: true })
})

describe('with a broker that knows its users', () => {
  let running: Awaited<ReturnType<typeof vendor.start>>
  beforeEach(async () => {
    running = await vendor.start()
  })
  afterEach(() => running.stop())

  test.each([0, 1, 2])('it has what was sent with QoS %i', async (qos) => {
    const outcome = await perform({ ...running.settings, qos })
    expect(outcome).toMatchObject({ kind: 'accepted', remote: { topic: 'alerts/tim' } })
    // Without a receipt the message may still be on its way when the channel is done.
    await expect.poll(async () => (await running.shown()).length).toBe(1)
  })

  test('the channel’s own topic comes before people’s', async () => {
    const outcome = await perform({ ...running.settings, topic: 'alerts/ops' })
    expect(outcome).toMatchObject({ remote: { topic: 'alerts/ops' } })
    expect(mqtt.destination(mqtt.settings.parse({ ...running.settings, topic: 'alerts/ops' }))).toBe('alerts/ops')
  })

  test('a wrong password is about the channel', async () => {
    const outcome = await perform({ ...running.settings, password: 'CANARY-wrong' })
    expect(outcome).toMatchObject({ kind: 'permanent', scope: 'channel', statusCode: 5 })
  })

  test('a broker that hangs up for an answer may have the message', async () => {
    expect((await perform(running.settings, {}, 'send', 'other/tim')).kind).toBe('unknown')
  })
})

describe('with a server that is none', () => {
  let server: Server
  let onConnection: (socket: Socket) => void
  beforeEach(async () => {
    server = createServer((socket) => onConnection(socket.on('error', () => {})))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterEach(() => void server.close())
  const settings = () => ({ url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` })
  const notSent = { kind: 'transient', waitScope: 'delivery' }

  test('one that hangs up has nothing', async () => {
    onConnection = (socket) => socket.destroy()
    expect(await perform(settings())).toMatchObject(notSent)
  })

  test('one that speaks something else has nothing', async () => {
    onConnection = (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    expect(await perform(settings())).toMatchObject(notSent)
  })

  test('one that says nothing is left when the attempt ends', async () => {
    const stop = new AbortController()
    onConnection = () => stop.abort()
    expect(await perform(settings(), { signal: stop.signal })).toMatchObject(notSent)
  })

  test('one that does not receipt the message may have it', async () => {
    const stop = new AbortController()
    // CONNACK; what comes after CONNECT is the message.
    onConnection = (socket) => {
      socket.once('data', () => socket.once('data', () => stop.abort()).write(Buffer.from([0x20, 2, 0, 0])))
    }
    expect((await perform(settings(), { signal: stop.signal })).kind).toBe('unknown')
  })

  test('nobody at the port has nothing', async () => {
    const given = settings()
    server.close()
    await once(server, 'close')
    expect(await perform(given)).toMatchObject(notSent)
  })
})

const version = versionOf('mosquitto', '-h')

describe.skipIf(version === null)(`with a real broker (${version ?? 'mosquitto is not installed'})`, () => {
  let broker: RealServer
  let certificate: string
  beforeAll(async () => {
    const { private: key, cert } = await generate([{ name: 'commonName', value: 'localhost' }], {
      extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
    })
    certificate = cert
    broker = await startRealServer('mosquitto', 2, async (folder, [plain, tls]) => {
      const file = async (name: string, content: string) => {
        await writeFile(join(folder, name), content)
        await chmod(join(folder, name), 0o644)
        return join(folder, name)
      }
      spawnSync('mosquitto_passwd', ['-b', '-c', join(folder, 'users'), 'gateway', 'CANARY-password'])
      await chmod(join(folder, 'users'), 0o644)
      const files = { cert: await file('cert.pem', cert), key: await file('key.pem', key) }
      const lines = [
        'allow_anonymous false',
        `password_file ${join(folder, 'users')}`,
        `acl_file ${await file('acl', 'user gateway\ntopic readwrite alerts/#\n')}`,
        `listener ${plain} 127.0.0.1`,
        `listener ${tls} 127.0.0.1`,
        `certfile ${files.cert}`,
        `keyfile ${files.key}`,
      ]
      return ['-c', await file('mosquitto.conf', `${lines.join('\n')}\n`)]
    })
  })
  afterAll(() => broker.stop())

  const login = { username: 'gateway', password: 'CANARY-password' }
  const settings = (changes: Record<string, unknown> = {}) => {
    return { url: `mqtt://127.0.0.1:${broker.ports[0]}`, ...login, ...changes }
  }

  test.each([4, 5] as const)(
    'a subscriber gets alert, acknowledgement and end (version %i)',
    async (protocolVersion) => {
      const listener = await mqttLibrary.connectAsync(settings().url, { ...login, protocolVersion })
      const heard: unknown[] = []
      listener.on('message', (topic, payload) => heard.push([topic, JSON.parse(String(payload)).type]))
      await listener.subscribeAsync('alerts/#', { qos: 1 })
      for (const verb of ['send', 'update', 'resolve'] as const) {
        expect(await perform(settings({ version: protocolVersion }), {}, verb)).toMatchObject({ kind: 'accepted' })
      }
      await expect
        .poll(() => heard)
        .toEqual([
          ['alerts/tim', 'notification'],
          ['alerts/tim', 'notification.acknowledged'],
          ['alerts/tim', 'notification.resolved'],
        ])
      await listener.endAsync()
    },
  )

  test('who comes later finds the message that was to be kept', async () => {
    await perform(settings({ retain: true }), {}, 'send', 'alerts/kept')
    const listener = await mqttLibrary.connectAsync(settings().url, login)
    const heard = new Promise<string>((resolve) => listener.once('message', (topic) => resolve(topic)))
    await listener.subscribeAsync('alerts/kept')
    expect(await heard).toBe('alerts/kept')
    await listener.endAsync()
  })

  test('over TLS a certificate has to be known', async () => {
    const url = `mqtts://localhost:${broker.ports[1]}`
    expect((await perform(settings({ url, ca: certificate }))).kind).toBe('accepted')
    expect((await perform(settings({ url, tls_verify: false }))).kind).toBe('accepted')
    expect(await perform(settings({ url }))).toMatchObject({
      kind: 'transient',
      text: expect.stringMatching(/^MQTT: /),
    })
  })

  test.each([
    [4, 5],
    [5, 135],
  ])('a wrong password is about the channel (version %i)', async (protocolVersion, statusCode) => {
    const outcome = await perform(settings({ version: protocolVersion, password: 'CANARY-wrong' }))
    expect(outcome).toMatchObject({ kind: 'permanent', scope: 'channel', statusCode })
  })

  test('a topic that is not allowed is about the address, where the broker says so', async () => {
    const outcome = await perform(settings({ version: 5 }), {}, 'send', 'other/tim')
    expect(outcome).toMatchObject({ kind: 'permanent', scope: 'address', statusCode: 135 })
  })

  test('runs without rights', () => expect(lowUser.uid ?? process.getuid?.()).not.toBe(0))
})
