import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { dedupKey } from '#src/channels/dedup-key.js'
import { findChannelKind } from '#src/channels/index.js'
import { opsgenie } from '#src/channels/opsgenie.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { type SinkReply, startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(({ method }) =>
    method === 'GET'
      ? { status: 200, body: '{"data":{"isSuccess":true,"status":"Created alert","alertId":"a1"}}' }
      : { status: 202, body: '{"requestId":"r1"}' },
  )
  outbound = openOutbound()
})
afterEach(async () => {
  await sink.stop()
  await outbound.close()
})

async function perform(
  verb: 'send' | 'resolve' | 'update',
  changes: Partial<ChannelContext> = {},
  message: Message = makeMessage(),
) {
  const settings = opsgenie.settings.parse({
    api_key: '0123456789',
    base_url: sink.url,
    responders: ['team:Ops: night', 'user:tim@mailtrigger.app'],
    tags: ['mail', 'mail'],
  })
  const outcome = await opsgenie[verb]?.(message, null, settings, makeContext(outbound, changes))
  const asked = sink.requests.filter(({ method }) => method === 'POST').at(-1)
  return { outcome, path: asked?.path, json: asked?.json }
}

test('an alert has a priority, its people and its facts', async () => {
  const { outcome, path, json } = await perform('send')
  const remote = { alias: 'disk db1', request_id: 'r1', alert_id: 'a1' }
  expect(outcome).toMatchObject({ kind: 'delivered', remote, text: 'Created alert' })
  expect(sink.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /v2/alerts',
    'GET /v2/alerts/requests/r1',
  ])
  expect(path).toBe('/v2/alerts')
  expect(json).toEqual({
    message: 'Disk full on db1',
    alias: 'disk db1',
    description: 'Only 3 % left on /var.\n\nCritical · from cron@db1.example · 2026-08-01 12:00 UTC',
    priority: 'P1',
    source: 'MailTrigger',
    tags: ['mail'],
    responders: [
      { type: 'team', name: 'Ops: night' },
      { type: 'user', username: 'tim@mailtrigger.app' },
    ],
    details: { from: 'cron@db1.example', mail_id: '01JMAIL', host: 'db1' },
    entity: 'db1',
  })
})

test.each([
  ['resolve', 'close', makeMessage({ text: 'Resolved after 3m.' }), 'Resolved after 3m.'],
  ['send', 'close', makeMessage({ severity: 'resolved', text: 'All well.' }), 'All well.'],
  ['update', 'acknowledge', makeMessage({ notes: ['acknowledged by Tim'] }), 'acknowledged by Tim'],
] as const)('%s says %s by the alias', async (verb, action, message, note) => {
  const { path, json } = await perform(verb, { sent: { alias: 'disk db1' } }, message)
  expect(path).toBe(`/v2/alerts/disk%20db1/${action}?identifierType=alias`)
  expect(json).toEqual({ user: 'MailTrigger', source: 'MailTrigger', note })
})

describe('what became of a request that was queued', () => {
  const status = (isSuccess: boolean, words: string) => ({
    status: 200,
    body: JSON.stringify({ data: { isSuccess, status: words } }),
  })

  test.each<[string, 'send' | 'resolve', SinkReply[], Record<string, unknown>]>([
    [
      'an alert that was refused is not open',
      'send',
      [status(false, 'The alert was not created: 0123456789')],
      { kind: 'permanent', scope: 'message', text: expect.stringMatching(/^queued, then refused: The alert was not/) },
    ],
    [
      'one that is closed already needs no closing',
      'resolve',
      [status(false, 'Alert does not exist')],
      { kind: 'delivered' },
    ],
    [
      'it is asked for until it is worked off',
      'send',
      [{ status: 404 }, status(true, 'Created alert')],
      { kind: 'delivered' },
    ],
    ['nobody says', 'send', [{ status: 500 }], { kind: 'accepted', text: expect.stringContaining('not known yet') }],
    ['something else answers', 'send', [{ status: 200, body: '<html>' }], { kind: 'accepted' }],
    ['the line breaks', 'send', [{ fault: 'close' }], { kind: 'accepted' }],
  ])('%s', async (_, verb, replies, expected) => {
    sink.script({ status: 202, body: '{"requestId":"r1"}' }, ...replies)
    const { outcome } = await perform(verb, { sent: { alias: 'disk db1' } })
    expect(outcome).toMatchObject(expected)
    expect(JSON.stringify(outcome)).not.toContain('0123456789')
  })

  test('is not waited for beyond the attempt', async () => {
    sink.replyWith(({ method }) => (method === 'GET' ? { status: 404 } : { status: 202, body: '{"requestId":"r1"}' }))
    const { outcome } = await perform('send', { signal: AbortSignal.timeout(200) })
    expect(outcome).toMatchObject({ kind: 'accepted', remote: { request_id: 'r1' } })
  })
})

test('a fingerprint that would be a path of its own is hashed', async () => {
  for (const fingerprint of ['..', '.', '../x', 'a/b', 'ü', 'x'.repeat(513), ' a', '']) {
    expect(dedupKey(fingerprint, 512)).toMatch(/^[0-9a-f]{64}$/)
    const { path } = await perform('resolve', { fingerprint })
    expect(path).toMatch(/^\/v2\/alerts\/[0-9a-f]{64}\/close/)
  }
  expect(dedupKey('disk: db1.example', 64)).toBe('disk: db1.example')
})

test.each([
  ['opsgenie', {}, 'api.opsgenie.com'],
  ['opsgenie', { region: 'eu' }, 'api.eu.opsgenie.com'],
  ['jira_service_management', {}, 'api.atlassian.com'],
])('%s %j is %s', (kind, settings, host) => {
  const known = findChannelKind(kind)
  expect(known?.destination(known.settings.parse({ api_key: '0123456789', ...settings }))).toBe(host)
})
