import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { signTwilioCall } from '#src/channels/twilio-hook.js'
import { whatsapp } from '#src/channels/whatsapp.js'
import { signCloudCall } from '#src/channels/whatsapp-hook.js'
import type { ButtonPress, ChannelContext, HookCall, ListenContext } from '#src/domain/channel.js'
import { StoreError } from '#src/domain/errors.js'
import type { ChatSession, LateResult } from '#src/domain/late-result.js'
import type { Outbound } from '#src/outbound/client.js'
import { twilioAccount } from '../stand-ins/vendors/twilio.js'
import { whatsappButtons, whatsappSession, whatsappTwilio } from '../stand-ins/vendors/whatsapp.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeListenContext, makeMessage, openOutbound } from './context.js'

const noon = Date.UTC(2026, 7, 1, 12, 0, 30)
const hour = 3_600_000
const ack = { url: 'https://alerts.example/ack/x', data: 'ack:01JDELIVERY.mac-of-it' }

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(whatsappButtons.answer)
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

const settings = (changes: Record<string, unknown> = {}) => ({ ...whatsappButtons.settings(sink.url), ...changes })

async function send(changes: Partial<ChannelContext> = {}, its: Record<string, unknown> = settings(), text = 'short') {
  const context = makeContext(outbound, { ack, ...changes })
  const outcome = await whatsapp.send(makeMessage({ text }), '4915112345678', whatsapp.settings.parse(its), context)
  return { outcome, json: sink.requests.at(-1)?.json as Record<string, unknown> | undefined }
}

interface Heard {
  said: boolean | string | undefined
  presses: ButtonPress[]
  results: LateResult[]
  sessions: [string, boolean][]
}

async function hear(call: HookCall, changes: Partial<ListenContext> = {}, its = settings()): Promise<Heard> {
  const [presses, results, sessions]: [ButtonPress[], LateResult[], [string, boolean][]] = [[], [], []]
  const context = makeListenContext(outbound, {
    onPress: async (press) => `acknowledged ${presses.push(press)}`,
    onResult: async (result) => void results.push(result),
    onSession: async (place, isOpen) => void sessions.push([place, isOpen]),
    ...changes,
  })
  return { said: await whatsapp.takeHook?.(call, whatsapp.settings.parse(its), context), presses, results, sessions }
}

/** As WhatsApp tells it, with the signature of the app. */
function callOf(value: Record<string, unknown>, signature?: string): HookCall {
  const metadata = { display_phone_number: '15550000000', phone_number_id: '106540352242922' }
  const change = { field: 'messages', value: { messaging_product: 'whatsapp', metadata, ...value } }
  const body = JSON.stringify({ object: 'whatsapp_business_account', entry: [{ id: '1', changes: [change] }] })
  return { headers: { 'x-hub-signature-256': signature ?? signCloudCall(body, 'CANARY-app-secret') }, query: '', body }
}

const contacts = [{ wa_id: '4915112345678', profile: { name: 'Tim\n"T" 磊' } }]
const from = { from: '4915112345678', id: 'wamid.IN', timestamp: '1785585600' }

describe('a message', () => {
  const readSession = (session: ChatSession | null) => ({ readSession: async () => session })

  test.each<[string, ChatSession | null, string]>([
    ['who wrote an hour ago', { isOpen: true, at: noon - hour }, 'interactive'],
    ['who wrote a day ago', { isOpen: true, at: noon - 24 * hour }, 'template'],
    ['of whom WhatsApp said that it is too long ago', { isOpen: false, at: noon - hour }, 'template'],
    ['who never wrote', null, 'template'],
  ])('to a reader %s is right', async (_, session, type) => {
    const { outcome, json } = await send(readSession(session))
    expect(outcome).toMatchObject({ kind: 'accepted', remote: { chat_id: '+4915112345678' } })
    expect(json).toMatchObject({ type, biz_opaque_callback_data: '01JDELIVERY' })
  })

  test('where nobody hears, free text goes first, as before', async () => {
    sink.replyWith(whatsappSession.answer)
    expect((await send({}, whatsappSession.settings(sink.url))).json).toMatchObject({ type: 'text' })
  })

  test('has a button, and no link beside it; a long text is cut above a button', async () => {
    const { json } = await send(readSession({ isOpen: true, at: noon }), settings(), 'word '.repeat(1_000))
    const buttons = [{ type: 'reply', reply: { id: ack.data, title: 'Acknowledge' } }]
    expect(json).toMatchObject({ interactive: { type: 'button', action: { buttons } } })
    expect(JSON.stringify(json)).not.toContain('/ack/x')
  })

  test.each<[string, Partial<ChannelContext>, Record<string, unknown>, string]>([
    ['nobody asks', { ack: null }, {}, 'text'],
    ['nobody can call us', { hookUrl: null }, {}, 'text'],
  ])('has none when %s', async (_, changes, its, type) => {
    const open = readSession({ isOpen: true, at: noon })
    expect((await send({ ...open, ...changes }, settings(its))).json).toMatchObject({ type })
  })

  test('a template carries the button, or words of no meaning where there is nothing to acknowledge', async () => {
    const button = (payload: unknown) => ({
      type: 'button',
      sub_type: 'quick_reply',
      index: '0',
      parameters: [{ type: 'payload', payload }],
    })
    expect((await send()).json).toMatchObject({ template: { components: [{ type: 'body' }, button(ack.data)] } })
    const { json } = await send({ ack: null })
    expect(json).toMatchObject({ template: { components: [{}, button('none:01JDELIVERY')] } })
  })
})

