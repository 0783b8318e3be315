import { afterAll, beforeAll, expect, test } from 'vitest'
import { gotify } from '#src/channels/gotify.js'
import { onesignal } from '#src/channels/onesignal.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { renderPushNotice } from '#src/channels/push-notice.js'
import { pushbullet } from '#src/channels/pushbullet.js'
import { pusherBeams } from '#src/channels/pusher-beams.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"id":"1","iden":"1","publishId":"1"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

const instance = '8f9a6e22-2483-49aa-8552-125f1a4c5781'
const link = { label: 'Sentry', url: 'https://sentry.example/1' }

test('OneSignal knows a repeat by its key, and what belongs together by another', async () => {
  const settings = onesignal.settings.parse({ base_url: http.url, app_id: instance, api_key: 'k', segments: ['ops'] })
  const keys: unknown[] = []
  for (const deliveryId of ['01JONE', '01JONE', '01JOTHER']) {
    await onesignal.send(makeMessage(), null, settings, makeContext(outbound, { deliveryId }))
    const { idempotency_key, collapse_id, included_segments } = (http.requests.at(-1)?.json ?? {}) as Record<
      string,
      unknown
    >
    expect({ collapse_id, included_segments }).toEqual({ collapse_id: 'disk db1', included_segments: ['ops'] })
    keys.push(idempotency_key)
  }
  expect(keys[0]).toBe(keys[1])
  expect(keys[0]).not.toBe(keys[2])
})

test('Pushbullet gets a link when there is one, for a person, a device or a channel', async () => {
  const base = { base_url: http.url, access_token: 'o.x' }
  const context = makeContext(outbound)
  await pushbullet.send(makeMessage({ links: [link] }), 'tim@x.example', pushbullet.settings.parse(base), context)
  expect(http.requests.at(-1)?.json).toMatchObject({
    type: 'link',
    url: link.url,
    email: 'tim@x.example',
    guid: '01JDELIVERY',
  })
  await pushbullet.send(makeMessage(), null, pushbullet.settings.parse({ ...base, device: 'ujp' }), context)
  expect(http.requests.at(-1)?.json).toMatchObject({ type: 'note', device_iden: 'ujp' })
  expect(pushbullet.settings.safeParse({ ...base, device: 'ujp', channel_tag: 'ops' }).success).toBe(false)
})

test('Beams lives at the host of its instance unless another is given', async () => {
  const urls: string[] = []
  const context = makeContext(outbound, {
    request: async ({ url }) => {
      urls.push(url)
      return { status: 200, headers: {}, text: '{"publishId":"1"}', truncated: false }
    },
  })
  const settings = pusherBeams.settings.parse({ instance_id: instance, secret_key: 'k' })
  await pusherBeams.send(makeMessage(), 'tim', settings, context)
  const host = `https://${instance}.pushnotifications.pusher.com`
  expect(urls).toEqual([`${host}/publish_api/v1/instances/${instance}/publishes/users`])
})

test('a tap on a Gotify notification opens the first link; a megabyte is cut, and the answer to it still read', async () => {
  http.script({ status: 200, body: JSON.stringify({ id: 7, message: '\\u003c'.repeat(8_000) }) })
  const settings = gotify.settings.parse({ base_url: http.url, token: 't' })
  const message = makeMessage({ text: '<'.repeat(1_000_000), links: [link] })
  const outcome = await gotify.send(message, null, settings, makeContext(outbound))
  expect(outcome).toMatchObject({ kind: 'delivered', remote: { id: '7' } })
  expect(http.requests.at(-1)?.json).toMatchObject({
    priority: 10,
    extras: {
      'client::display': { contentType: 'text/markdown' },
      'client::notification': { click: { url: link.url } },
    },
  })
})

test('a notice fits what Apple and Google carry, whatever is in it', () => {
  const long = { label: 'x', url: `https://x.example/${'a'.repeat(400)}` }
  const message = makeMessage({ title: '"'.repeat(900), text: '"\\\n'.repeat(5_000), links: [long] })
  const notice = renderPushNotice(outlineMessage(message), 'full')
  expect(Buffer.byteLength(JSON.stringify(notice))).toBeLessThanOrEqual(4_000)
  expect(notice.url).toBeNull()
  expect(renderPushNotice(outlineMessage(makeMessage({ links: [link] })), 'short').url).toBe(link.url)
})
