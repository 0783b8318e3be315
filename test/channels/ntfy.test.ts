import { afterAll, beforeAll, expect, test } from 'vitest'
import { ntfy } from '#src/channels/ntfy.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"id":"m1"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

async function publish(verb: 'send' | 'update', message: Message, changes: Partial<ChannelContext>, extra = {}) {
  const settings = ntfy.settings.parse({ base_url: `${http.url}/`, topic: 'alerts', ...extra })
  const outcome = await ntfy[verb]?.(message, null, settings, makeContext(outbound, changes))
  return { outcome, request: http.requests.at(-1) }
}

test('a button acknowledges from the phone, and the notification is tapped open', async () => {
  const url = 'https://alerts.example/ack/1'
  const message = makeMessage({ links: [{ label: 'Sentry', url: 'https://sentry.example/1' }] })
  const { request } = await publish('send', message, { ack: { url, data: 'ack:1' } })
  expect(request?.json).toMatchObject({
    topic: 'alerts',
    title: 'Disk full on db1',
    priority: 5,
    tags: ['red_circle'],
    click: 'https://sentry.example/1',
    actions: [{ action: 'http', label: 'Acknowledge', url, method: 'POST', clear: true }],
  })
})

test('follow-ups take the place of the first message, the news of an acknowledgement without a sound', async () => {
  const first = await publish('send', makeMessage(), {})
  expect(first.outcome).toMatchObject({ remote: { message_id: 'm1', sequence_id: '01JDELIVERY' } })
  const changes = { sent: { sequence_id: '01JDELIVERY' }, deliveryId: '01JOTHER' }
  const update = await publish('update', makeMessage(), changes)
  expect(update.request?.json).toMatchObject({ sequence_id: '01JDELIVERY', priority: 1 })
  const over = await publish('send', makeMessage({ severity: 'resolved' }), changes)
  expect(over.request?.json).toMatchObject({ sequence_id: '01JDELIVERY', priority: 2, tags: ['green_circle'] })
})

test('user and password are an alternative to a token, and go together', async () => {
  const { request } = await publish('send', makeMessage(), {}, { user: 'tim', password: 'pä' })
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('tim:pä').toString('base64')}`)
  for (const login of [{ user: 'tim' }, { user: 'tim', password: 'p', token: 't' }]) {
    expect(ntfy.settings.safeParse({ topic: 'a', ...login }).success).toBe(false)
  }
})

test('nothing a message has in it makes the JSON longer than the server reads', async () => {
  const links = [{ label: 'x', url: `https://x.example/${'a'.repeat(900)}` }]
  const ack = { url: `https://alerts.example/ack/${'a'.repeat(1_000)}`, data: 'ack:1' }
  const message = makeMessage({ title: '😀'.repeat(300), text: '"\\\n'.repeat(3_000), links })
  const { request } = await publish('send', message, { ack })
  expect(request?.bytes.length).toBeLessThanOrEqual(8_192)
  expect(request?.bytes.length).toBeGreaterThan(4_096)
})
