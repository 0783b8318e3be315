import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ntfy } from '#src/channels/ntfy.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"id":"m1"}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

async function publish(verb: 'send' | 'update', message: Message, changes: Partial<ChannelContext>, extra = {}) {
  const settings = ntfy.settings.parse({ base_url: `${http.url}/`, topic: 'alerts', ...extra })
  const outcome = await ntfy[verb]?.(message, null, settings, makeContext(outbound, changes))
  return { outcome, request: http.requests.at(-1) }
}

test('a button acknowledges from the phone, and the notification is tapped open', async () => {
  const url = 'https://alerts.example/ack/1'
  const message = makeMessage({ links: [{ label: 'Sentry', url: 'https://sentry.example/1' }] })
  const { request } = await publish('send', message, { ack: { url, data: 'ack:1' } })
  expect(request?.json).toMatchObject({
    topic: 'alerts',
    title: 'Disk full on db1',
    priority: 5,
    tags: ['red_circle'],
    click: 'https://sentry.example/1',
    actions: [{ action: 'http', label: 'Acknowledge', url, method: 'POST', clear: true }],
  })
})

test('follow-ups take the place of the first message, the news of an acknowledgement without a sound', async () => {
  const first = await publish('send', makeMessage(), {})
  expect(first.outcome).toMatchObject({ remote: { message_id: 'm1', sequence_id: '01JDELIVERY' } })
  const changes = { sent: { sequence_id: '01JDELIVERY' }, deliveryId: '01JOTHER' }
  const update = await publish('update', makeMessage(), changes)
  expect(update.request?.json).toMatchObject({ sequence_id: '01JDELIVERY', priority: 1 })
  const over = await publish('send', makeMessage({ severity: 'resolved' }), changes)
  expect(over.request?.json).toMatchObject({ sequence_id: '01JDELIVERY', priority: 2, tags: ['green_circle'] })
})

test('user and password are an alternative to a token, and go together', async () => {
  const { request } = await publish('send', makeMessage(), {}, { user: 'tim', password: 'pä' })
  expect(request?.headers.authorization).toBe(`Basic ${Buffer.from('tim:pä').toString('base64')}`)
  for (const login of [{ user: 'tim' }, { user: 'tim', password: 'p', token: 't' }]) {
    expect(ntfy.settings.safeParse({ topic: 'a', ...login }).success).toBe(false)
  }
})

test('nothing a message has in it makes the JSON longer than the server reads', async () => {
  const links = [{ label: 'x', url: `https://x.example/${'a'.repeat(900)}` }]
  const ack = { url: `https://alerts.example/ack/${'a'.repeat(1_000)}`, data: 'ack:1' }
  const message = makeMessage({ title: '😀'.repeat(300), text: '"\\\n'.repeat(3_000), links })
  const { request } = await publish('send', message, { ack })
  expect(request?.bytes.length).toBeLessThanOrEqual(8_192)
  expect(request?.bytes.length).toBeGreaterThan(4_096)
})

describe('the files of a mail', () => {
  const file = (filename: string, size: number) => ({
    filename,
    contentType: 'application/pdf',
    content: Buffer.alloc(size, 'x'),
    sizeBytes: size,
  })
  const withFiles = (...files: ReturnType<typeof file>[]) => ({
    message: makeMessage({ attachments: files }),
    changes: { loadMail: async () => makeMail({ attachments: files }) },
  })
  /** Headers as Go reads them. */
  const decode = (text: string | undefined) =>
    (text ?? '')
      .replace(/\?= =\?/g, '?==?')
      .replace(/=\?UTF-8\?B\?([^?]*)\?=/g, (_, word: string) => Buffer.from(word, 'base64').toString())

  test('go along: the first with the text, each further one as a message without a sound', async () => {
    const before = http.requests.length
    const { message, changes } = withFiles(file('Überlauf "1".pdf', 2_000_000), file('b.txt', 3))
    const ack = { url: 'https://alerts.example/ack/1', data: 'ack:1' }
    const said = { ...message, text: 'voll\n磁盘 C:\\new' }
    const { outcome } = await publish('send', said, { ...changes, ack })
    expect(outcome).toMatchObject({ kind: 'accepted', remote: { sequence_id: '01JDELIVERY' } })
    const [first, second, ...others] = http.requests.slice(before)
    expect(others).toEqual([])
    expect(first).toMatchObject({ method: 'PUT', path: '/alerts' })
    expect(first?.bytes.length).toBe(2_000_000)
    expect(first?.headers).toMatchObject({ 'x-priority': '5', 'x-tags': 'red_circle', 'x-sequence-id': '01JDELIVERY' })
    expect(decode(first?.headers['x-filename'])).toBe('Überlauf "1".pdf')
    expect(decode(first?.headers['x-message'])).toContain('voll\n磁盘 C:\\\u2060new')
    expect(JSON.parse(decode(first?.headers['x-actions']))).toMatchObject([{ action: 'http', url: ack.url }])
    expect(second?.headers).toMatchObject({ 'x-priority': '1', 'x-filename': 'b.txt' })
    expect(second?.headers['x-sequence-id']).not.toBe('01JDELIVERY')
  })

  test.each([
    ['takes none', 400, 40_014],
    ['has no room', 413, 41_301],
    ['has seen too much of us today', 429, 42_905],
    ['has a page in front that takes no such body', 413, null],
  ])('stay behind when the server %s, and are named', async (_, status, code) => {
    const { message, changes } = withFiles(file('a.pdf', 10))
    http.script({ status, body: code === null ? '<html>' : JSON.stringify({ code, http: status, error: 'no' }) })
    expect((await publish('send', message, changes)).outcome).toMatchObject({ kind: 'degrade', to: 'no_attachment' })
    const { outcome, request } = await publish('send', message, { ...changes, form: 'no_attachment' })
    expect(outcome).toMatchObject({ kind: 'accepted' })
    expect(request?.json).toMatchObject({ topic: 'alerts', message: expect.stringContaining('a.pdf (10 B)') })
  })

  test('that fail behind the text are named, and the text is not sent again', async () => {
    const { message, changes } = withFiles(file('a.pdf', 10), file('b.pdf', 10), file('c.pdf', 10))
    http.script({ status: 200, body: '{"id":"m1"}' }, { status: 500, body: 'oops' })
    const { outcome } = await publish('send', message, changes)
    expect(outcome).toMatchObject({
      kind: 'accepted',
      text: expect.stringMatching(/message m1; not sent along: b\.pdf .*500.*, 1 more$/),
    })
  })

  test.each<[string, Partial<ChannelContext>, Record<string, unknown>]>([
    ['with attach: none', {}, { attach: 'none' }],
    ['with a follow-up', { sent: { sequence_id: 'S' } }, {}],
    ['in the plain form', { form: 'plain' }, {}],
  ])('do not go along %s', async (_, changes, extra) => {
    const given = withFiles(file('a.pdf', 10))
    const { request } = await publish('send', given.message, { ...given.changes, ...changes }, extra)
    expect(request).toMatchObject({ method: 'POST', path: '/' })
  })
})
