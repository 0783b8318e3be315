import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { channelKinds, findChannelKind } from '#src/channels/index.js'
import type { ChannelContext, ChannelKind } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import { severities } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { type SmtpSink, startSmtpSink } from '../stand-ins/smtp-sink.js'
import { startTelegram, type TelegramStandIn } from '../stand-ins/telegram.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound, secretToken } from './context.js'

let outbound: Outbound
let http: WebhookSink
let telegram: TelegramStandIn
let smtp: SmtpSink

beforeAll(async () => {
  outbound = openOutbound()
  ;[http, telegram, smtp] = await Promise.all([startWebhookSink(), startTelegram(), startSmtpSink()])
})
afterAll(async () => {
  await Promise.all([http.stop(), telegram.stop(), smtp.stop()])
  await outbound.close()
})

/** Per kind: settings that work against the stand-ins, with every secret set, and an address. A new kind needs a line here. */
const examples: Record<string, () => { settings: Record<string, unknown>; address: string | null }> = {
  telegram: () => ({ settings: { bot_token: secretToken, base_url: telegram.url }, address: '111:2' }),
  email: () => ({ settings: { host: smtp.host, port: smtp.port }, address: 'tim@mailtrigger.app' }),
  slack: () => ({ settings: { webhook_url: `${http.url}/services/CANARY` }, address: null }),
  webhook: () => ({
    settings: { url: `${http.url}/CANARY`, secret: 'CANARY-secret', headers: { 'x-key': 'CANARY-key' } },
    address: null,
  }),
  inbox: () => ({ settings: {}, address: 'tim@mailtrigger.app' }),
  log: () => ({ settings: {}, address: null }),
}

const outcomeKinds = ['delivered', 'accepted', 'permanent', 'transient', 'unknown', 'retarget', 'degrade']

type Verb = 'send' | 'resolve' | 'update'

function sendExample(kind: ChannelKind, message: Message, changes: Partial<ChannelContext> = {}, verb: Verb = 'send') {
  const example = examples[kind.kind]?.()
  if (!example) throw new Error(`the contract test has no example for ${kind.kind}`)
  const perform = kind[verb]
  if (!perform) throw new Error(`${kind.kind} has no ${verb}`)
  return perform(message, example.address, kind.settings.parse(example.settings), makeContext(outbound, changes))
}

/** Everything a kind can do with a message. Without `resolve` or `update` the program does without. */
function verbsOf(kind: ChannelKind): Verb[] {
  return (['send', 'resolve', 'update'] as const).filter((verb) => kind[verb] !== undefined)
}

const ack = { url: 'https://alerts.example/ack/CANARY-link', data: 'ack:01JDELIVERY.CANARY' }

/** Sends an alert, and gives what a follow-up is told of it. */
async function sendAlert(kind: ChannelKind): Promise<Record<string, string>> {
  const outcome = await sendExample(kind, makeMessage(), { ack })
  if (!('remote' in outcome)) throw new Error(`the alert is ${outcome.kind}`)
  return outcome.remote
}

test('THE list has every kind once, and finds them by name', () => {
  expect(channelKinds.map(({ kind }) => kind)).toEqual(['telegram', 'email', 'slack', 'webhook', 'inbox', 'log'])
  for (const kind of channelKinds) expect(findChannelKind(kind.kind)).toBe(kind)
  expect(findChannelKind('constructor')).toBeNull()
})

