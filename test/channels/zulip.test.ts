import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderZulip } from '#src/channels/dialects/zulip-markdown.js'
import { outlineMessage } from '#src/channels/outline-message.js'
import { zulip } from '#src/channels/zulip.js'
import type { Outbound } from '#src/outbound/client.js'
import { type SinkReply, startWebhookSink, type WebhookSink } from '../stand-ins/webhook-sink.js'
import { makeContext, makeMail, makeMessage, openOutbound } from './context.js'

let outbound: Outbound
let http: WebhookSink
beforeAll(async () => {
  outbound = openOutbound()
  http = await startWebhookSink()
  http.replyWith(() => ({ status: 200, body: '{"result":"success","msg":"","id":7}' }))
})
afterAll(async () => {
  await http.stop()
  await outbound.close()
})

function settings(changes: Record<string, unknown> = {}) {
  return zulip.settings.parse({ base_url: http.url, email: 'bot@z.example', api_key: 'k', channel: 'ops', ...changes })
}

function lastForms(count: number) {
  return http.requests.slice(-count).map(({ method, path, body }) => ({
    call: `${method} ${path}`,
    ...Object.fromEntries(new URLSearchParams(body)),
  }))
}

function lastContent(): string {
  return new URLSearchParams(http.requests.at(-1)?.body).get('content') ?? ''
}

test('the end of an alert goes to its topic, which is then resolved; that may fail', async () => {
  const first = await zulip.send(makeMessage(), null, settings(), makeContext(outbound))
  expect(first).toMatchObject({ remote: { message_id: '7', topic: 'Disk full on db1' } })
  http.script(
    { status: 200, body: '{"result":"success","msg":"","id":8}' },
    { status: 400, body: '{"result":"error","code":"BAD_REQUEST","msg":"You don\'t have permission"}' },
  )
  const context = makeContext(outbound, { sent: { message_id: '7', topic: 'Disk full on db1' } })
  const over = makeMessage({ title: 'Resolved: Disk full on db1', severity: 'resolved' })
  const outcome = await zulip.resolve?.(over, null, settings(), context)
  expect(outcome).toMatchObject({ kind: 'delivered', remote: { message_id: '8' } })
  expect(lastForms(2)).toMatchObject([
    { call: 'POST /api/v1/messages', type: 'stream', to: 'ops', topic: 'Disk full on db1' },
    { call: 'PATCH /api/v1/messages/8', topic: '✔ Disk full on db1', propagate_mode: 'change_all' },
  ])
})

test('a topic for everything is never resolved', async () => {
  await zulip.resolve?.(makeMessage(), null, settings({ topic: 'alerts' }), makeContext(outbound))
  expect(lastForms(1)).toMatchObject([{ call: 'POST /api/v1/messages', topic: 'alerts' }])
})

test('people are written to by mail address or number', async () => {
  expect(zulip.address?.schema.parse(12)).toBe('12')
  await zulip.send(makeMessage(), '12', settings({ channel: undefined }), makeContext(outbound))
  expect(lastForms(1)).toMatchObject([{ type: 'direct', to: '[12]' }])
})

test('an acknowledgement changes the message that was sent', async () => {
  const message = makeMessage({ notes: ['acknowledged by Tim'] })
  await zulip.update?.(message, null, settings(), makeContext(outbound, { sent: { message_id: '7' } }))
  expect(lastForms(1)).toMatchObject([
    { call: 'PATCH /api/v1/messages/7', content: expect.stringContaining('acknowledged by Tim') },
  ])
})

test('the words of a mail stand in a block that they cannot end; links stand below', () => {
  const message = makeMessage({
    text: 'see https://x.example/a_b(1).\n```\n@**all** *x* `````',
    links: [{ label: 'the [log] @**all**', url: 'https://log.example/1' }],
  })
  const shown = renderZulip(outlineMessage(message), { max: 10_000, unit: 'code_points' })
  const [begin, ...lines] = shown.split('\n')
  const end = lines.indexOf('```')
  expect(begin).toBe('```text')
  expect(lines.slice(0, end).join('\n')).not.toContain('```')
  expect(lines.slice(0, end).join('\n')).toContain('@**all** *x*')
  expect(lines.slice(end + 1)).toEqual(['[the log all](https://log.example/1)', 'https://x.example/a_b%281'])
})

describe('the files of a mail', () => {
  const files = ['a (1).pdf', 'b.txt', 'c.txt'].map((filename) => {
    return { filename, contentType: 'application/pdf', content: Buffer.from('bytes'), sizeBytes: 5 }
  })
  const changes = { loadMail: async () => makeMail({ attachments: files }) }
  const message = makeMessage({ attachments: files })
  const taken = { status: 200, body: '{"result":"success","msg":"","url":"/user_uploads/2/ab/a(1).pdf"}' }
  const posted = { status: 200, body: '{"result":"success","msg":"","id":9}' }

  test('are uploaded, and the message links to them', async () => {
    const before = http.requests.length
    http.script(taken, taken, taken, posted)
    await zulip.send(message, null, settings(), makeContext(outbound, changes))
    const [upload] = http.requests.slice(before)
    expect(upload).toMatchObject({ method: 'POST', path: '/api/v1/user_uploads' })
    expect(upload?.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/)
    expect(upload?.body).toContain('name="filename"; filename="a (1).pdf"')
    const content = lastContent()
    expect(content).toContain(`[a 1 .pdf](${http.url}/user_uploads/2/ab/a%281%29.pdf)`)
    expect(content.match(/user_uploads/g)).toHaveLength(3)
  })

  test.each<[string, SinkReply[], RegExp, number]>([
    [
      'one is too large',
      [{ status: 400, body: '{"result":"error","msg":"Uploaded file is larger than 25 MiB."}' }, taken, taken],
      /not sent along: a \(1\)\.pdf \(5 B: Uploaded file is larger/,
      2,
    ],
    ['Zulip is down', [{ status: 502, body: '<html>' }], /not sent along: a \(1\)\.pdf .*502[\s\S]*nor 2 more/, 0],
    ['the line breaks', [taken, { fault: 'close' }], /not sent along: b\.txt .*did not answer[\s\S]*nor 1 more/, 1],
    [
      'something else answers',
      [{ status: 200, body: '{"url":"https://evil.example/x"}' }, taken, taken],
      /not sent along: a/,
      2,
    ],
  ])('never hold a message up: %s', async (_, replies, note, links) => {
    http.script(...replies, posted)
    const outcome = await zulip.send(message, null, settings(), makeContext(outbound, changes))
    expect(outcome).toMatchObject({ kind: 'delivered', remote: { message_id: '9' } })
    const content = lastContent()
    expect(content).toMatch(note)
    expect(content.match(/user_uploads/g) ?? []).toHaveLength(links)
    expect(content).not.toContain('evil')
  })

  test('are not uploaded once more for a follow-up, nor where they are not wanted', async () => {
    const before = http.requests.length
    await zulip.resolve?.(message, null, settings({ topic: 't' }), makeContext(outbound, { ...changes, sent: {} }))
    await zulip.send(message, null, settings({ attach: 'none' }), makeContext(outbound, changes))
    expect(http.requests.slice(before).map(({ path }) => path)).toEqual(['/api/v1/messages', '/api/v1/messages'])
  })
})
