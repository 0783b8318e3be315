import { createHmac } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signWebhook, webhook } from '#src/channels/webhook.js'
import type { Outbound } from '#src/outbound/client.js'
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

const send = (settings: Record<string, unknown> = {}, changes = {}, message = makeMessage()) =>
  webhook.send(
    message,
    null,
    webhook.settings.parse({ url: `${sink.url}/hook?key=CANARY`, ...settings }),
    makeContext(outbound, changes),
  )

test('posts the documented JSON', async () => {
  const message = makeMessage({
    links: [{ label: 'Open', url: 'https://x.example/' }],
    attachments: [{ filename: 'a "b".pdf', contentType: 'application/pdf', sizeBytes: 7 }],
    notes: ['owners from cache'],
  })
  const outcome = await send({}, {}, message)
  expect(outcome).toMatchObject({ kind: 'accepted', statusCode: 200, remote: { webhook_id: '01JDELIVERY' } })
  expect(sink.requests[0]?.json).toEqual({
    type: 'notification',
    timestamp: '2026-08-01T12:00:00.000Z',
    data: {
      delivery_id: '01JDELIVERY',
      mail_id: '01JMAIL',
      fingerprint: 'disk db1',
      recipient: null,
      title: 'Disk full on db1',
      text: 'Only 3 % left on /var.',
      severity: 'critical',
      labels: { host: 'db1' },
      notes: ['owners from cache'],
      from: 'cron@db1.example',
      links: [{ label: 'Open', url: 'https://x.example/' }],
      attachments: [{ filename: 'a "b".pdf', content_type: 'application/pdf', size: 7 }],
      received_at: '2026-08-01T12:00:00.000Z',
      ack_url: null,
    },
  })
  expect(sink.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': '01JDELIVERY' })
  expect(sink.requests[0]?.headers['x-webhook-signature']).toBeUndefined()
})

test.each([
  ['send', 'notification'],
  ['resolve', 'notification.resolved'],
  ['update', 'notification.acknowledged'],
] as const)('%s says %s, for the same fingerprint', async (verb, type) => {
  const settings = webhook.settings.parse({ url: sink.url, secret: 's3cret' })
  const ack = { url: 'https://alerts.example/ack/t', data: 'ack:1' }
  const context = makeContext(outbound, { ack, sent: { webhook_id: '01JALERT' } })
  expect(await webhook[verb]?.(makeMessage(), null, settings, context)).toMatchObject({ kind: 'accepted' })
  const [request] = sink.requests
  expect(request?.json).toMatchObject({ type, data: { fingerprint: 'disk db1', ack_url: ack.url, links: [] } })
  expect(request?.headers['webhook-signature']).toMatch(/^v1,/)
})

test('posts a document of one’s own, whatever the message has in it', async () => {
  const body = {
    summary: '{{ title }} on {{labels.host}} ({{ severity }}){{ recipient }}',
    facts: [{ labels: '{{ labels }}' }, '{{ recipient }}', '{{ labels.none }}', '{{ labels.constructor }}', 7, null],
    links: 'see {{ links }}',
    literal: '{ { title } }',
  }
  const links = [{ label: 'Open', url: 'https://x.example/' }]
  await send({ body }, {}, makeMessage({ title: '"{{ text }}"\\', links }))
  expect(sink.requests[0]?.json).toEqual({
    summary: '"{{ text }}"\\ on db1 (critical)',
    facts: [{ labels: { host: 'db1' } }, null, null, null, 7, null],
    links: `see ${JSON.stringify(links)}`,
    literal: '{ { title } }',
  })
})

test('method and headers are the settings’, but signatures cannot be replaced', async () => {
  await send({
    method: 'PUT',
    headers: { Authorization: 'Bearer t', 'Content-Type': 'text/plain', 'webhook-id': 'mine' },
    secret: 's3cret',
  })
  expect(sink.requests[0]?.method).toBe('PUT')
  expect(sink.requests[0]?.headers).toMatchObject({
    authorization: 'Bearer t',
    'content-type': 'text/plain',
    'webhook-id': '01JDELIVERY',
  })
})

describe('signatures', () => {
  test('cover the very bytes sent', async () => {
    await send({ secret: 'clé' }, {}, makeMessage({ text: 'ünïcödé 😀' }))
    const request = sink.requests[0]
    const hex = createHmac('sha256', 'clé')
      .update(request?.body ?? '')
      .digest('hex')
    expect(request?.headers['x-webhook-signature']).toBe(`sha256=${hex}`)
  })

  test('vectors', () => {
    // RFC 4231 test case 2 for the hexadecimal form.
    const jefe = signWebhook('what do ya want for nothing?', 'Jefe', { deliveryId: 'm', now: () => 0 })
    expect(jefe['x-webhook-signature']).toBe('sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843')
    // The example of the Standard Webhooks specification.
    const standard = signWebhook('{"test": 2432232314}', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', {
      deliveryId: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      now: () => 1_614_265_330_999,
    })
    expect(standard['webhook-timestamp']).toBe('1614265330')
    expect(standard['webhook-signature']).toBe('v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
  })
})

test.each([
  [
    { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
    { kind: 'permanent', scope: 'channel' },
  ],
  [{ status: 401 }, { kind: 'permanent', scope: 'channel' }],
  [{ status: 410 }, { kind: 'permanent', scope: 'address' }],
  [{ status: 413 }, { kind: 'permanent', scope: 'message' }],
  [
    { status: 429, headers: { 'retry-after': '17' } },
    { kind: 'transient', waitMs: 17_000 },
  ],
  [
    { status: 503, headers: { 'retry-after': 'Sat, 01 Aug 2026 12:02:30 GMT' } },
    { kind: 'transient', waitMs: 120_000 },
  ],
  [{ fault: 'close' }, { kind: 'transient' }],
  [{ fault: 'close_mid_answer' }, { kind: 'transient' }],
] as const)('%o', async (reply, expected) => {
  sink.script(reply)
  expect(await send()).toMatchObject(expected)
})

test('secrets stay out of what the receiver throws back', async () => {
  sink.replyWith(({ path, headers }) => ({ status: 500, body: `${path} ${headers.authorization}` }))
  const outcome = await send({ headers: { authorization: 'Token CANARY-2' } })
  expect(outcome.text).not.toMatch(/CANARY/)
})

test.each([
  { url: 'ftp://h/' },
  { url: 'h' },
  { url: 'http://h/', method: 'GET' },
  { url: 'http://h/', headers: { 'a b': 'c' } },
  { url: 'http://h/', headers: { a: 'b\nc' } },
  { url: 'http://h/', body: { a: ['{{ titel }}'] } },
])('settings %o are refused', (settings) => expect(webhook.settings.safeParse(settings).success).toBe(false))

test('the destination names the host only', () => {
  expect(webhook.destination(webhook.settings.parse({ url: 'https://u:CANARY@h.example/CANARY?CANARY' }))).toBe(
    'h.example',
  )
})
