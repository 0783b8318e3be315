import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signTwilioCall } from '#src/channels/twilio-hook.js'
import { twilioVoice } from '#src/channels/twilio-voice.js'
import type { ButtonPress, ChannelContext, ListenContext } from '#src/domain/channel.js'
import { StoreError } from '#src/domain/errors.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { fieldsOf, twilioAccount, twilioSettings } from '../stand-ins/vendors/twilio.js'
import { unescapeXml, twilioVoice as vendor } from '../stand-ins/vendors/twilio-voice.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeListenContext, makeMessage, openOutbound } from './context.js'

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

const ack = { url: 'https://alerts.example/ack/x', data: 'ack:01JDELIVERY.mac-of-it' }
const readSettings = (changes: Record<string, unknown> = {}) =>
  twilioVoice.settings.parse({ ...twilioSettings(sink.url), from: '+15005550006', ...changes })

async function call(settings = {}, changes: Partial<ChannelContext> = {}, message: Partial<Message> = {}) {
  const context = makeContext(outbound, { ack, ...changes })
  const outcome = await twilioVoice.send(makeMessage(message), '4915112345678', readSettings(settings), context)
  const request = sink.requests.at(-1)
  return { outcome, twiml: request ? (fieldsOf(request).Twiml ?? '') : '' }
}

describe('what is said', () => {
  test('is the message, twice, while a key is waited for', async () => {
    const { outcome, twiml } = await call({ language: 'de-DE', voice: 'Polly.Vicki' })
    expect(twiml).toBe(
      '<Response><Pause length="1"/>' +
        '<Gather numDigits="1" finishOnKey="" timeout="8" method="POST" ' +
        'action="https://alerts.example/hooks/channel?ack=ack%3A01JDELIVERY.mac-of-it">' +
        '<Say language="de-DE" voice="Polly.Vicki" loop="2">' +
        'Critical alert. Disk full on db1. Only 3 % left on /var. Press 1 to acknowledge.' +
        '</Say></Gather></Response>',
    )
    const remote = { sid: 'CA0123456789abcdef0123456789abcdef', chat_id: '+4915112345678' }
    expect(outcome).toMatchObject({ kind: 'accepted', remote })
  })

  test.each<[string, Record<string, unknown>, Partial<ChannelContext>]>([
    ['nobody asks', {}, { ack: null }],
    ['nobody can call us', {}, { hookUrl: null }],
    [
      'Twilio signs nothing',
      { auth_token: undefined, api_key_sid: `SK${'0'.repeat(32)}`, api_key_secret: 'CANARY' },
      {},
    ],
  ])('waits for no key when %s', async (_, settings, changes) => {
    // The account of this far end has a token, and no key.
    if (settings.api_key_sid !== undefined) sink.script({ status: 201, body: '{}' })
    const { twiml } = await call(settings, changes)
    expect(twiml).toMatch(/^<Response><Pause length="1"\/><Say language="en-US" loop="2">Critical alert\. [^<]*</)
    expect(twiml).not.toContain('Press')
  })

  test.each([
    ['addresses of pages are a link', 'See https://x.example/a?b=1 now', 'See link now.'],
    ['drawn lines go', 'a\n=====\nb -- c', 'a. b -- c.'],
    ['lines are sentences', 'one\n\ntwo.\nthree', 'one. two. three.'],
    ['markup is text', 'a < b & "c"', 'a < b & "c".'],
  ])('%s', async (_, text, expected) => {
    const { twiml } = await call({}, { ack: null }, { text })
    expect(unescapeXml(/<Say[^>]*>([^<]*)</.exec(twiml)?.[1] ?? '')).toBe(
      `Critical alert. Disk full on db1. ${expected}`,
    )
  })

  test('attachments are named', async () => {
    const attachments = [{ filename: 'report.pdf', contentType: 'application/pdf', sizeBytes: 12_000 }]
    expect((await call({}, {}, { attachments })).twiml).toContain('left on /var. With files: report.pdf (12 KB). Press')
  })

  test('an escalation says why it calls', async () => {
    expect((await call({}, {}, { notes: ['Tim did not answer'] })).twiml).toContain('db1. Tim did not answer. Only')
  })
})