describe.each(channelKinds.map((kind) => [kind.kind, kind] as const))('%s', (name, kind) => {
  test('describes itself', () => {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(kind.label).not.toBe('')
    expect(kind.description).toMatch(/\.$/)
    expect(kind.capabilities.textMax).toBeGreaterThan(0)
    expect(kind.concurrency).toBeGreaterThan(0)
    if (kind.address) expect(kind.address.hint).not.toBe('')
  })

  test('refuses unknown settings and has a JSON Schema', () => {
    const { settings } = examples[name]?.() ?? { settings: {} }
    expect(kind.settings.safeParse(settings).success).toBe(true)
    expect(kind.settings.safeParse({ ...settings, no_such_key: 1 }).success).toBe(false)
    const schema = z.toJSONSchema(kind.settings, { io: 'input' })
    expect(schema.additionalProperties).toBe(false)
    for (const secret of kind.secrets) expect(schema.properties).toHaveProperty(secret.split('.')[0] ?? '')
    if (kind.address) z.toJSONSchema(kind.address.schema, { io: 'input' })
  })

  test('delivers a plain message', async () => {
    expect(['delivered', 'accepted']).toContain((await sendExample(kind, makeMessage())).kind)
  })

  test('its destination holds no secret, and an address leads to people', () => {
    const destination = kind.destination(kind.settings.parse(examples[name]?.().settings))
    expect(destination ?? '').not.toContain('CANARY')
  })

  test('survives a megabyte, nothing at all, right-to-left text, and lone surrogates', async () => {
    const messages = [
      makeMessage({
        title: 'x'.repeat(1_000_000),
        text: '<&>"\'😀 '.repeat(125_000),
        notes: Array(50).fill('n'.repeat(9_999)),
      }),
      makeMessage({ title: '', text: '', from: '', labels: {} }),
      makeMessage({ title: '\u202eשלום', text: 'مرحبا\u2067 عالم', from: '\ud800' }),
      makeMessage({ title: '\ud800', text: '\udc00\ud83d', receivedAt: Number.NaN }),
      makeMessage({
        links: [
          { label: '', url: 'javascript:alert(1)' },
          { label: '\ud800', url: 'https://x.example/\ud800' },
        ],
      }),
    ]
    for (const message of messages) {
      const outcome = await sendExample(kind, message)
      expect(['delivered', 'accepted']).toContain(outcome.kind)
    }
  })

  test('never throws, and never tells a secret, whatever the message', async () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom('<', '&', '"', '\r\n', '\0', '\ud800', '%', 'a') }),
    )
    const message: fc.Arbitrary<Message> = fc.record({
      title: text,
      text,
      severity: fc.constantFrom(...severities),
      from: text,
      labels: fc.dictionary(text, text, { maxKeys: 3 }),
      links: fc.array(fc.record({ label: text, url: fc.oneof(text, fc.webUrl()) }), { maxLength: 3 }),
      attachments: fc.array(fc.record({ filename: text, contentType: text, sizeBytes: fc.nat() }), { maxLength: 3 }),
      notes: fc.array(text, { maxLength: 3 }),
      mailId: text,
      receivedAt: fc.oneof(fc.integer(), fc.constant(Number.MAX_SAFE_INTEGER)),
    })
    const form = fc.constantFrom('full', 'plain', 'short', 'no_attachment')
    await fc.assert(
      fc.asyncProperty(message, form, text, async (given, form, filename) => {
        const attachments = [{ filename, contentType: filename, sizeBytes: 1, content: Buffer.from('x') }]
        const outcome = await sendExample(kind, given, { form, loadMail: async () => makeMail({ attachments }) })
        expect(['delivered', 'accepted']).toContain(outcome.kind)
        expect(JSON.stringify(outcome)).not.toContain('CANARY')
      }),
      { numRuns: 25 },
    )
  })

  test('its limits are limits', () => {
    for (const rate of [kind.rates.channel, kind.rates.address]) {
      if (rate === null) continue
      expect(rate.count).toBeGreaterThan(0)
      expect(rate.perMs).toBeGreaterThanOrEqual(1_000)
    }
  })

  test('tells what it sent, and follow-ups find it', async () => {
    const sent = await sendAlert(kind)
    for (const verb of verbsOf(kind)) {
      const message = makeMessage({ title: `after: ${verb}`, notes: ['by Tim'] })
      const outcome = await sendExample(kind, message, { sent, deliveryId: `01J${verb}` }, verb)
      expect(['delivered', 'accepted']).toContain(outcome.kind)
      expect(JSON.stringify(outcome)).not.toContain('CANARY')
    }
  })

  test('a follow-up on nobody knows what is an outcome, too', async () => {
    const strange: (Record<string, string> | null)[] = [
      null,
      {},
      { message_id: '', chat_id: 'x', ts: '', channel: 'y' },
    ]
    for (const verb of verbsOf(kind)) {
      for (const sent of strange) {
        expect(outcomeKinds).toContain((await sendExample(kind, makeMessage(), { sent }, verb)).kind)
      }
    }
  })

  test('every answer of the far end is an outcome without secrets', async () => {
    const { settings } = examples[name]?.() ?? { settings: {} }
    const sent = await sendAlert(kind)
    for (const verb of verbsOf(kind)) {
      for (const status of [200, 302, 400, 401, 403, 404, 409, 410, 413, 422, 429, 500, 503]) {
        const text = `refused ${JSON.stringify(settings)}`
        const outcome = await sendExample(
          kind,
          makeMessage(),
          {
            ack,
            sent,
            request: async () => ({ status, headers: {}, text, truncated: false }),
            fetch: async () =>
              new Response(JSON.stringify({ ok: false, error_code: status, description: text }), { status }),
          },
          verb,
        )
        expect(outcomeKinds).toContain(outcome.kind)
        expect(outcome.text.length).toBeLessThanOrEqual(1_000)
        expect(JSON.stringify(outcome)).not.toContain('CANARY')
      }
    }
  })

  test('an attempt that is ended, before or while it calls, is an outcome', async () => {
    const sent = await sendAlert(kind)
    for (const verb of verbsOf(kind)) {
      const reason = new DOMException('too late', 'TimeoutError')
      const signal = AbortSignal.abort(reason)
      expect(outcomeKinds).toContain((await sendExample(kind, makeMessage(), { sent, signal }, verb)).kind)
      const aborter = new AbortController()
      const endSoon = () => void setImmediate(() => aborter.abort(reason))
      const changes: Partial<ChannelContext> = {
        sent,
        signal: aborter.signal,
        request: (call) => {
          endSoon()
          return outbound.request(call)
        },
        fetch: (input, init) => {
          endSoon()
          return outbound.fetch(input, init)
        },
      }
      expect(outcomeKinds).toContain((await sendExample(kind, makeMessage(), changes, verb)).kind)
    }
  })
})

