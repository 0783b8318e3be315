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

async function sendExample(kind: ChannelKind, message: Message, changes: Partial<ChannelContext> = {}) {
  const example = examples[kind.kind]?.()
  if (!example) throw new Error(`the contract test has no example for ${kind.kind}`)
  return kind.send(message, example.address, kind.settings.parse(example.settings), makeContext(outbound, changes))
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

  test('every answer of the far end is an outcome without secrets', async () => {
    const { settings, address } = examples[name]?.() ?? { settings: {}, address: null }
    const parsed = kind.settings.parse(settings)
    for (const status of [302, 400, 401, 403, 404, 410, 413, 422, 429, 500, 503]) {
      const text = `refused ${JSON.stringify(settings)}`
      const context = makeContext(outbound, {
        request: async () => ({ status, headers: {}, text, truncated: false }),
        fetch: async () =>
          new Response(JSON.stringify({ ok: false, error_code: status, description: text }), { status }),
      })
      const outcome = await kind.send(makeMessage(), address, parsed, context)
      expect(outcomeKinds).toContain(outcome.kind)
      expect(outcome.text.length).toBeLessThanOrEqual(1_000)
      expect(JSON.stringify(outcome)).not.toContain('CANARY')
    }
  })
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
