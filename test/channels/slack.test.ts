import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderSlack } from '#src/channels/dialects/slack-mrkdwn.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { slack } from '#src/channels/slack.js'
import type { Outbound } from '#src/outbound/client.js'
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

const webhookUrl = 'https://hooks.slack.com/services/T0/B0/CANARY'

async function send(
  settings: Record<string, unknown>,
  address: string | null = null,
  changes = {},
  message = makeMessage(),
) {
  const parsed = slack.settings.parse({ base_url: sink.url, ...settings })
  const outcome = await slack.send(message, address, parsed, makeContext(outbound, changes))
  expect(JSON.stringify(outcome)).not.toContain('CANARY')
  return outcome
}

const viaWebhook = (changes = {}, message = makeMessage()) => send({ webhook_url: webhookUrl }, null, changes, message)
const viaBot = (address: string | null = 'U012AB3CD', changes = {}) =>
  send({ bot_token: 'xoxb-CANARY' }, address, changes)

test('a webhook gets blocks, and a text for notifications; a mail can ping nobody', async () => {
  const text = 'Hey <!channel> & <@U123> see https://x.example/a?b=1&c=2.'
  expect(await viaWebhook({}, makeMessage({ text }))).toMatchObject({ kind: 'accepted', statusCode: 200 })
  expect(sink.requests[0]).toMatchObject({ method: 'POST', path: '/services/T0/B0/CANARY' })
  expect(sink.requests[0]?.json).toMatchObject({
    unfurl_links: false,
    text: expect.stringMatching(/^🔴 Disk full on db1\n\nHey &lt;!channel&gt; &amp; &lt;@U123&gt; /),
    blocks: [
      { type: 'header', text: { type: 'plain_text', text: '🔴 Disk full on db1' } },
      {
        type: 'section',
        text: {
          type: 'mrkdwn',
          verbatim: true,
          text: 'Hey &lt;!channel&gt; &amp; &lt;@U123&gt; see <https://x.example/a?b=1&amp;c=2>.',
        },
      },
      { type: 'context', elements: [{ text: 'Critical · from cron@db1.example · 2026-08-01 12:00 UTC' }] },
    ],
  })
})

test('a bot posts to the person, or to the settings’ channel', async () => {
  sink.replyWith(() => ({ status: 200, body: '{"ok":true,"ts":"1.2","channel":"C9"}' }))
  expect(await viaBot()).toMatchObject({ kind: 'delivered', remote: { ts: '1.2', channel: 'C9' } })
  expect(sink.requests[0]).toMatchObject({
    path: '/api/chat.postMessage',
    json: { channel: 'U012AB3CD', parse: 'none', link_names: false },
  })
  expect(sink.requests[0]?.headers.authorization).toBe('Bearer xoxb-CANARY')
  await send({ bot_token: 'xoxb-CANARY', channel: '#ops' }, null)
  expect(sink.requests[1]?.json).toMatchObject({ channel: '#ops' })
  expect(await viaBot(null)).toMatchObject({ kind: 'permanent', scope: 'address' })
})

test('calls whom the settings mention, but nobody when it is over', async () => {
  const settings = { webhook_url: webhookUrl, mention: ['here', 'U012AB3CD', 'S012AB3CD'] }
  await send(settings)
  await send(settings, null, { form: 'plain' })
  await send(settings, null, {}, makeMessage({ severity: 'resolved' }))
  const mentions = '<!here> <@U012AB3CD> <!subteam^S012AB3CD>'
  expect(sink.requests[0]?.json).toMatchObject({
    text: expect.stringContaining(`${mentions} 🔴`),
    blocks: [{ type: 'section', text: { type: 'mrkdwn', text: mentions } }, { type: 'header' }, {}, {}],
  })
  expect(sink.requests[1]?.json).toMatchObject({ text: expect.stringContaining(mentions) })
  expect(sink.requests[2]?.body).not.toContain('U012AB3CD')
})

test('degraded to plain it has no blocks', async () => {
  await viaWebhook({ form: 'plain' })
  expect(sink.requests[0]?.json).not.toHaveProperty('blocks')
  expect(sink.requests[0]?.json).toHaveProperty('text')
})

test('however short, it says what it is sent for', async () => {
  const notes = Array.from({ length: 9 }, (_, index) => `note ${index}`)
  await viaWebhook({}, makeMessage({ notes }))
  await viaWebhook({ form: 'short' }, makeMessage({ notes }))
  const [full, short] = sink.requests.map(({ json }) => JSON.stringify((json as { blocks: unknown }).blocks))
  expect(full).toContain('⚠️ note 4\\n⚠️ note 5\\n⚠️ note 6\\n⚠️ note 7\\n⚠️ note 8')
  expect(full).not.toContain('note 3')
  expect(short).toContain('⚠️ note 8')
  expect(short).not.toContain('note 7')
})

