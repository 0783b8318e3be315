import { afterAll, beforeAll, expect, test } from 'vitest'
import { signal } from '#src/channels/signal.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 201, body: '{"timestamp":"1698908110944"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

function settings(changes: Record<string, unknown> = {}) {
  return signal.settings.parse({ base_url: http.url, number: 4915100000000, ...changes })
}

const files = [
  { filename: 'a;b,"c".txt', contentType: 'text/plain', sizeBytes: 1, content: Buffer.from('x') },
  { filename: 'Bericht ü.pdf', contentType: 'application/pdf', sizeBytes: 1, content: Buffer.from('y') },
]

test('numbers, groups and accounts; YAML may have taken the plus of a number', async () => {
  const account = '8f9a6e22-2483-49aa-8552-125f1a4c5781'
  const given = settings({ recipients: [4915112345678, 'group.aGVsbG8=', account] })
  await signal.send(makeMessage(), null, given, makeContext(outbound))
  expect(http.requests.at(-1)?.json).toMatchObject({
    number: '+4915100000000',
    recipients: ['+4915112345678', 'group.aGVsbG8=', account],
  })
  for (const address of ['tim', 'group.', '+0', ''])
    expect(signal.address?.schema.safeParse(address).success).toBe(false)
})

test('files go along under names without separators, unless that is not wanted, or too large', async () => {
  const message = makeMessage({ attachments: files })
  const loadMail = async () => makeMail({ attachments: files })
  const context = makeContext(outbound, { loadMail })
  await signal.send(message, '+4915112345678', settings(), context)
  expect(http.requests.at(-1)?.json).toMatchObject({
    base64_attachments: [
      'data:text/plain;filename=a_b__c_.txt;base64,eA==',
      'data:application/pdf;filename=Bericht ü.pdf;base64,eQ==',
    ],
  })
  await signal.send(message, '+4915112345678', settings({ attach: 'none' }), context)
  expect(http.requests.at(-1)?.json).not.toHaveProperty('base64_attachments')
  http.script({ status: 413 })
  expect(await signal.send(message, '+4915112345678', settings(), context)).toMatchObject({
    kind: 'degrade',
    to: 'no_attachment',
  })
})

test('a change takes the place of the message, whose files stay', async () => {
  const context = makeContext(outbound, { sent: { timestamp: '1698908110944' } })
  const outcome = await signal.update?.(makeMessage({ attachments: files }), '+4915112345678', settings(), context)
  expect(outcome).toMatchObject({ kind: 'delivered', remote: { timestamp: '1698908110944' } })
  expect(http.requests.at(-1)?.json).toMatchObject({ edit_timestamp: 1_698_908_110_944 })
  expect(http.requests.at(-1)?.json).not.toHaveProperty('base64_attachments')
})
