import { afterAll, beforeAll, expect, test } from 'vitest'
import { pushover } from '#src/channels/pushover.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

const token = 'a'.repeat(30)
const user = 'u'.repeat(30)
const url = 'https://alerts.example/ack/1'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"status":1,"request":"r","receipt":"R"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

function settings(changes: Record<string, unknown> = {}) {
  return pushover.settings.parse({ base_url: http.url, token, ...changes })
}

test('what is critical becomes an emergency only on request, and its acknowledgement comes back to us', async () => {
  const context = makeContext(outbound, { ack: { url, data: 'ack:1' } })
  await pushover.send(makeMessage(), user, settings(), context)
  expect(http.requests.at(-1)?.json).toMatchObject({ priority: 1, url, url_title: 'Acknowledge' })
  const sent = await pushover.send(makeMessage(), user, settings({ emergency: { retry: 30 } }), context)
  expect(sent).toMatchObject({ kind: 'accepted', remote: { request: 'r', receipt: 'R' } })
  expect(http.requests.at(-1)?.json).toMatchObject({
    priority: 2,
    retry: 30,
    expire: 3_600,
    callback: url,
    tags: 'disk db1',
  })
  await pushover.send(makeMessage({ severity: 'info' }), user, settings({ emergency: {} }), context)
  expect(http.requests.at(-1)?.json).toMatchObject({ priority: -1 })
})

test('acknowledged elsewhere, or over: the emergency is cancelled, also when that was tried before', async () => {
  const context = makeContext(outbound, { sent: { receipt: 'R' } })
  const given = settings({ emergency: {} })
  await pushover.update?.(makeMessage(), user, given, context)
  expect(http.requests.at(-1)).toMatchObject({
    path: '/1/receipts/cancel_by_tag/disk%20db1.json',
    body: `token=${token}`,
  })
  http.script({ status: 404, body: '{"status":0}' })
  const resolved = makeMessage({ title: 'Resolved: Disk full', severity: 'resolved' })
  expect(await pushover.resolve?.(resolved, user, given, context)).toMatchObject({ kind: 'accepted' })
  expect(http.requests.at(-1)?.json).toMatchObject({ priority: 0, title: '🟢 Resolved: Disk full' })
})

test('while it cannot be cancelled, nobody hears that it is over', async () => {
  const context = makeContext(outbound, { sent: { receipt: 'R' } })
  http.script({ status: 503 })
  const before = http.requests.length
  const outcome = await pushover.resolve?.(makeMessage(), user, settings({ emergency: {} }), context)
  expect(outcome).toMatchObject({ kind: 'transient' })
  expect(http.requests).toHaveLength(before + 1)
})

test('what made no sound twice needs no cancelling', async () => {
  const before = http.requests.length
  const outcome = await pushover.update?.(makeMessage(), user, settings(), makeContext(outbound, { sent: {} }))
  expect(outcome).toMatchObject({ kind: 'accepted', statusCode: null })
  expect(http.requests).toHaveLength(before)
})

test('the first image of a mail goes along, until the vendor finds it too large', async () => {
  const content = Buffer.from('png')
  const files = [
    { filename: 'a.txt', contentType: 'text/plain', sizeBytes: 1, content: Buffer.from('x') },
    { filename: 'b.png', contentType: 'image/png', sizeBytes: 3, content },
  ]
  const message = makeMessage({ attachments: files })
  const loadMail = async () => makeMail({ attachments: files })
  await pushover.send(message, user, settings(), makeContext(outbound, { loadMail }))
  expect(http.requests.at(-1)?.json).toMatchObject({
    attachment_base64: content.toString('base64'),
    attachment_type: 'image/png',
  })
  http.script({ status: 413 })
  const refused = await pushover.send(message, user, settings(), makeContext(outbound, { loadMail }))
  expect(refused).toMatchObject({ kind: 'degrade', to: 'no_attachment' })
  await pushover.send(message, user, settings(), makeContext(outbound, { loadMail, form: 'no_attachment' }))
  expect(http.requests.at(-1)?.json).not.toHaveProperty('attachment_type')
})