describe('to acknowledge', () => {
  const ack = { url: 'https://alerts.example/ack/t?a=1&b=|', data: 'ack:1' }
  const links = Array.from({ length: 12 }, (_, index) => ({ label: `${index}`, url: 'https://x.example/' }))

  test.each(['full', 'short', 'plain'] as const)('there is a link, also when the message is %s', async (form) => {
    await viaWebhook({ form, ack }, makeMessage({ links, text: '&'.repeat(9_000) }))
    const sent = sink.requests[0]?.json
    expect(JSON.stringify(sent)).toContain('<https://alerts.example/ack/t?a=1&amp;b=%7C|Acknowledge>')
    if (form !== 'full') expect(JSON.stringify(sent)).not.toContain('|1>')
  })

  test('there is none without a public URL', async () => {
    await viaWebhook({ ack: { ...ack, url: null } })
    expect(JSON.stringify(sink.requests[0]?.json)).not.toContain('Acknowledge')
  })
})

describe('a follow-up', () => {
  const sent = { ts: '17.5', channel: 'C9' }
  const over = makeMessage({ title: 'Resolved: disk full', severity: 'resolved' })
  beforeEach(() => sink.replyWith(() => ({ status: 200, body: '{"ok":true,"ts":"18.1","channel":"C9"}' })))

  async function follow(verb: 'resolve' | 'update', settings: Record<string, unknown>, changes = {}) {
    const perform = slack[verb]
    if (!perform) throw new Error(`slack has ${verb}`)
    const parsed = slack.settings.parse({ base_url: sink.url, ...settings })
    const outcome = await perform(over, 'U012AB3CD', parsed, makeContext(outbound, { sent, ...changes }))
    expect(JSON.stringify(outcome)).not.toContain('CANARY')
    return outcome
  }
  const bot = { bot_token: 'xoxb-CANARY' }

  test('of a bot answers in the thread, where the alert went', async () => {
    expect(await follow('resolve', bot)).toMatchObject({ kind: 'delivered', remote: { ts: '18.1' } })
    expect(sink.requests[0]).toMatchObject({
      path: '/api/chat.postMessage',
      json: { channel: 'C9', thread_ts: '17.5', text: expect.stringContaining('Resolved') },
    })
  })

  test('to what is not known is a message of its own', async () => {
    await follow('resolve', bot, { sent: null })
    expect(sink.requests[0]?.json).toMatchObject({ channel: 'U012AB3CD' })
    expect(sink.requests[0]?.json).not.toHaveProperty('thread_ts')
  })

  test('a repeat stays out of the thread, where it would wake nobody', async () => {
    await viaBot('U012AB3CD', { sent })
    expect(sink.requests[0]?.json).not.toHaveProperty('thread_ts')
  })

  test('of a webhook is a message; there is nothing to change', async () => {
    sink.replyWith(() => ({ status: 200, body: 'ok' }))
    expect(await follow('resolve', { webhook_url: webhookUrl })).toMatchObject({ kind: 'accepted' })
    expect(sink.requests[0]?.path).toBe('/services/T0/B0/CANARY')
    expect(await follow('update', { webhook_url: webhookUrl }, { sent: {} })).toMatchObject({ kind: 'accepted' })
    expect(sink.requests).toHaveLength(1)
  })

  test('an update changes the message', async () => {
    expect(await follow('update', bot)).toMatchObject({ kind: 'delivered' })
    expect(sink.requests[0]).toMatchObject({
      path: '/api/chat.update',
      json: { channel: 'C9', ts: '17.5', blocks: expect.any(Array), text: expect.stringContaining('Resolved') },
    })
  })

  test.each([
    ['message_not_found', { kind: 'permanent', scope: 'message' }],
    ['cant_update_message', { kind: 'permanent', scope: 'message' }],
    ['edit_window_closed', { kind: 'permanent', scope: 'message' }],
    ['invalid_auth', { kind: 'permanent', scope: 'channel' }],
    ['invalid_blocks', { kind: 'degrade', to: 'plain' }],
    ['ratelimited', { kind: 'transient', waitScope: 'address' }],
  ])('an update, and Slack says %s', async (error, expected) => {
    sink.script({ status: 200, body: JSON.stringify({ ok: false, error }) })
    expect(await follow('update', bot)).toMatchObject(expected)
  })

  test.each([null, { webhook_id: 'x' }, { ts: '1', channel: '' }] as (Record<string, string> | null)[])(
    'an update of nobody knows what (%j) is for good',
    async (unknown) => {
      expect(await follow('update', bot, { sent: unknown })).toMatchObject({ kind: 'permanent', scope: 'message' })
      expect(sink.requests).toHaveLength(0)
    },
  )
})

