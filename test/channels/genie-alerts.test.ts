import { afterEach, beforeEach, expect, test } from 'vitest'
import { dedupKey } from '#src/channels/dedup-key.js'
import { findChannelKind } from '#src/channels/index.js'
import { opsgenie } from '#src/channels/opsgenie.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMessage, openOutbound } from './context.js'

let sink: WebhookSink
let outbound: Outbound
beforeEach(async () => {
  sink = await startWebhookSink()
  sink.replyWith(() => ({ status: 202, body: '{"requestId":"r1"}' }))
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
  return { outcome, path: sink.requests.at(-1)?.path, json: sink.requests.at(-1)?.json }
}

test('an alert has a priority, its people and its facts', async () => {
  const { outcome, path, json } = await perform('send')
  expect(outcome).toMatchObject({ kind: 'accepted', remote: { alias: 'disk db1', request_id: 'r1' } })
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
