import { afterEach, beforeEach, expect, test } from 'vitest'
import { twilioSms } from '#src/channels/twilio-sms.js'
import type { Outbound } from '#src/outbound/client.js'
import { fieldsOf, twilioSettings } from '../stand-ins/vendors/twilio.js'
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

const service = 'MG0123456789abcdef0123456789abcdef'

async function send(settings: Record<string, unknown>, address: string | null) {
  const parsed = twilioSms.settings.parse({ ...twilioSettings(sink.url), ...settings })
  return twilioSms.send(makeMessage(), address, parsed, makeContext(outbound))
}

test.each([
  ['a number without its plus', { from: 15005550006 }, '4915112345678', { From: '+15005550006', To: '+4915112345678' }],
  ['a short code', { from: '12345' }, '+4915112345678', { From: '12345' }],
  ['a name', { from: 'MailTrigger' }, '+4915112345678', { From: 'MailTrigger' }],
  ['a messaging service', { messaging_service_sid: service }, '+4915112345678', { MessagingServiceSid: service }],
  ['a number of the channel', { from: 'Alerts', to: '+4915187654321' }, null, { To: '+4915187654321' }],
])('sends with %s', async (_, settings, address, expected) => {
  await send(settings, address)
  const [request] = sink.requests
  expect(request && fieldsOf(request)).toMatchObject(expected)
})

test('an API key stands for the account', async () => {
  const key = { api_key_sid: 'SK0123456789abcdef0123456789abcdef', api_key_secret: 'CANARY-key' }
  await send({ from: 'Alerts', auth_token: undefined, ...key }, '+4915112345678')
  const basic = Buffer.from(`${key.api_key_sid}:CANARY-key`).toString('base64')
  expect(sink.requests[0]?.headers.authorization).toBe(`Basic ${basic}`)
})

test('what is no phone number costs nothing', async () => {
  expect(await send({ from: 'Alerts' }, 'tim')).toMatchObject({ kind: 'permanent', scope: 'address' })
  expect(sink.requests).toEqual([])
})

test.each([
  ['no sender', {}],
  ['two senders', { from: 'Alerts', messaging_service_sid: service }],
  ['no token', { from: 'Alerts', auth_token: undefined }],
  ['half of a key', { from: 'Alerts', auth_token: undefined, api_key_secret: 'x' }],
  ['more segments than Twilio takes', { from: 'Alerts', max_segments: 11 }],
])('refuses settings with %s', (_, settings) => {
  expect(twilioSms.settings.safeParse({ ...twilioSettings('http://x'), ...settings }).success).toBe(false)
})
