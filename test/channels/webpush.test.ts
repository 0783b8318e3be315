import { createECDH } from 'node:crypto'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { webpush } from '#src/channels/webpush.js'
import { encryptPush, isPrivateKey, isPublicKey, plaintextBytesMax } from '#src/channels/webpush-encrypt.js'
import type { ChannelContext, Outcome } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { decryptPush, decryptRecord, subscription, webpush as vendor } from '../stand-ins/vendors/webpush.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

function send(
  changes: Partial<ChannelContext> = {},
  message: Message = makeMessage(),
  address: string | null = vendor.address,
): Promise<Outcome> {
  return webpush.send(
    message,
    address,
    webpush.settings.parse(vendor.settings(sink.url)),
    makeContext(outbound, changes),
  )
}

test('the browser decrypts what the service worker is documented to get', async () => {
  const ack = { url: 'https://alerts.example/ack/1', data: 'ack:1' }
  const message = makeMessage({ links: [{ label: 'Graph', url: 'https://x.example/g' }], notes: ['nobody answered'] })
  const outcome = await send({ ack }, message)
  const [request] = sink.requests
  expect(outcome).toMatchObject({ kind: 'accepted', remote: { topic: request?.headers.topic } })
  expect(request?.headers).toMatchObject({ ttl: '86400', urgency: 'high', 'content-encoding': 'aes128gcm' })
  expect(decryptPush(request?.bytes ?? Buffer.alloc(0))).toEqual({
    title: 'Disk full on db1',
    body: expect.stringMatching(/^Only 3 % left on \/var\.\n\n⚠️ nobody answered\nCritical · /),
    severity: 'critical',
    tag: 'disk db1',
    url: 'https://x.example/g',
    ack_url: 'https://alerts.example/ack/1',
    delivery_id: '01JDELIVERY',
    sent_at: '2026-08-01T12:00:00.000Z',
  })
})

test('the stand-in reads the example of RFC 8291 section 5', () => {
  const receiver = createECDH('prime256v1')
  receiver.setPrivateKey('q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94', 'base64url')
  const auth = Buffer.from('BTBZMqHH6r4Tts7J_aSIgg', 'base64url')
  const body = [
    'DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml',
    'mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT',
    'pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN',
  ]
  const read = decryptRecord(Buffer.from(body.join(''), 'base64url'), receiver, auth)
  expect(read.toString()).toBe('When I grow up, I want to be a watermelon')
})

test('one fingerprint is one topic, which does not tell it', async () => {
  for (const fingerprint of ['a', 'a', 'b']) await send({ fingerprint })
  const [first, second, third] = sink.requests.map(({ headers }) => headers.topic)
  expect(first).toHaveLength(32)
  expect(second).toBe(first)
  expect(third).not.toBe(first)
})

test('the same message is never encrypted alike twice', async () => {
  await send()
  await send()
  const [one, other] = sink.requests.map(({ bytes }) => bytes.subarray(0, 86).toString('hex'))
  expect(one).not.toBe(other)
})

test('the longest message that is JSON’s worst case fits', async () => {
  for (const character of ['"', '😀', '\\']) {
    const url = `https://x.example/${'a'.repeat(480)}`
    const message = makeMessage({
      title: character.repeat(300),
      text: `${character.repeat(9)}\n`.repeat(9_000),
      links: [{ label: 'x', url }],
    })
    await send({ ack: { url, data: 'ack:1' }, fingerprint: 'f'.repeat(300) }, message)
    expect(sink.requests.at(-1)?.bytes.length).toBeLessThanOrEqual(4_096)
  }
  expect(encryptPush(Buffer.alloc(plaintextBytesMax), subscription)).toHaveLength(4_096)
})

const { keys } = subscription
test.each([
  ['nothing', null],
  ['no JSON', 'https://push.example/x'],
  ['no keys', JSON.stringify({ endpoint: subscription.endpoint })],
  ['no https', JSON.stringify({ ...subscription, endpoint: 'http://push.example/' })],
  ['no point', JSON.stringify({ ...subscription, keys: { ...keys, p256dh: `BA${'A'.repeat(85)}` } })],
  ['half a secret', JSON.stringify({ ...subscription, keys: { ...keys, auth: 'AAAA' } })],
])('%s is no address', async (_, address) => {
  expect(await send({}, makeMessage(), address)).toMatchObject({ kind: 'permanent', scope: 'address' })
  expect(sink.requests).toEqual([])
  expect(webpush.address?.schema.safeParse(address).success).toBe(false)
})

test('keys are keys of P-256', () => {
  const pair = createECDH('prime256v1')
  pair.generateKeys()
  expect(isPrivateKey(pair.getPrivateKey('base64url'))).toBe(true)
  expect(isPublicKey(pair.getPublicKey('base64url'))).toBe(true)
  expect(isPublicKey(pair.getPublicKey('base64url', 'compressed'))).toBe(false)
  for (const bytes of [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(31, 1)]) {
    expect(isPrivateKey(bytes.toString('base64url'))).toBe(false)
  }
})
