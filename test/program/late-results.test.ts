import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signTwilioCall } from '#src/channels/twilio-hook.js'
import { signCloudCall } from '#src/channels/whatsapp-hook.js'
import { fieldsOf, twilioAccount } from '../stand-ins/vendors/twilio.js'
import { twilioSms } from '../stand-ins/vendors/twilio-sms.js'
import { vonageSms } from '../stand-ins/vendors/vonage-sms.js'
import { whatsappButtons } from '../stand-ins/vendors/whatsapp.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { type Program, startProgram } from './start-program.js'

const publicUrl = 'https://alerts.example'
const number = '+4915112345678'
let sinks: Record<'twilio' | 'vonage' | 'meta', WebhookSink>
let program: Program

beforeEach(async () => {
  sinks = { twilio: await startWebhookSink(), vonage: await startWebhookSink(), meta: await startWebhookSink() }
  sinks.twilio.replyWith(twilioSms.answer)
  sinks.vonage.replyWith(vonageSms.answer)
  sinks.meta.replyWith(whatsappButtons.answer)
  const channels = {
    sms: { kind: 'twilio_sms', ...twilioSms.settings(sinks.twilio.url) },
    nexmo: { kind: 'vonage_sms', ...vonageSms.settings(sinks.vonage.url) },
    whatsapp: { kind: 'whatsapp', ...whatsappButtons.settings(sinks.meta.url) },
  }
  const people = { 'tim@mailtrigger.app': { sms: number, nexmo: number, whatsapp: number } }
  const routes = Object.keys(channels).map((channel) => ({
    name: channel,
    when: { subject: { contains: channel } },
    retry: ['1h'],
    steps: [{ send: channel === 'whatsapp' ? { channel, ack: true } : { channel } }],
  }))
  const server = { http: { public_url: publicUrl } }
  program = await startProgram(JSON.stringify({ version: 1, server, channels, people, routes }))
})
afterEach(async () => {
  await program.stop()
  for (const sink of Object.values(sinks)) await sink.stop()
})

async function alert(channel: string) {
  const mailId = await program.send({ to: ['tim@mailtrigger.app'], subject: `${channel}: disk full` })
  const { deliveries } = await program.settled(mailId)
  const [delivery] = deliveries
  if (delivery?.status !== 'sent') throw new Error(`not sent: ${JSON.stringify(delivery)}`)
  return { mailId, deliveryId: delivery.id, remote: delivery.remote }
}

const read = (deliveryId: string) => program.app.calls.readDelivery(deliveryId)

/** What a vendor gets for an answer when it calls the address that it was given. */
async function call(url: string, body: string | null, headers: Record<string, string> = {}) {
  const here = url.replace(publicUrl, program.app.http.url)
  const answer = await fetch(here, { method: body === null ? 'GET' : 'POST', headers, body })
  return { status: answer.status, text: await answer.text() }
}

describe('what Twilio says later', () => {
  const tell = (url: string, fields: Record<string, string>, token = 'CANARY-token') => {
    const body = new URLSearchParams({ AccountSid: twilioAccount, ...fields })
    const signature = signTwilioCall(url, body, token)
    const type = 'application/x-www-form-urlencoded'
    return call(url, body.toString(), { 'content-type': type, 'x-twilio-signature': signature })
  }
  const lastUrl = () => fieldsOf(sinks.twilio.requests.at(-1) ?? ({ body: '' } as never)).StatusCallback ?? ''

  it('makes a text that did not arrive a dead letter, which a person can send again', async () => {
    const { mailId, deliveryId, remote } = await alert('sms')
    const fields = { MessageSid: remote.sid ?? '', MessageStatus: 'undelivered', ErrorCode: '30005' }
    expect(lastUrl()).toBe(`${publicUrl}/hooks/sms?delivery=${deliveryId}`)
    expect(await tell(lastUrl(), fields, 'guessed')).toMatchObject({ status: 403 })
    expect(await read(deliveryId)).toMatchObject({ status: 'sent' })
    expect(await tell(lastUrl(), fields)).toMatchObject({ status: 200 })
    expect(await tell(lastUrl(), fields)).toMatchObject({ status: 200 })
    expect(await read(deliveryId)).toMatchObject({
      status: 'dead',
      last_error: 'sent, but did not arrive: undelivered 30005',
      attempt_list: [{ outcome: 'accepted' }, { outcome: 'permanent' }],
    })
    const mail = await program.app.calls.readMail(mailId)
    expect(mail?.notifications[0]?.status).toBe('dead')
    expect(program.events.filter(({ type }) => type === 'delivery.settled')).toHaveLength(2)
    await program.app.calls.retryDeliveries({ ids: [deliveryId] }, 'cli:tim')
    await program.mailWhen(mailId, ({ delivery_list }) => delivery_list[0]?.status === 'sent')
    expect(sinks.twilio.requests).toHaveLength(2)
  })

  it('has a text tried again whose phone was off, and is kept over a restart', async () => {
    const { deliveryId, remote } = await alert('sms')
    const fields = { MessageSid: remote.sid ?? '', MessageStatus: 'undelivered', ErrorCode: '30003' }
    expect(await tell(lastUrl(), fields)).toMatchObject({ status: 200 })
    await program.restart()
    const delivery = await read(deliveryId)
    expect(delivery).toMatchObject({ status: 'failed', next_attempt_at: expect.stringMatching(/^\d{4}-/) })
  })

  it('is noted when the text arrived, and ignored for a delivery nobody knows', async () => {
    const { deliveryId, remote } = await alert('sms')
    const fields = { MessageSid: remote.sid ?? '', MessageStatus: 'delivered' }
    expect(await tell(`${publicUrl}/hooks/sms?delivery=01J9ZZZZZZZZZZZZZZZZZZZZZZ`, fields)).toMatchObject({
      status: 200,
    })
    expect(await tell(lastUrl(), fields)).toMatchObject({ status: 200 })
    expect(await read(deliveryId)).toMatchObject({ status: 'sent', remote: { ...remote, reported: 'delivered' } })
  })
})