test('who asks to be acknowledged gets a link or a button from every kind that people read', async () => {
  const saved: Message[] = []
  const saveToInbox: ChannelContext['saveToInbox'] = async ({ message }) => `inbox-${saved.push(message)}`
  for (const kind of channelKinds) await sendExample(kind, makeMessage(), { ack, saveToInbox })
  expect(telegram.shown().at(-1)?.buttons).toEqual([{ text: 'Acknowledge', data: ack.data }])
  expect(smtp.mails.at(-1)?.raw.replaceAll('=\r\n', '')).toContain(ack.url)
  expect(http.requests.map(({ body }) => body).slice(-2)).toEqual(Array(2).fill(expect.stringContaining(ack.url)))
  expect(saved[0]?.links).toEqual([{ label: 'Acknowledge', url: ack.url }])
})

test('the inbox keeps the message for its recipient; the log gets one line', async () => {
  const saved: unknown[] = []
  const lines: [string, Record<string, unknown>][] = []
  const changes: Partial<ChannelContext> = {
    saveToInbox: async (entry) => `inbox-${saved.push(entry)}`,
    log: (line, facts) => lines.push([line, facts]),
  }
  const [inbox, log] = [findChannelKind('inbox'), findChannelKind('log')]
  if (!inbox || !log) throw new Error('inbox and log are in THE list')
  const message = makeMessage({ title: 'a\nb', text: 'x '.repeat(1_000) })
  expect(await sendExample(inbox, message, changes)).toMatchObject({
    kind: 'delivered',
    remote: { inbox_id: 'inbox-1' },
  })
  expect(saved).toEqual([{ recipient: 'tim@mailtrigger.app', message }])
  expect(inbox.address).toBeNull()
  expect(inbox.destination({})).toBeNull()
  await sendExample(log, message, changes)
  expect(lines).toHaveLength(1)
  expect(lines[0]?.[0]).toBe('a b')
  expect(String(lines[0]?.[1].text).length).toBeLessThanOrEqual(300)
})