describe('the hook', () => {
  const query = '?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=CANARY-verify'

  test('says that it is ours when it is asked with the right word', async () => {
    expect(await hear({ headers: {}, query, body: '' })).toMatchObject({ said: '1158201444' })
  })

  test.each([
    ['another word', query.replace('CANARY', 'other')],
    ['no challenge', query.replace('hub.challenge', 'x')],
    ['a challenge that is a page', query.replace('1158201444', '%3Cscript%3E')],
    ['nothing', ''],
  ])('does not with %s', async (_, its) => {
    expect(await hear({ headers: {}, query: its, body: '' })).toMatchObject({ said: false })
  })

  test.each([
    ['forged', `sha256=${'0'.repeat(64)}`],
    ['missing', ''],
    ['of another secret', signCloudCall('{}', 'x')],
  ])('refuses a signature that is %s', async (_, signature) => {
    const given = await hear(callOf({ messages: [{ ...from, type: 'text' }] }, signature))
    expect(given).toEqual({ said: false, presses: [], results: [], sessions: [] })
  })

  test('refuses everything where there is no secret', async () => {
    const its = whatsappSession.settings(sink.url)
    expect(await hear(callOf({}), {}, its as ReturnType<typeof settings>)).toMatchObject({ said: false })
  })

  test.each<[string, Record<string, unknown>]>([
    [
      'of a text',
      { type: 'interactive', interactive: { type: 'button_reply', button_reply: { id: ack.data, title: 'A' } } },
    ],
    ['of a template', { type: 'button', button: { payload: ack.data, text: 'Acknowledge' } }],
  ])('hears a button %s, and says what became of it in the chat', async (_, message) => {
    const given = await hear(callOf({ contacts, messages: [{ ...from, ...message }] }))
    const press = { data: ack.data, address: '+4915112345678', by: 'whatsapp:Tim "T" 磊' }
    const sessions = [['106540352242922/+4915112345678', true]]
    expect(given).toEqual({ said: true, presses: [press], results: [], sessions })
    expect(sink.requests.at(-1)?.json).toMatchObject({
      to: '+4915112345678',
      context: { message_id: 'wamid.IN' },
      text: { body: 'acknowledged 1' },
    })
  })

  test('a button counts although nobody can be told', async () => {
    for (const reply of [{ status: 400, body: '{}' }, { fault: 'close' as const }]) {
      sink.script(reply)
      const given = await hear(callOf({ messages: [{ ...from, button: { payload: ack.data } }] }))
      expect(given).toMatchObject({ said: true, presses: [{ by: 'whatsapp:+4915112345678' }] })
    }
  })

  test('that could not be kept is not said to be', async () => {
    const onPress = async (): Promise<string> => {
      throw new StoreError('disk full')
    }
    await hear(callOf({ messages: [{ ...from, button: { payload: ack.data } }] }), { onPress })
    expect(sink.requests.at(-1)?.json).toMatchObject({ text: { body: expect.stringContaining('could not be kept') } })
  })

  test.each<[string, Record<string, unknown>, LateResult['outcome'] | null]>([
    ['sent', {}, null],
    ['delivered', {}, { kind: 'delivered', text: 'delivered' }],
    ['read', {}, { kind: 'delivered', text: 'read' }],
    [
      'failed',
      { errors: [{ code: 131026, title: 'Message undeliverable', error_data: { details: 'Not on WhatsApp.' } }] },
      {
        kind: 'permanent',
        scope: 'address',
        statusCode: null,
        text: 'failed: 131026 Message undeliverable Not on WhatsApp.',
      },
    ],
    [
      'failed',
      { errors: [{ code: 131056, title: 'Pair rate limit hit' }] },
      {
        kind: 'transient',
        waitMs: null,
        waitScope: 'delivery',
        statusCode: null,
        text: 'failed: 131056 Pair rate limit hit',
      },
    ],
    ['failed', {}, { kind: 'permanent', scope: 'message', statusCode: null, text: 'failed' }],
  ])('hears that a message is %s %j', async (status, more, outcome) => {
    const one = { id: 'wamid.OUT', status, recipient_id: '4915112345678', biz_opaque_callback_data: '01JDELIVERY' }
    const { said, results } = await hear(callOf({ statuses: [{ ...one, ...more }] }))
    const expected = { deliveryId: '01JDELIVERY', remote: { name: 'message_id', id: 'wamid.OUT' }, outcome }
    expect({ said, results }).toEqual({ said: true, results: outcome === null ? [] : [expected] })
  })

  test('too long ago is known from then on, and the template goes next', async () => {
    const errors = [{ code: 131047, title: 'Re-engagement message' }]
    const one = { id: 'w', status: 'failed', recipient_id: '4915112345678', biz_opaque_callback_data: 'D', errors }
    const given = await hear(callOf({ statuses: [one] }))
    expect(given.sessions).toEqual([['106540352242922/+4915112345678', false]])
    expect(given.results).toMatchObject([{ outcome: { kind: 'transient' } }])
  })

  test('takes and ignores what is of another kind', async () => {
    const odd = [{ statuses: [{ id: 'w', status: 'failed' }, 7] }, { messages: [null, { from: 'x' }] }, {}]
    for (const value of odd) {
      expect(await hear(callOf(value))).toEqual({ said: true, presses: [], results: [], sessions: [] })
    }
    for (const body of ['null', '[]', '{"entry":[{"changes":[{"value":1}]}]}', '<html>']) {
      const headers = { 'x-hub-signature-256': signCloudCall(body, 'CANARY-app-secret') }
      expect(await hear({ headers, query: '', body })).toMatchObject({ said: true, results: [] })
    }
  })

  test('hears for all numbers of an app, which it names without its secret', () => {
    const key = (changes: Record<string, unknown>) => whatsapp.listenKey?.(whatsapp.settings.parse(settings(changes)))
    expect(key({ phone_number_id: '999999999999999' })).toBe(key({}))
    expect(key({ app_secret: 'another-secret' })).not.toBe(key({}))
    expect(key({})).not.toContain('CANARY')
    expect(whatsapp.listenKey?.(whatsapp.settings.parse(whatsappSession.settings(sink.url)))).toBeNull()
  })
})