it('a receipt of Vonage counts, by GET as by POST, and only with the secret of its URL', async () => {
  const { deliveryId, remote } = await alert('nexmo')
  const [id = ''] = (remote.message_id ?? '').split(',')
  const url = new URLSearchParams(sinks.vonage.requests[0]?.body).get('callback') ?? ''
  const receipt = new URLSearchParams({ messageId: id, status: 'failed', 'err-code': '3', 'client-ref': deliveryId })
  expect(await call(url.replace('secret=', 'secret=x'), receipt.toString())).toMatchObject({ status: 403 })
  expect(await read(deliveryId)).toMatchObject({ status: 'sent' })
  expect(await call(`${url}&${receipt}`, null)).toMatchObject({ status: 200 })
  expect(await read(deliveryId)).toMatchObject({ status: 'dead' })
})

describe('WhatsApp', () => {
  const url = `${publicUrl}/hooks/whatsapp`
  const tell = (value: Record<string, unknown>, secret = 'CANARY-app-secret') => {
    const metadata = { phone_number_id: '106540352242922' }
    const body = JSON.stringify({ entry: [{ changes: [{ value: { metadata, ...value } }] }] })
    const signature = signCloudCall(body, secret)
    return call(url, body, { 'content-type': 'application/json', 'x-hub-signature-256': signature })
  }
  const lastSent = () => sinks.meta.requests.at(-1)?.json as Record<string, never>

  it('is given its challenge back as it is', async () => {
    const query = '?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token='
    expect(await call(`${url}${query}CANARY-verify`, null)).toEqual({ status: 200, text: '1158201444' })
    expect(await call(`${url}${query}guess`, null)).toMatchObject({ status: 403 })
  })

  it('gets the template until somebody writes, then a button, which acknowledges', async () => {
    await alert('whatsapp')
    expect(lastSent()).toMatchObject({ type: 'template' })
    const from = { from: '4915112345678', id: 'wamid.IN' }
    expect(await tell({ messages: [{ ...from, type: 'text' }] }, 'guess')).toMatchObject({ status: 403 })
    expect(await tell({ messages: [{ ...from, type: 'text' }] })).toMatchObject({ status: 200 })
    const { mailId, deliveryId } = await alert('whatsapp')
    const sent = lastSent() as unknown as { interactive: { action: { buttons: [{ reply: { id: string } }] } } }
    const { id } = sent.interactive.action.buttons[0].reply
    const press = {
      type: 'interactive',
      interactive: { type: 'button_reply', button_reply: { id, title: 'Acknowledge' } },
    }
    expect(await tell({ messages: [{ ...from, from: '4915100000666', ...press }] })).toMatchObject({ status: 200 })
    expect(lastSent()).toMatchObject({ to: '+4915100000666', text: { body: 'this button is not one of ours' } })
    const contacts = [{ wa_id: from.from, profile: { name: 'Tim' } }]
    expect(await tell({ contacts, messages: [{ ...from, ...press }] })).toMatchObject({ status: 200 })
    expect(lastSent()).toMatchObject({ to: number, text: { body: 'acknowledged' } })
    const mail = await program.app.calls.readMail(mailId)
    expect(mail?.notifications[0]).toMatchObject({ status: 'acknowledged', acked_by: 'whatsapp:Tim' })
    expect(await read(deliveryId)).toMatchObject({ remote: { chat_id: number } })
  })

  it('says later that a message did not arrive', async () => {
    const { deliveryId, remote } = await alert('whatsapp')
    const errors = [{ code: 131026, title: 'Message undeliverable' }]
    const status = { id: remote.message_id, status: 'failed', biz_opaque_callback_data: deliveryId, errors }
    expect(await tell({ statuses: [status] })).toMatchObject({ status: 200 })
    expect(await read(deliveryId)).toMatchObject({
      status: 'dead',
      last_error: 'sent, but did not arrive: failed: 131026 Message undeliverable',
    })
  })
})