test('nobody is called because all is well again, unless it is wanted', async () => {
  const resolve = (settings: Record<string, unknown>) =>
    twilioVoice.resolve?.(makeMessage(), '+4915112345678', readSettings(settings), makeContext(outbound))
  expect(await resolve({})).toMatchObject({ kind: 'accepted', statusCode: null })
  expect(sink.requests).toEqual([])
  expect(await resolve({ call_when_resolved: true })).toMatchObject({ kind: 'accepted', statusCode: 201 })
})

describe('a key', () => {
  const hookUrl = 'https://alerts.example/hooks/phone'
  const fields = { AccountSid: twilioAccount, CallSid: 'CA1', Digits: '1', To: '+4915112345678', From: '+15005550006' }

  async function press(changes: {
    fields?: Record<string, string>
    query?: string
    signature?: string
    settings?: Record<string, unknown>
    context?: Partial<ListenContext>
  }) {
    const presses: ButtonPress[] = []
    const onPress = async (given: ButtonPress): Promise<string> => `press ${presses.push(given)}`
    const context = makeListenContext(outbound, { hookUrl, onPress, ...changes.context })
    const { query = `?ack=${encodeURIComponent(ack.data)}` } = changes
    const body = new URLSearchParams({ ...fields, ...changes.fields })
    const signature = changes.signature ?? signTwilioCall(`${hookUrl}${query}`, body, 'CANARY-token')
    const hookCall = { headers: { 'x-twilio-signature': signature }, query, body: body.toString() }
    return { said: await twilioVoice.takeHook?.(hookCall, readSettings(changes.settings), context), presses }
  }

  test('acknowledges', async () => {
    const pressed = { data: ack.data, address: '+4915112345678', by: 'twilio_voice:+4915112345678' }
    expect(await press({})).toEqual({ said: 'press 1', presses: [pressed] })
  })

  test.each<[string, Parameters<typeof press>[0]]>([
    ['with a forged signature', { signature: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }],
    ['without a signature', { signature: '' }],
    ['of another account', { fields: { AccountSid: 'AC1' } }],
    ['of nothing', { query: '' }],
    [
      'without auth token',
      { settings: { auth_token: undefined, api_key_sid: `SK${'0'.repeat(32)}`, api_key_secret: 'k' } },
    ],
    ['without public URL', { context: { hookUrl: null } }],
  ])('%s does not', async (_, changes) => {
    expect(await press(changes)).toEqual({ said: false, presses: [] })
  })

  test('that is another one does nothing', async () => {
    expect(await press({ fields: { Digits: '2' } })).toEqual({ said: 'This key does nothing.', presses: [] })
  })

  test('that could not be kept is not said to be', async () => {
    const onPress = async (): Promise<string> => {
      throw new StoreError('disk full')
    }
    expect((await press({ context: { onPress } })).said).toBe('This could not be kept just now.')
  })

  test('is signed as the example of the documentation', () => {
    // Twilio, "Security: validating requests".
    const form = new URLSearchParams({
      CallSid: 'CA1234567890ABCDE',
      Caller: '+14158675309',
      Digits: '1234',
      From: '+14158675309',
      To: '+18005551212',
    })
    const url = 'https://mycompany.com/myapp.php?foo=1&bar=2'
    expect(signTwilioCall(url, form, '12345')).toBe('RSOYDt4T1cUTdK1PDd93/VVr8B8=')
  })
})

test.each([
  [{}, 'https://alerts.example/hooks/phone', null],
  [{}, null, expect.stringContaining('public_url')],
  [
    { auth_token: undefined, api_key_sid: `SK${'0'.repeat(32)}`, api_key_secret: 'k' },
    'https://alerts.example/hooks/phone',
    expect.stringContaining('auth_token'),
  ],
])('says why keys are not heard', async (settings, hookUrl, problem) => {
  const problems: unknown[] = []
  const aborter = new AbortController()
  const onProblem = (given: string | null): void => void problems.push(given)
  const context = makeListenContext(outbound, { signal: aborter.signal, hookUrl, onProblem })
  const listening = twilioVoice.listen?.(readSettings(settings), context)
  aborter.abort()
  await listening
  expect(problems).toEqual([problem])
})