describe('at Twilio', () => {
  async function hearTwilio(fields: Record<string, string>, query = '') {
    const body = new URLSearchParams({ AccountSid: twilioAccount, ...fields })
    const signature = signTwilioCall(`https://alerts.example/hooks/channel${query}`, body, 'CANARY-token')
    const call = { headers: { 'x-twilio-signature': signature }, query, body: body.toString() }
    return hear(call, {}, whatsappTwilio.settings(sink.url) as ReturnType<typeof settings>)
  }

  test('who writes opens a session, and who is refused free text has none', async () => {
    const wrote = await hearTwilio({ MessageSid: 'SM1', From: 'whatsapp:+4915112345678', Body: 'hi' })
    expect(wrote).toMatchObject({ said: true, sessions: [['/+4915112345678', true]], results: [] })
    const fields = {
      MessageSid: 'SM2',
      MessageStatus: 'undelivered',
      ErrorCode: '63016',
      To: 'whatsapp:+4915112345678',
    }
    const late = await hearTwilio(fields, '?delivery=01JDELIVERY')
    expect(late).toMatchObject({
      sessions: [['/+4915112345678', false]],
      results: [{ outcome: { kind: 'transient' } }],
    })
  })
})

test.each<[string, Record<string, unknown>]>([
  ['a secret without a token', { verify_token: undefined }],
  ['a button nobody hears', { app_secret: undefined, verify_token: undefined }],
  ['the secret of Meta at Twilio', { ...whatsappTwilio.settings('http://x.example'), template_button: false }],
])('refuses settings with %s', (_, changes) => {
  expect(whatsapp.settings.safeParse({ ...settings(), ...changes }).success).toBe(false)
})
