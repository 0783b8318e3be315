import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { apprise } from '#src/channels/apprise.js'
import { listHosts } from '#src/channels/apprise-hosts.js'
import type { ChannelContext, Outcome } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import { createOutbound, type Outbound } from '#src/outbound/client.js'
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

function send(
  settings: Record<string, unknown>,
  changes: Partial<ChannelContext> = {},
  message: Message = makeMessage(),
): Promise<Outcome> {
  return apprise.send(message, null, apprise.settings.parse(settings), makeContext(outbound, changes))
}

test.each([
  ['neither server nor command', {}, 'either base_url or command'],
  ['both', { base_url: 'http://a', command: 'apprise', config_key: 'k' }, 'either base_url or command'],
  ['a server without anybody', { base_url: 'http://a' }, 'either config_key or urls'],
  ['a key for a command', { command: 'apprise', config_key: 'k' }, 'only a server has keys'],
  ['tags of urls', { command: 'apprise', urls: ['json://a'], tag: 'x' }, 'tags choose'],
  ['another program', { command: '/bin/sh' }, 'ends in /apprise'],
  ['a relative path', { command: './apprise' }, 'ends in /apprise'],
  ['two URLs in one', { command: 'apprise', urls: ['json://a json://b'] }, 'without spaces'],
])('refuses %s', (_, settings, words) => {
  expect(apprise.settings.safeParse(settings).error?.message).toContain(words)
})

test('a server gets title, body, type and tag', async () => {
  await send({ base_url: sink.url, config_key: 'ops', tag: 'devops' }, {}, makeMessage({ severity: 'resolved' }))
  expect(sink.requests[0]).toMatchObject({ method: 'POST', path: '/notify/ops' })
  expect(sink.requests[0]?.json).toEqual({
    title: 'Disk full on db1',
    body: 'Only 3 % left on /var.\n\nResolved · from cron@db1.example · 2026-08-01 12:00 UTC',
    type: 'success',
    format: 'text',
    tag: 'devops',
  })
})

test('what the server tells of its URLs is not told on', async () => {
  sink.script({ status: 424, body: 'tgram://token-of-the-server/1 failed' })
  expect(await send({ base_url: sink.url, config_key: 'ops' })).toMatchObject({
    kind: 'transient',
    text: 'HTTP 424 Failed Dependency: tgram://*** failed',
  })
})

test('a command that is not there pauses the channel', async () => {
  const outcome = await send({ command: '/nowhere/apprise' })
  const text = '/nowhere/apprise is not installed'
  expect(outcome).toEqual({ kind: 'permanent', scope: 'channel', statusCode: null, text })
})

const version = spawnSync('apprise', ['--version'], { encoding: 'utf8' }).stdout?.split('\n')[0]

test.skipIf(!version)(
  `the real command line tool takes what we give it (${version ?? 'not installed'})`,
  async () => {
    const settings = { command: 'apprise', urls: [`json://127.0.0.1:${sink.port}/CANARY-path`] }
    const message = makeMessage({ title: '--磁盘 "full"', text: 'line 1\nline 2 <b>😀</b>\n--body' })
    expect(await send(settings, {}, message)).toMatchObject({ kind: 'accepted' })
    expect(sink.requests[0]?.json).toMatchObject({
      title: '--磁盘 "full"',
      message: expect.stringContaining('line 1\nline 2 <b>😀</b>\n--body'),
      type: 'failure',
    })
    sink.script({ status: 500 })
    const failed = await send(settings)
    expect(failed.kind).toBe('transient')
    expect(failed.text).not.toContain('CANARY')
    sink.script({ fault: 'hang' })
    const stop = new AbortController()
    const pending = send(settings, { signal: stop.signal })
    await sink.waitFor(3)
    stop.abort()
    expect((await pending).kind).toBe('unknown')
  },
  30_000,
)

test.each<[string, string[]]>([
  ['json://127.0.0.1:8080/path', ['127.0.0.1:8080']],
  ['gotify://gotify/token', ['gotify:0']],
  ['ntfys://user:p%40ss@ntfy.example.org/topic', ['ntfy.example.org:0']],
  ['json://[::1]:80/x', ['::1:80']],
  ['mailto://user:pass@example.org?smtp=mail.internal', ['example.org:0', 'mail.internal:0']],
  ['tgram://123456:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw/12315544', []],
  ['slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ', []],
  ['service://eyJhbGciOi.eyJzdWIi.SflKxwRJSMeKKF2QT4/x', []],
  ['nonsense', []],
])('the hosts of %s are %j', (url, hosts) => {
  expect(listHosts(url).map(({ host, port }) => `${host}:${port}`)).toEqual(hosts)
})

test('the command is not run when the network policy denies a host of its URLs', async () => {
  const policy = { denyPrivate: true, allow: [], deny: [] }
  const guarded = createOutbound({ policy, userAgent: 'mailtrigger/test' })
  const { resolveHost } = guarded
  const settings = { command: '/nowhere/apprise', urls: ['json://127.0.0.1:8080/CANARY-path'] }
  const outcome = await send(settings, { resolveHost })
  expect(outcome).toMatchObject({ kind: 'permanent', scope: 'channel' })
  expect(outcome.text).toMatch(/denied|private|policy/i)
  // Whom nobody can look up, Apprise may know.
  const unknown = await send({ ...settings, urls: ['json://no-such-host.invalid/x'] }, { resolveHost })
  expect(unknown.text).toContain('not installed')
  await guarded.close()
})
