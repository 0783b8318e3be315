import { afterAll, beforeAll, expect, it } from 'vitest'
import { signTwilioCall } from '#src/channels/twilio-hook.js'
import { type Program, startProgram } from '../program/start-program.js'
import { fieldsOf, twilioAccount } from '../stand-ins/vendors/twilio.js'
import { twilioVoice, unescapeXml } from '../stand-ins/vendors/twilio-voice.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'

const phone = '+4915112345678'
let twilio: WebhookSink
let program: Program
beforeAll(async () => {
  twilio = await startWebhookSink()
  twilio.replyWith(twilioVoice.answer)
  program = await startProgram(`version: 1
server: { http: { public_url: "https://alerts.mailtrigger.app" } }
channels:
  call me:
    kind: twilio_voice
    base_url: "${twilio.url}"
    account_sid: ${twilioAccount}
    auth_token: CANARY-token
    from: "+15005550006"
    to: "${phone}"
routes:
  - name: disks
    when: { subject: { contains: disk } }
    steps: [ { send: { channel: call me, repeat: { every: 1h, times: 3 } } } ]
`)
})
afterAll(async () => {
  await program.stop()
  await twilio.stop()
})

/** Calls our hook as Twilio does after a key: the URL of the script, fields of the call, signed by the account's token. */
async function pressKey(url: string, digits: string, to: string, authToken: string): Promise<string> {
  const fields = new URLSearchParams({ AccountSid: twilioAccount, CallSid: 'CA1', Digits: digits, To: to })
  const { pathname, search } = new URL(url)
  const answer = await fetch(`${program.app.http.url}${pathname}${search}`, {
    method: 'POST',
    headers: { 'x-twilio-signature': signTwilioCall(url, fields, authToken) },
    body: fields,
  })
  return `${answer.status} ${await answer.text()}`
}

it('a key pressed during a call acknowledges the alert, once it is the right one, from Twilio', async () => {
  const mailId = await program.send({ subject: 'disk full' })
  const mail = await program.mailWhen(mailId, (one) => one.delivery_list.some(({ status }) => status === 'sent'))
  const [call] = twilio.requests
  const script = (call && fieldsOf(call).Twiml) ?? ''
  const url = unescapeXml(/action="([^"]*)"/.exec(script)?.[1] ?? '')
  expect(url).toMatch(/^https:\/\/alerts\.mailtrigger\.app\/hooks\/call%20me\?ack=ack%3A/)

  const readAlert = async () => {
    const answer = await fetch(`${program.app.http.url}/api/v1/notifications/${mail.notifications[0]?.id}`, {
      headers: { authorization: `Bearer ${program.app.token}` },
    })
    return answer.json()
  }
  expect(await pressKey(url, '1', phone, 'another token')).toBe('403 not taken\n')
  expect(await pressKey(url, '2', phone, 'CANARY-token')).toBe('200 This key does nothing.\n')
  expect(await pressKey(url, '1', '+4900000000', 'CANARY-token')).toBe('200 this button is not one of ours\n')
  expect(await readAlert()).toMatchObject({ status: 'sent' })
  expect(await pressKey(url, '1', phone, 'CANARY-token')).toMatch(/^200 acknowledged/i)
  expect(await readAlert()).toMatchObject({ status: 'acknowledged', acked_by: `twilio_voice:${phone}` })
})
