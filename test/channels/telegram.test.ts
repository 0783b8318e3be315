import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderTelegram } from '#src/channels/dialects/telegram-html.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { telegram } from '#src/channels/telegram.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Outbound } from '#src/outbound/client.js'
import { startTelegram, type TelegramReply, type TelegramStandIn } from '../stand-ins/telegram.js'
import { parseTelegramHtml } from '../stand-ins/telegram-html.js'
import { makeContext, makeMessage, openOutbound, secretToken } from './context.js'

let server: TelegramStandIn
let outbound: Outbound
beforeEach(async () => {
  server = await startTelegram()
  outbound = openOutbound()
})
afterEach(async () => {
  await server.stop()
  await outbound.close()
})

interface Given {
  address?: string | null
  settings?: Record<string, unknown>
  context?: Partial<ChannelContext>
  message?: ReturnType<typeof makeMessage>
}

type Verb = 'send' | 'resolve' | 'update'

const send = (given: Given = {}) => call('send', given)

async function call(verb: Verb, { address = '111', settings = {}, context = {}, message = makeMessage() }: Given = {}) {
  const parsed = telegram.settings.parse({ bot_token: secretToken, base_url: server.url, ...settings })
  const perform = telegram[verb]
  if (!perform) throw new Error(`telegram has ${verb}`)
  const outcome = await perform(message, address, parsed, makeContext(outbound, context))
  expect(JSON.stringify(outcome)).not.toContain('CANARY')
  return outcome
}

describe('a message', () => {
  test('has title, text, notes, attachments, links and foot', async () => {
    const message = makeMessage({
      title: 'x < "y" & z',
      text: 'Line <b>one</b>\r\n\r\n\r\n\r\nline &lt; two   ',
      notes: ["owners are from yesterday's copy"],
      links: [{ label: 'Open', url: 'https://x.example/?a=1&b=2' }],
      attachments: [{ filename: 'a<b>.pdf', contentType: 'x/y', sizeBytes: 12_345 }],
    })
    const outcome = await send({ address: '-100123:7', message })
    expect(outcome).toMatchObject({
      kind: 'delivered',
      statusCode: 200,
      remote: { chat_id: '-100123', message_id: '1' },
    })
    expect(server.calls).toHaveLength(1)
    const call = server.calls[0]
    expect(call).toMatchObject({ token: secretToken, method: 'sendMessage', status: 200 })
    expect(call?.payload).toMatchObject({
      chat_id: '-100123',
      message_thread_id: 7,
      parse_mode: 'HTML',
      link_preview_options: { is_disabled: true },
      disable_notification: false,
    })
    expect(call?.payload.text).toContain('<a href="https://x.example/?a=1&amp;b=2">Open</a>')
    expect(call?.text.split('\n')).toEqual([
      '🔴 x < "y" & z',
      '',
      'Line <b>one</b>',
      '',
      'line &lt; two',
      '',
      "⚠️ owners are from yesterday's copy",
      '📎 a<b>.pdf (12 KB)',
      '🔗 Open',
      'Critical · from cron@db1.example · 2026-08-01 12:00 UTC',
    ])
  })

  test('goes to the settings’ own chat, plain and silent when told', async () => {
    const settings = { chat_id: -100123, parse_mode: 'plain', disable_notification: true, disable_preview: false }
    await send({ address: null, settings, message: makeMessage({ text: '<b>' }) })
    expect(server.calls[0]?.payload).toMatchObject({
      chat_id: '-100123',
      disable_notification: true,
      link_preview_options: { is_disabled: false },
    })
    expect(server.calls[0]?.payload.parse_mode).toBeUndefined()
    expect(server.calls[0]?.text).toContain('<b>')
  })

  test('longer than 4,096 code points comes in up to four parts, with the foot on the last', async () => {
    const outcome = await send({ message: makeMessage({ text: `${'word & <tag> 😀 '.repeat(30)}\n\n`.repeat(60) }) })
    expect(server.messages()).toHaveLength(4)
    expect(outcome).toMatchObject({ kind: 'delivered', remote: { message_id: '1', message_ids: '1,2,3,4' } })
    const texts = server.calls.map(({ text }) => text)
    expect(texts[1]).toMatch(/^\(2\/4\)\n\n/)
    expect(texts[3]).toMatch(/…\n\nCritical · /)
    for (const text of texts.slice(0, 3)) expect(text).not.toMatch(/Critical ·/)
  })

  test('nothing but invisible characters still says who and when', async () => {
    await send({ message: makeMessage({ title: '\u200b', text: '\u2800\n\u200b' }) })
    expect(server.messages()[0]?.text).toMatch(/^🔴 \(no subject\)\n\nCritical/)
  })
})

