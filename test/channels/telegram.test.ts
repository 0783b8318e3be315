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

async function send({ address = '111', settings = {}, context = {}, message = makeMessage() }: Given = {}) {
  const parsed = telegram.settings.parse({ bot_token: secretToken, base_url: server.url, ...settings })
  const outcome = await telegram.send(message, address, parsed, makeContext(outbound, context))
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
    fc.property(message, fc.boolean(), fc.boolean(), (given, html, short) => {
      const texts = renderTelegram(outlineMessage(makeMessage(given)), { html, short })
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
