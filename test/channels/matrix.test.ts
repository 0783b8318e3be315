import { afterAll, beforeAll, expect, test } from 'vitest'
import { matrix } from '#src/channels/matrix.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

const room = '!alerts:example.org'
const sent = { event_id: '$first', room_id: room }

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"event_id":"$next"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

async function act(verb: 'send' | 'resolve' | 'update', changes: Partial<ChannelContext>, message = makeMessage()) {
  const settings = matrix.settings.parse({ base_url: http.url, access_token: 'syt_x' })
  const outcome = await matrix[verb]?.(message, room, settings, makeContext(outbound, changes))
  return { outcome, request: http.requests.at(-1) }
}

test('a delivery is a transaction: its repeats are the same event', async () => {
  const { outcome, request } = await act('send', { deliveryId: '01J/?' })
  expect(request).toMatchObject({
    method: 'PUT',
    path: `/_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message/01J%2F%3F`,
  })
  expect(outcome).toMatchObject({ kind: 'delivered', remote: { event_id: '$next', room_id: room } })
})

test('text becomes HTML with its lines and links, and mentions nobody', async () => {
  const { request } = await act('send', {}, makeMessage({ text: '@room <b>\nsee https://x.example/?a=1&b=2.' }))
  const { body, formatted_body: html, ...rest } = (request?.json ?? {}) as Record<string, string>
  expect(rest).toMatchObject({ msgtype: 'm.text', format: 'org.matrix.custom.html', 'm.mentions': {} })
  expect(body).toContain('@room <b>\nsee https://x.example/?a=1&b=2.')
  expect(html).toContain(
    '@room &lt;b&gt;<br>see <a href="https://x.example/?a=1&amp;b=2">https://x.example/?a=1&amp;b=2</a>.',
  )
  expect(html).toContain('<strong>Disk full on db1</strong>')
})

test('the end of an alert answers it; without knowing it, it is a message of its own', async () => {
  const { request } = await act('resolve', { sent })
  expect(request?.json).toMatchObject({ 'm.relates_to': { 'm.in_reply_to': { event_id: '$first' } } })
  expect((await act('resolve', { sent: null })).request?.json).not.toHaveProperty('m.relates_to')
})

test('an acknowledgement edits the message', async () => {
  const { request } = await act('update', { sent }, makeMessage({ notes: ['acknowledged by Tim'] }))
  expect(request?.json).toMatchObject({
    body: '* Disk full on db1',
    'm.new_content': { msgtype: 'm.text', body: expect.stringContaining('acknowledged by Tim') },
    'm.relates_to': { rel_type: 'm.replace', event_id: '$first' },
  })
})
