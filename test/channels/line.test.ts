import { afterEach, beforeEach, expect, test } from 'vitest'
import { line } from '#src/channels/line.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Severity } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { line as vendor } from '../stand-ins/vendors/line.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(vendor.answer)
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

function send(changes: Partial<ChannelContext> = {}, severity: Severity = 'critical', address = vendor.address) {
  const settings = line.settings.parse(vendor.settings(sink.url))
  return line.send(makeMessage({ severity }), address, settings, makeContext(outbound, changes))
}

test('the retry key is the same for every attempt of a delivery', async () => {
  await send()
  await send({ attempt: 2 })
  await send({ deliveryId: '01JOTHER' })
  const [first, second, other] = sink.requests.map(({ headers }) => headers['x-line-retry-key'])
  expect(second).toBe(first)
  expect(other).not.toBe(first)
})

test.each<[Severity, boolean]>([
  ['critical', false],
  ['warning', false],
  ['info', true],
  ['resolved', true],
])('%s comes silently: %s', async (severity, notificationDisabled) => {
  await send({}, severity)
  expect(sink.requests[0]?.json).toMatchObject({ notificationDisabled })
})

test('what is no id of LINE is not asked about', async () => {
  expect(await send({}, 'info', 'tim')).toMatchObject({ kind: 'permanent', scope: 'address' })
  expect(sink.requests).toEqual([])
})
