import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { matrix } from '#src/channels/matrix.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Outbound } from '#src/outbound/client.js'
import { type SinkRequest, startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

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

describe('the files of a mail', () => {
  const files = [
    { filename: 'a "b".pdf', contentType: 'application/pdf', content: Buffer.alloc(2_000_000), sizeBytes: 2_000_000 },
    { filename: 'plot.png', contentType: 'image/png', content: Buffer.from('png'), sizeBytes: 3 },
  ]
  const changes = { loadMail: async () => makeMail({ attachments: files }) }
  const message = makeMessage({ attachments: files })
  const media = (limit: unknown, failing: string | null) => (request: SinkRequest) => {
    if (request.path === failing) return { status: 500, body: '{}' }
    if (request.path.endsWith('/media/config')) return { status: 200, body: JSON.stringify({ 'm.upload.size': limit }) }
    if (request.path.includes('/upload')) return { status: 200, body: '{"content_uri":"mxc://example.org/abc"}' }
    return { status: 200, body: '{"event_id":"$next"}' }
  }
  const callsSince = (from: number) => http.requests.slice(from).map(({ method, path }) => `${method} ${path}`)
  const events = `PUT /_matrix/client/v3/rooms/${encodeURIComponent(room)}/send/m.room.message`

  test('follow the text, each as an event of its own', async () => {
    http.replyWith(media(50_000_000, null))
    const before = http.requests.length
    const { outcome } = await act('send', changes, message)
    expect(outcome).toMatchObject({ kind: 'delivered', remote: { event_id: '$next' }, text: 'event $next' })
    expect(callsSince(before)).toEqual([
      `${events}/01JDELIVERY`,
      'GET /_matrix/client/v1/media/config',
      'POST /_matrix/media/v3/upload?filename=a%20%22b%22.pdf',
      `${events}/01JDELIVERY-file-1`,
      'POST /_matrix/media/v3/upload?filename=plot.png',
      `${events}/01JDELIVERY-file-2`,
    ])
    const [, , upload, first, , second] = http.requests.slice(before)
    expect(upload).toMatchObject({ headers: { 'content-type': 'application/pdf', authorization: 'Bearer syt_x' } })
    expect(upload?.bytes.length).toBe(2_000_000)
    const shown = { url: 'mxc://example.org/abc', 'm.mentions': {} }
    expect(first?.json).toMatchObject({ ...shown, msgtype: 'm.file', body: 'a "b".pdf', info: { size: 2_000_000 } })
    expect(second?.json).toMatchObject({ ...shown, msgtype: 'm.image', filename: 'plot.png' })
  })

  test('that are too large are named, and the others go', async () => {
    http.replyWith(media(1_000, null))
    const before = http.requests.length
    const { outcome } = await act('send', changes, message)
    expect(outcome).toMatchObject({
      kind: 'delivered',
      text: expect.stringMatching(/^event \$next; not sent along: a "b"\.pdf/),
    })
    expect(callsSince(before).filter((call) => call.startsWith('POST'))).toHaveLength(1)
  })

  test('that cannot be uploaded do not make the text go out again', async () => {
    http.replyWith(media(undefined, '/_matrix/media/v3/upload?filename=a%20%22b%22.pdf'))
    const { outcome } = await act('send', changes, message)
    expect(outcome).toMatchObject({
      kind: 'delivered',
      text: expect.stringMatching(/not sent along: a "b"\.pdf .*500.*, 1 more$/),
    })
  })

  test('stay behind when the text was refused, and with follow-ups', async () => {
    http.replyWith(media(50_000_000, null))
    const before = http.requests.length
    http.script({ status: 403, body: '{"errcode":"M_FORBIDDEN"}' })
    expect((await act('send', changes, message)).outcome).toMatchObject({ kind: 'permanent' })
    await act('resolve', { ...changes, sent }, message)
    expect(callsSince(before)).toHaveLength(2)
  })
})
