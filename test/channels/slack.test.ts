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

test('degraded to plain it has no blocks', async () => {
  await viaWebhook({ form: 'plain' })
  expect(sink.requests[0]?.json).not.toHaveProperty('blocks')
  expect(sink.requests[0]?.json).toHaveProperty('text')
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
