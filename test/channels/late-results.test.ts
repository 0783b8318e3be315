import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { callableHook } from '#src/channels/callable-hook.js'
import { signTwilioCall } from '#src/channels/twilio-hook.js'
import { twilioSms } from '#src/channels/twilio-sms.js'
import { twilioVoice } from '#src/channels/twilio-voice.js'
import { vonageSms } from '#src/channels/vonage-sms.js'
import type { ChannelContext, ChannelKind, HookCall, ListenContext } from '#src/domain/channel.js'
import { ApiError } from '#src/domain/errors.js'
import type { LateResult } from '#src/domain/late-result.js'
import type { Outbound } from '#src/outbound/client.js'
import { fieldsOf, twilioAccount, twilioSettings } from '../stand-ins/vendors/twilio.js'
import { twilioSms as twilioVendor } from '../stand-ins/vendors/twilio-sms.js'
import { vonageSms as vonageVendor } from '../stand-ins/vendors/vonage-sms.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeListenContext, makeMessage, openOutbound } from './context.js'

const hookUrl = 'https://alerts.example/hooks/channel'
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

/** What the hook says to a call, and what it made of it. */
async function hear(kind: ChannelKind, settings: unknown, call: HookCall, changes: Partial<ListenContext> = {}) {
  const results: LateResult[] = []
  const context = makeListenContext(outbound, { onResult: async (result) => void results.push(result), ...changes })
  return { said: await kind.takeHook?.(call, kind.settings.parse(settings), context), results }
}

async function sendOnce(kind: ChannelKind, settings: unknown, changes: Partial<ChannelContext> = {}) {
  const context = makeContext(outbound, changes)
  return kind.send(makeMessage(), '+4915112345678', kind.settings.parse(settings), context)
}