describe('a webhook says', () => {
  test.each([
    [400, 'invalid_payload', { kind: 'permanent', scope: 'message' }],
    [400, 'invalid_blocks', { kind: 'degrade', to: 'plain' }],
    [400, 'invalid_token', { kind: 'permanent', scope: 'channel' }],
    [403, 'action_prohibited', { kind: 'permanent', scope: 'channel' }],
    [403, 'invalid_token', { kind: 'permanent', scope: 'channel' }],
    [404, 'no_service', { kind: 'permanent', scope: 'channel' }],
    [404, 'channel_not_found', { kind: 'permanent', scope: 'address' }],
    [404, 'constructor', { kind: 'permanent', scope: 'address' }],
    [410, 'channel_is_archived', { kind: 'permanent', scope: 'address' }],
    [500, 'rollup_error', { kind: 'transient' }],
    [429, 'rate_limited', { kind: 'transient', waitMs: 30_000 }],
  ])('%d %s', async (status, body, expected) => {
    sink.script({ status, body, headers: status === 429 ? { 'retry-after': '30' } : {} })
    expect(await viaWebhook()).toMatchObject({ ...expected, statusCode: status })
  })
})

describe('the Web API says', () => {
  test.each([
    ['{"ok":false,"error":"invalid_auth"}', { kind: 'permanent', scope: 'channel' }],
    ['{"ok":false,"error":"not_in_channel"}', { kind: 'permanent', scope: 'address' }],
    ['{"ok":false,"error":"msg_too_long"}', { kind: 'degrade', to: 'short' }],
    ['{"ok":false,"error":"invalid_blocks"}', { kind: 'degrade', to: 'plain' }],
    ['{"ok":false,"error":"ratelimited"}', { kind: 'transient', waitScope: 'address' }],
    ['{"ok":false,"error":"fatal_error"}', { kind: 'transient' }],
    ['{"ok":false,"error":"a_new_word"}', { kind: 'transient' }],
    ['{"ok":false}', { kind: 'transient' }],
    ['<html>', { kind: 'unknown' }],
  ])('200 %s', async (body, expected) => {
    sink.script({ status: 200, body })
    expect(await viaBot()).toMatchObject(expected)
  })
  test('429 with a header', async () => {
    sink.script({ status: 429, headers: { 'retry-after': '5' } })
    expect(await viaBot()).toMatchObject({ kind: 'transient', waitMs: 5_000, waitScope: 'address' })
  })
  test('nothing at all', async () => {
    sink.script({ fault: 'close' })
    expect(await viaBot()).toMatchObject({ kind: 'unknown' })
  })
})

test.each([
  [{}, false],
  [{ webhook_url: webhookUrl, bot_token: 'xoxb-1' }, false],
  [{ webhook_url: webhookUrl, channel: '#a' }, false],
  [{ bot_token: 'nonsense' }, false],
  [{ bot_token: 'xoxb-1' }, true],
  [{ bot_token: 'xoxb-1', channel: 'C012AB3CD' }, true],
])('settings %o: %s', (settings, valid) => expect(slack.settings.safeParse(settings).success).toBe(valid))

test('blocks keep Slack’s limits and hold no control sequence of the mail’s', () => {
  const unit = fc.constantFrom(
    '<',
    '>',
    '&',
    '|',
    '<!channel>',
    '<@U1>',
    'https://a.example/?x=1&y=2',
    ' ',
    '\n',
    '😀',
    '\ud800',
    'wörd',
  )
  const nasty = fc
    .tuple(fc.string({ unit, maxLength: 40 }), fc.integer({ min: 0, max: 300 }))
    .map(([text, times]) => text.repeat(times))
  const links = fc.array(
    fc.record({ label: fc.string({ unit, maxLength: 40 }), url: fc.webUrl({ withQueryParameters: true }) }),
    { maxLength: 12 },
  )
  fc.assert(
    fc.property(
      nasty,
      nasty,
      links,
      fc.array(nasty, { maxLength: 6 }),
      fc.boolean(),
      (title, text, linkList, notes, short) => {
        const { text: fallback, blocks } = renderSlack(
          outlineMessage(makeMessage({ title, text, links: linkList, notes })),
          short,
        )
        expect(blocks.length).toBeLessThanOrEqual(50)
        expect(fallback.length).toBeLessThanOrEqual(4_000)
        for (const block of blocks) {
          if (block.type === 'header') expect(block.text.text.length).toBeLessThanOrEqual(150)
          if (block.type !== 'section') continue
          expect(block.text.text.length).toBeLessThanOrEqual(3_000)
          expect(block.text.text).not.toBe('')
          expect(block.text.text).not.toMatch(/<(?!https?:)/)
        }
        expect(fallback).not.toMatch(/<(?!https?:)/)
      },
    ),
    { numRuns: 60 },
  )
})