describe('refusals', () => {
  const cases: [string, TelegramReply, Record<string, unknown>][] = [
    [
      '429',
      { error_code: 429, description: 'Too Many Requests: retry after 35', parameters: { retry_after: 35 } },
      { kind: 'transient', waitMs: 35_000, waitScope: 'address' },
    ],
    [
      '429 for a week',
      { error_code: 429, description: 'x', parameters: { retry_after: 604_800 } },
      { kind: 'transient', waitMs: 21_600_000 },
    ],
    ['500', { error_code: 500, description: 'Internal Server Error' }, { kind: 'transient', waitMs: null }],
    [
      'blocked',
      { error_code: 403, description: 'Forbidden: bot was blocked by the user' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'kicked',
      { error_code: 403, description: 'Forbidden: bot was kicked from the supergroup chat' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'deactivated',
      { error_code: 403, description: 'Forbidden: user is deactivated' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'chat not found',
      { error_code: 400, description: 'Bad Request: chat not found' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'thread not found',
      { error_code: 400, description: 'Bad Request: message thread not found' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'topic closed',
      { error_code: 400, description: 'Bad Request: TOPIC_CLOSED' },
      { kind: 'permanent', scope: 'address' },
    ],
    [
      'no rights',
      { error_code: 400, description: 'Bad Request: not enough rights to send text messages to the chat' },
      { kind: 'permanent', scope: 'address' },
    ],
    ['token', { error_code: 401, description: 'Unauthorized' }, { kind: 'permanent', scope: 'channel' }],
    ['no such bot', { error_code: 404, description: 'Not Found' }, { kind: 'permanent', scope: 'channel' }],
    [
      'another 400',
      { error_code: 400, description: 'Bad Request: something new' },
      { kind: 'permanent', scope: 'message' },
    ],
    [
      'entities',
      { error_code: 400, description: "Bad Request: can't parse entities: Unsupported start tag" },
      { kind: 'degrade', to: 'plain' },
    ],
    [
      'too long',
      { error_code: 400, description: 'Bad Request: message is too long' },
      { kind: 'degrade', to: 'short' },
    ],
    [
      'moved',
      {
        error_code: 400,
        description: 'Bad Request: group chat was upgraded to a supergroup chat',
        parameters: { migrate_to_chat_id: -1001234 },
      },
      { kind: 'retarget', address: '-1001234' },
    ],
    ['a proxy’s 502 page', { status: 502, body: '<html>Bad gateway</html>' }, { kind: 'transient', statusCode: 502 }],
    [
      'a proxy’s 503 with a wait',
      { status: 503, headers: { 'retry-after': '9' }, body: 'x' },
      { kind: 'transient', waitMs: 9_000 },
    ],
    ['a login page', { status: 200, body: '<html>' }, { kind: 'unknown' }],
    ['connection lost after sending', { fault: 'close' }, { kind: 'unknown' }],
    ['connection lost in the answer', { fault: 'close_mid_answer' }, { kind: 'unknown' }],
  ]
  test.each(cases)('%s', async (_, reply, expected) => {
    server.script(reply)
    expect(await send()).toMatchObject(expected)
    expect(server.calls).toHaveLength(1)
  })

  test('once degraded, the same refusal is for good', async () => {
    server.script({ error_code: 400, description: "Bad Request: can't parse entities: x" })
    expect(await send({ context: { form: 'plain' } })).toMatchObject({ kind: 'permanent', scope: 'message' })
    server.script({ error_code: 400, description: 'Bad Request: message is too long' })
    expect(await send({ context: { form: 'short' } })).toMatchObject({ kind: 'permanent', scope: 'message' })
    expect(server.calls.map(({ payload }) => payload.parse_mode)).toEqual([undefined, undefined])
  })

  test('nobody there: nothing was sent', async () => {
    await server.stop()
    expect(await send()).toMatchObject({ kind: 'transient' })
    server = await startTelegram()
  })

  test('the deadline after sending leaves the outcome unknown', async () => {
    server.script({ fault: 'hang' })
    const aborter = new AbortController()
    const outcome = send({ context: { signal: aborter.signal } })
    await server.waitFor(1)
    aborter.abort(new DOMException('too late', 'TimeoutError'))
    expect(await outcome).toMatchObject({ kind: 'unknown' })
  })

  test.each([
    { error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 3 } },
    { fault: 'close' },
  ] as const)('a later part that fails does not send the first again: %o', async (reply) => {
    server.script(null, reply)
    const outcome = await send({ message: makeMessage({ text: 'word '.repeat(3_000) }) })
    expect(outcome).toMatchObject({ kind: 'accepted', remote: { message_id: '1', parts_sent: '1/4' } })
    expect(outcome.text).toMatch(/^1 of 4 parts sent/)
    expect(server.calls).toHaveLength(2)
  })

  test.each([null, '', 'nonsense', '1:2:3', 'a b'])('address %j is no chat', async (address) => {
    expect(await send({ address })).toMatchObject({ kind: 'permanent', scope: 'address' })
    expect(server.calls).toHaveLength(0)
  })
})

test('a chat of the settings’ own that has moved is reached where it moved to', async () => {
  await send({ address: '-1001234', settings: { chat_id: -99 } })
  expect(server.messages()[0]?.chat).toBe('-1001234')
})

const ack = { url: 'https://alerts.example/ack/token?a=1&b=2', data: 'ack:01JDELIVERY' }
const long = () => makeMessage({ text: `${'word & <tag> 😀 '.repeat(30)}\n\n`.repeat(60) })

/** Sends an alert that asks to be acknowledged, and gives what a follow-up is told of it. */
async function sendAlert(given: Given = {}): Promise<Record<string, string>> {
  const outcome = await send({ ...given, context: { ack, ...given.context } })
  if (outcome.kind !== 'delivered') throw new Error(`the alert is ${outcome.kind}`)
  return outcome.remote
}

describe('the button', () => {
  test('is under the last part, and remembered', async () => {
    const remote = await sendAlert({ message: long() })
    expect(remote).toMatchObject({ chat_id: '111', message_ids: '1,2,3,4', button: 'acknowledge' })
    expect(server.shown().map(({ buttons }) => buttons)).toEqual([
      [],
      [],
      [],
      [{ text: 'Acknowledge', data: 'ack:01JDELIVERY' }],
    ])
    expect(server.shown()[3]?.text).not.toContain('Acknowledge')
  })

  test.each([
    ['off: a link', { updates: 'off' }, ack, 'link'],
    ['off, and no public URL: nothing', { updates: 'off' }, { ...ack, url: null }, 'none'],
    ['polling, and no public URL: a button all the same', {}, { ...ack, url: null }, 'button'],
    ['webhook', { updates: 'webhook' }, ack, 'button'],
    ['webhook, and no public URL for it: nothing', { updates: 'webhook' }, { ...ack, url: null }, 'none'],
    ['nobody waits for it', {}, null, 'none'],
  ] as const)('%s', async (_, settings, offer, expected) => {
    const outcome = await send({ settings, context: { ack: offer } })
    const [shown] = server.shown()
    const payload = server.calls[0]?.payload
    expect(shown?.buttons).toHaveLength(expected === 'button' ? 1 : 0)
    expect(
      String(payload?.text).includes('<a href="https://alerts.example/ack/token?a=1&amp;b=2">Acknowledge</a>'),
    ).toBe(expected === 'link')
    expect('remote' in outcome && outcome.remote.button).toBe(expected === 'button' ? 'acknowledge' : undefined)
  })

  test('that is refused is left out, and the link takes its place', async () => {
    server.script({ error_code: 400, description: 'Bad Request: BUTTON_DATA_INVALID' })
    expect(await send({ context: { ack } })).toMatchObject({ kind: 'degrade', to: 'short' })
    await send({
      context: { ack, form: 'short' },
      message: makeMessage({ links: [{ label: 'x', url: 'https://x.example/' }] }),
    })
    expect(server.shown()[0]).toMatchObject({
      buttons: [],
      text: expect.stringMatching(/🔗 Acknowledge: https:\S+\nCritical/),
    })
  })

  test('carries up to 64 bytes', async () => {
    await sendAlert({ context: { ack: { url: null, data: 'x'.repeat(64) } } })
    expect(server.shown()[0]?.buttons[0]?.data).toHaveLength(64)
  })
})

describe('a follow-up', () => {
  test('is a reply in the same topic, and takes the button away', async () => {
    const sent = await sendAlert({ address: '-100123:7' })
    const message = makeMessage({ title: 'Resolved: disk full', severity: 'resolved' })
    const outcome = await call('resolve', { address: '-100123:7', context: { sent }, message })
    expect(outcome).toMatchObject({ kind: 'delivered', remote: { message_id: '2' } })
    expect(server.shown()).toMatchObject([
      { id: 1, topic: 7, buttons: [], edits: 1, text: expect.stringContaining('Only 3 %') },
      { id: 2, topic: 7, replyTo: 1, text: expect.stringMatching(/^🟢 Resolved/) },
    ])
  })

  test('replies to the first part, and takes the button from the last', async () => {
    const sent = await sendAlert({ message: long() })
    await call('resolve', { context: { sent } })
    expect(server.shown().map(({ buttons }) => buttons.length)).toEqual([0, 0, 0, 0, 0])
    expect(server.shown()[4]?.replyTo).toBe(1)
  })

  test('arrives when the alert is gone, and when its button cannot be taken away', async () => {
    const sent = await sendAlert()
    const gone = { ...sent, message_id: '999' }
    expect(await call('resolve', { context: { sent: gone } })).toMatchObject({ kind: 'delivered' })
    server.script(null, { fault: 'close' })
    expect(await call('resolve', { context: { sent } })).toMatchObject({ kind: 'delivered' })
    server.script(null, { error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 9 } })
    expect(await call('resolve', { context: { sent } })).toMatchObject({ kind: 'delivered' })
    expect(server.shown().map(({ replyTo }) => replyTo)).toEqual([null, null, 1, 1])
  })

  test('touches no message that had no button, and none when it did not arrive itself', async () => {
    const sent = await sendAlert()
    const { button: _, ...plain } = sent
    await call('resolve', { context: { sent: plain } })
    server.script({ error_code: 500, description: 'Internal Server Error' })
    expect(await call('resolve', { context: { sent } })).toMatchObject({ kind: 'transient' })
    expect(server.calls.map(({ method }) => method)).toEqual(['sendMessage', 'sendMessage', 'sendMessage'])
  })

  test('in another chat is no reply: message ids mean nothing there', async () => {
    const sent = await sendAlert()
    await call('resolve', { address: '222', context: { sent: { ...sent, button: '' } } })
    expect(server.calls[1]?.payload.reply_parameters).toBeUndefined()
  })

  test('to a channel by its name is a reply, too', async () => {
    const sent = await sendAlert({ address: '@ops_alerts' })
    expect(sent.chat_id).toMatch(/^-100\d+$/)
    await call('resolve', { address: '@ops_alerts', context: { sent } })
    expect(server.shown()).toMatchObject([{ buttons: [] }, { replyTo: 1 }])
  })

  test('a repeat is a reply with a button of its own', async () => {
    const sent = await sendAlert()
    await send({ context: { sent, ack } })
    expect(server.shown()).toMatchObject([{ buttons: [{}] }, { replyTo: 1, buttons: [{}] }])
  })
})

describe('an update', () => {
  const acknowledged = makeMessage({ notes: ['acknowledged by Tim'] })

  test('changes the text and takes the button away', async () => {
    const sent = await sendAlert()
    const outcome = await call('update', { context: { sent }, message: acknowledged })
    expect(outcome).toMatchObject({ kind: 'delivered', remote: { chat_id: '111', message_id: '1' } })
    expect(server.calls[1]).toMatchObject({
      method: 'editMessageText',
      payload: { chat_id: '111', message_id: 1, parse_mode: 'HTML', reply_markup: { inline_keyboard: [] } },
    })
    expect(server.shown()).toMatchObject([
      { buttons: [], edits: 1, text: expect.stringMatching(/^🔴 Disk full.*⚠️ acknowledged by Tim\nCritical/s) },
    ])
  })

  test('of several parts changes the last one only, cut at the same place', async () => {
    const text = 'word '.repeat(1_000)
    const sent = await sendAlert({ message: makeMessage({ text }) })
    const before = server.shown().map((shown) => ({ ...shown }))
    expect(before).toHaveLength(2)
    await call('update', { context: { sent }, message: { ...acknowledged, text, notes: ['n'.repeat(200), 'by Tim'] } })
    const after = server.shown()
    expect(after[0]).toEqual(before[0])
    expect(after[1]?.edits).toBe(1)
    expect(after[1]?.text.startsWith(before[1]?.text.replace(/\n\nCritical.*$/, '') ?? '?')).toBe(true)
    expect(after[1]?.text).toContain('⚠️ by Tim')
  })

  test('of a message of which only a part arrived changes that part', async () => {
    server.script(null, { error_code: 500, description: 'Internal Server Error' })
    const partial = await send({ message: makeMessage({ text: 'word '.repeat(3_000) }), context: { ack } })
    if (partial.kind !== 'accepted') throw new Error(partial.kind)
    const outcome = await call('update', { context: { sent: partial.remote }, message: acknowledged })
    expect(outcome).toMatchObject({ kind: 'delivered' })
    expect(server.shown()[0]?.text).toContain('acknowledged by Tim')
  })

  test('says who it was, however many notes there are and however short it has to be', async () => {
    const sent = await sendAlert()
    const notes = [...Array.from({ length: 9 }, (_, index) => `note ${index}`), 'acknowledged by Tim']
    for (const form of ['full', 'short'] as const) {
      await call('update', { context: { sent, form }, message: makeMessage({ notes }) })
      expect(server.shown()[0]?.text).toContain('⚠️ acknowledged by Tim\nCritical')
    }
  })

  test('twice is done', async () => {
    const sent = await sendAlert()
    await call('update', { context: { sent }, message: acknowledged })
    const again = await call('update', { context: { sent }, message: acknowledged })
    expect(again).toMatchObject({ kind: 'delivered', text: expect.stringContaining('already') })
  })

  const refusals: [string, TelegramReply, Record<string, unknown>][] = [
    [
      'gone',
      { error_code: 400, description: 'Bad Request: message to edit not found' },
      { kind: 'permanent', scope: 'message' },
    ],
    [
      'too old',
      { error_code: 400, description: "Bad Request: message can't be edited" },
      { kind: 'permanent', scope: 'message' },
    ],
    ['kicked', { error_code: 403, description: 'Forbidden: bot was kicked' }, { kind: 'permanent', scope: 'address' }],
    ['token', { error_code: 401, description: 'Unauthorized' }, { kind: 'permanent', scope: 'channel' }],
    [
      'entities',
      { error_code: 400, description: "Bad Request: can't parse entities: x" },
      { kind: 'degrade', to: 'plain' },
    ],
    [
      'moved',
      { error_code: 400, description: 'Bad Request: upgraded', parameters: { migrate_to_chat_id: -1001 } },
      { kind: 'permanent', scope: 'message' },
    ],
    [
      '429',
      { error_code: 429, description: 'Too Many Requests', parameters: { retry_after: 5 } },
      { kind: 'transient', waitMs: 5_000, waitScope: 'address' },
    ],
    ['lost', { fault: 'close' }, { kind: 'unknown' }],
  ]
  test.each(refusals)('%s', async (_, reply, expected) => {
    const sent = await sendAlert()
    server.script(reply)
    expect(await call('update', { context: { sent }, message: acknowledged })).toMatchObject(expected)
  })

  const unknown: (Record<string, string> | null)[] = [
    null,
    {},
    { chat_id: '111' },
    { chat_id: '111', message_id: 'x' },
    { chat_id: '1', message_ids: '1,,2' },
  ]
  test.each(unknown)('of nobody knows what (%j) is for good', async (sent) => {
    expect(await call('update', { context: { sent } })).toMatchObject({ kind: 'permanent', scope: 'message' })
    expect(server.calls).toHaveLength(0)
  })
})

test.each([
  ['{}', {}],
  ['no message id', { chat: { id: 1 } }],
  ['a text', 'hello'],
])('a result that is no message (%s) leaves the outcome unknown', async (_, result) => {
  const body = JSON.stringify({ ok: true, result })
  server.script({ status: 200, headers: { 'content-type': 'application/json' }, body })
  expect(await send()).toMatchObject({ kind: 'unknown' })
})

test.each([
  ['111', true],
  [111, true],
  [-100123, true],
  ['-100123:7', true],
  ['@channel_name', true],
  ['@abc', false],
  ['1.5', false],
  [1.5, false],
  ['', false],
  ['222:', false],
  ['x', false],
])('address %j: %s', (address, valid) => expect(telegram.address?.schema.safeParse(address).success).toBe(valid))

test('whatever a message holds, Telegram takes its HTML', () => {
  const nasty = fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      '/',
      'b',
      '&lt;',
      '&#60;',
      '<b>',
      '</i>',
      '😀',
      '👩‍👩‍👧',
      '\ud800',
      '\u202e',
      '\n\n',
      ' ',
      'שלום',
      'é',
    ),
    maxLength: 60,
  })
  const repeated = fc.tuple(nasty, fc.integer({ min: 0, max: 400 })).map(([text, times]) => text.repeat(times))
  const message = fc.record({
    title: fc.oneof(nasty, repeated),
    text: repeated,
    from: nasty,
    notes: fc.array(repeated, { maxLength: 7 }),
    links: fc.array(fc.record({ label: nasty, url: fc.oneof(fc.webUrl({ withQueryParameters: true }), nasty) }), {
      maxLength: 12,
    }),
    attachments: fc.array(fc.record({ filename: nasty, contentType: nasty, sizeBytes: fc.nat() }), { maxLength: 12 }),
  })
  fc.assert(
    fc.property(message, fc.boolean(), fc.boolean(), fc.constantFrom(null, 1, 2, 4), (given, html, short, parts) => {
      const texts = renderTelegram(outlineMessage(makeMessage(given)), { html, short, parts })
      if (parts !== null && !short) expect(texts).toHaveLength(parts)
      expect(texts.length).toBeGreaterThan(0)
      expect(texts.length).toBeLessThanOrEqual(short ? 1 : 4)
      for (const text of texts) {
        const parsed = html ? parseTelegramHtml(text) : { ok: true as const, text }
        expect(parsed.ok).toBe(true)
        if (parsed.ok) expect([...parsed.text].length).toBeLessThanOrEqual(4_096)
        expect(text).not.toMatch(/\p{Surrogate}/u)
      }
    }),
    { numRuns: 60 },
  )
})