describe('Twilio', () => {
  const settings = () => twilioVendor.settings(sink.url)
  const query = '?delivery=01JDELIVERY'

  test('is told where to say what becomes of a message, when it can call us and we can tell that it is Twilio', async () => {
    sink.replyWith(twilioVendor.answer)
    expect(await sendOnce(twilioSms, settings())).toMatchObject({ kind: 'accepted' })
    await sendOnce(twilioSms, settings(), { hookUrl: null })
    sink.script({ status: 201, body: '{"sid":"SM0123456789abcdef0123456789abcdef"}' })
    const key = { auth_token: undefined, api_key_sid: `SK${'0'.repeat(32)}`, api_key_secret: 'k' }
    await sendOnce(twilioSms, { ...settings(), ...key })
    const urls = sink.requests.map((request) => fieldsOf(request).StatusCallback)
    expect(urls).toEqual([`${hookUrl}${query}`, undefined, undefined])
    expect(twilioSms.hearsResults?.(twilioSms.settings.parse(settings()))).toBe(true)
    expect(twilioSms.hearsResults?.(twilioSms.settings.parse({ ...settings(), ...key }))).toBe(false)
  })

  function callOf(fields: Record<string, string>, signature?: string, its = query): HookCall {
    const body = new URLSearchParams({ AccountSid: twilioAccount, ...fields })
    const signed = signature ?? signTwilioCall(`${hookUrl}${its}`, body, 'CANARY-token')
    return { headers: { 'x-twilio-signature': signed }, query: its, body: body.toString() }
  }

  test.each<[Record<string, string>, LateResult['outcome'] | null]>([
    [{ MessageStatus: 'sent' }, null],
    [{ MessageStatus: 'delivered' }, { kind: 'delivered', text: 'delivered' }],
    [{ MessageStatus: 'read' }, { kind: 'delivered', text: 'read' }],
    [{ MessageStatus: 'undelivered', ErrorCode: '30005' }, permanent('address', 'undelivered 30005')],
    [{ MessageStatus: 'undelivered', ErrorCode: '30007' }, permanent('message', 'undelivered 30007')],
    [{ MessageStatus: 'undelivered', ErrorCode: '30003' }, transient('undelivered 30003')],
    [{ MessageStatus: 'failed', ErrorCode: '30002' }, permanent('channel', 'failed 30002')],
    [{ MessageStatus: 'failed', ErrorCode: '99999', ErrorMessage: 'New' }, permanent('message', 'failed 99999 New')],
    [{ MessageStatus: 'failed' }, permanent('message', 'failed')],
    [{ MessageStatus: 'canceled' }, permanent('message', 'cancelled at Twilio')],
  ])('%j is %j', async (fields, outcome) => {
    const given = await hear(twilioSms, settings(), callOf({ MessageSid: 'SM1', ...fields }))
    const expected = { deliveryId: '01JDELIVERY', remote: { name: 'sid', id: 'SM1' }, outcome }
    expect(given).toEqual({ said: true, results: outcome === null ? [] : [expected] })
  })

  test.each<[string, LateResult['outcome'] | null]>([
    ['ringing', null],
    ['completed', { kind: 'delivered', text: 'completed' }],
    ['busy', transient('busy')],
    ['no-answer', transient('no-answer')],
    ['failed', transient('failed')],
  ])('a call that is %s is %j', async (CallStatus, outcome) => {
    const phone = { ...twilioSettings(sink.url), from: '+15005550006' }
    const given = await hear(twilioVoice, phone, callOf({ CallSid: 'CA1', CallStatus }))
    expect(given.said).toBe(true)
    expect(given.results.map((result) => result.outcome)).toEqual(outcome === null ? [] : [outcome])
  })

  test.each<[string, HookCall, Partial<ListenContext>]>([
    ['a forged signature', callOf({ MessageStatus: 'failed' }, 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='), {}],
    ['no signature', callOf({ MessageStatus: 'failed' }, ''), {}],
    ['another account', callOf({ MessageStatus: 'failed', AccountSid: 'AC1' }), {}],
    ['the signature of another delivery', { ...callOf({ MessageStatus: 'failed' }), query: '?delivery=01JOTHER' }, {}],
    ['a GET', { headers: {}, query, body: '' }, {}],
    ['no public URL', callOf({ MessageStatus: 'failed' }), { hookUrl: null }],
  ])('with %s is refused', async (_, call, changes) => {
    expect(await hear(twilioSms, settings(), call, changes)).toEqual({ said: false, results: [] })
  })

  test('a result that comes too early is to be said again', async () => {
    const onResult = async (): Promise<void> => {
      throw new ApiError(503, 'not_ready', 'still under way')
    }
    const call = callOf({ MessageSid: 'SM1', MessageStatus: 'delivered' })
    await expect(hear(twilioSms, settings(), call, { onResult })).rejects.toMatchObject({ status: 503 })
  })
})

describe('Vonage', () => {
  const settings = () => vonageVendor.settings(sink.url)
  const query = '?secret=CANARY-hook'
  const receipt = { 'api-key': 'abcd1234', messageId: 'id-1', 'client-ref': '01JDELIVERY', msisdn: '4915112345678' }

  test('is told where receipts go, by a URL that nobody else knows', async () => {
    sink.replyWith(vonageVendor.answer)
    await sendOnce(vonageSms, settings())
    await sendOnce(vonageSms, settings(), { hookUrl: null })
    const forms = sink.requests.map(({ body }) => new URLSearchParams(body))
    expect(forms.map((form) => form.get('callback'))).toEqual([`${hookUrl}${query}`, null])
    expect(forms[0]?.get('client-ref')).toBe('01JDELIVERY')
  })

  test.each<[Record<string, string>, LateResult['outcome'] | null]>([
    [{ status: 'accepted', 'err-code': '0' }, null],
    [{ status: 'unknown', 'err-code': '1' }, null],
    [
      { status: 'delivered', 'err-code': '0' },
      { kind: 'delivered', text: 'delivered' },
    ],
    [{ status: 'failed', 'err-code': '2' }, transient('failed, error 2 (the phone is off or out of reach)')],
    [{ status: 'failed', 'err-code': '3' }, permanent('address', 'failed, error 3 (the number is no longer in use)')],
    [{ status: 'rejected', 'err-code': '6' }, permanent('message', 'rejected, error 6 (taken for spam)')],
    [{ status: 'rejected', 'err-code': '51' }, permanent('channel', 'rejected, error 51 (header filter)')],
    [{ status: 'expired' }, transient('expired')],
    [{ status: 'failed', 'err-code': '77' }, permanent('message', 'failed, error 77')],
  ])('%j is %j', async (fields, outcome) => {
    const all = { ...receipt, ...fields }
    const form = new URLSearchParams(all).toString()
    const ways: HookCall[] = [
      { headers: {}, query, body: JSON.stringify(all) },
      { headers: {}, query, body: form },
      { headers: {}, query: `${query}&${form}`, body: '' },
    ]
    const expected = { deliveryId: '01JDELIVERY', remote: { name: 'message_id', id: 'id-1' }, outcome }
    for (const call of ways) {
      expect(await hear(vonageSms, settings(), call)).toEqual({
        said: true,
        results: outcome === null ? [] : [expected],
      })
    }
  })

  test.each([
    ['another secret', '?secret=x', receipt],
    ['no secret', '', receipt],
    ['another account', query, { ...receipt, 'api-key': 'other' }],
  ])('with %s is refused', async (_, its, fields) => {
    const call = { headers: {}, query: its, body: JSON.stringify({ ...fields, status: 'failed' }) }
    expect(await hear(vonageSms, settings(), call)).toEqual({ said: false, results: [] })
  })

  test.each(['', 'null', '[]', '{"status":7}', '%ff=%', '{"client-ref":"x","status":"failed"}'])(
    '%j with the secret is taken, and means nothing',
    async (body) => {
      expect(await hear(vonageSms, settings(), { headers: {}, query, body })).toEqual({ said: true, results: [] })
    },
  )
})

function permanent(scope: 'message' | 'address' | 'channel', text: string): LateResult['outcome'] {
  return { kind: 'permanent', scope, statusCode: null, text }
}

function transient(text: string): LateResult['outcome'] {
  return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
}

test.each([
  ['https://alerts.example/hooks/sms', true],
  ['https://203.0.113.7:8443/hooks/sms', true],
  ['http://alerts:8080/hooks/sms', false],
  ['http://localhost/hooks/sms', false],
  ['http://192.168.1.4/hooks/sms', false],
  ['http://[::1]/hooks/sms', false],
  ['https://alerts.lan/hooks/sms', false],
  [null, false],
])('a vendor is told to call %s: %s', (url, isTold) => {
  expect(callableHook(url)).toBe(isTold ? url : null)
})
