import { afterEach, beforeEach, expect, test } from 'vitest'
import { pagerduty } from '#src/channels/pagerduty.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(() => ({ status: 202, body: '{"status":"success"}' }))
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

const routingKey = 'abcdefghijklmnopqrstuvwxyz012345'

async function perform(
  verb: 'send' | 'resolve' | 'update',
  changes: Partial<ChannelContext> = {},
  message: Message = makeMessage(),
): Promise<unknown> {
  const settings = pagerduty.settings.parse({ routing_key: routingKey, base_url: `${sink.url}/` })
  await pagerduty[verb]?.(message, null, settings, makeContext(outbound, changes))
  return sink.requests.at(-1)?.json
}

test('an alert triggers an incident with all there is to know', async () => {
  const message = makeMessage({
    labels: { host: 'db1', component: 'disk', group: 'databases', class: 'capacity' },
    links: [{ label: 'Graph', url: 'https://x.example/g' }],
    notes: ['owners are from yesterday'],
    attachments: [{ filename: 'df.txt', contentType: 'text/plain', sizeBytes: 7 }],
  })
  expect(await perform('send', { ack: { url: 'https://alerts.example/ack/1', data: 'ack:1' } }, message)).toEqual({
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: 'disk db1',
    client: 'MailTrigger',
    payload: {
      summary: 'Disk full on db1',
      source: 'db1',
      severity: 'critical',
      timestamp: '2026-08-01T12:00:00.000Z',
      component: 'disk',
      group: 'databases',
      class: 'capacity',
      custom_details: {
        text: 'Only 3 % left on /var.',
        notes: ['owners are from yesterday'],
        attachments: ['df.txt (7 B)'],
        labels: message.labels,
        from: 'cron@db1.example',
        mail_id: '01JMAIL',
      },
    },
    links: [
      { href: 'https://alerts.example/ack/1', text: 'Acknowledge' },
      { href: 'https://x.example/g', text: 'Graph' },
    ],
  })
})

test.each([
  ['resolve', 'resolve', makeMessage()],
  ['update', 'acknowledge', makeMessage()],
  ['send', 'resolve', makeMessage({ severity: 'resolved' })],
] as const)('%s says %s by the key alone', async (verb, action, message) => {
  const expected = { routing_key: routingKey, event_action: action }
  expect(await perform(verb, {}, message)).toEqual({ ...expected, dedup_key: 'disk db1' })
  expect(await perform(verb, { sent: { dedup_key: 'earlier' } }, message)).toEqual({
    ...expected,
    dedup_key: 'earlier',
  })
})
