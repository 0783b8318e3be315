import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { whatsapp } from '#src/channels/whatsapp.js'
import type { ChannelContext } from '#src/domain/channel.js'
import type { Message } from '#src/domain/message.js'
import type { Outbound } from '#src/outbound/client.js'
import { fieldsOf } from '../stand-ins/vendors/twilio.js'
import { whatsappSession, whatsappTwilio } from '../stand-ins/vendors/whatsapp.js'
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

const meta = () => whatsappSession.settings(sink.url)
const twilio = () => whatsappTwilio.settings(sink.url)

async function send(
  settings: Record<string, unknown>,
  changes: Partial<ChannelContext> = {},
  message: Partial<Message> = {},
) {
  const parsed = whatsapp.settings.parse(settings)
  return whatsapp.send(makeMessage(message), '4915112345678', parsed, makeContext(outbound, changes))
}

test('a template is filled in, each value on one line', async () => {
  sink.replyWith(whatsappSession.answer)
  const ack = { url: 'https://alerts.example/ack/x', data: '' }
  const outcome = await send(
    { ...meta(), session: 'never' },
    { ack },
    { text: 'one\n\n\ttwo      three', notes: ['late'] },
  )
  expect(outcome).toMatchObject({ kind: 'accepted', remote: { message_id: 'wamid.HBgL' } })
  expect(sink.requests[0]?.json).toMatchObject({
    to: '+4915112345678',
    type: 'template',
    template: {
      name: 'alert',
      language: { code: 'en_US' },
      components: [
        {
          type: 'body',
          parameters: [
            { type: 'text', text: '🔴 Disk full on db1' },
            { type: 'text', text: 'late · one · two three https://alerts.example/ack/x' },
          ],
        },
      ],
    },
  })
})

test.each([
  [1, 'Only 3 % left on /var. 📎 report.pdf (12 KB)'],
  [50, 'Only 3 % left on /var.'],
])('%s attachments are named where there is room', async (count, expected) => {
  const name = count === 1 ? 'report.pdf' : `${'r'.repeat(70)}.pdf`
  const attachments = Array(count).fill({ filename: name, contentType: 'application/pdf', sizeBytes: 12_000 })
  await send(twilio(), {}, { attachments })
  const [request] = sink.requests
  expect(JSON.parse((request && fieldsOf(request).ContentVariables) ?? '')).toMatchObject({ 2: expected })
})

test('a template says which parameters it has', async () => {
  const parameters = ['severity', 'link', 'from', 'text']
  const links = [{ label: 'Build', url: 'https://ci.example/7' }]
  await send({ ...twilio(), parameters }, {}, { links })
  const [request] = sink.requests
  expect(JSON.parse((request && fieldsOf(request).ContentVariables) ?? '')).toEqual({
    1: 'critical',
    2: 'https://ci.example/7',
    3: 'cron@db1.example',
    4: 'Only 3 % left on /var.',
  })
})

describe('within 24 hours', () => {
  test('free text goes first, and the template when it is refused', async () => {
    sink.replyWith(whatsappSession.answer)
    expect(await send(meta())).toMatchObject({ kind: 'accepted' })
    sink.script({ status: 400, body: JSON.stringify({ error: { code: 131047, message: 'Re-engagement message' } }) })
    expect(await send(meta())).toMatchObject({ kind: 'degrade', to: 'plain' })
    expect(await send(meta(), { form: 'plain' })).toMatchObject({ kind: 'accepted' })
    expect(sink.requests.map(({ json }) => (json as { type: string }).type)).toEqual(['text', 'text', 'template'])
  })

  test('without a template it ends there', async () => {
    const late = { status: 400, body: JSON.stringify({ error: { code: 131047, message: 'Re-engagement message' } }) }
    sink.script(late)
    const outcome = await send({ ...meta(), template_name: undefined }, { form: 'plain' })
    expect(outcome).toMatchObject({ kind: 'permanent', scope: 'address' })
    expect(outcome.text).toContain('131047 Re-engagement message')
  })

  test('Twilio takes free text, too, 1,600 characters of it', async () => {
    await send({ ...twilio(), session: 'auto' }, {}, { text: 'word '.repeat(2_000) })
    const { Body = '', ContentSid } = fieldsOf(sink.requests[0] ?? ({ body: '' } as never))
    expect(Body.length).toBeGreaterThan(1_200)
    expect(Body.length).toBeLessThanOrEqual(1_600)
    expect(ContentSid).toBeUndefined()
  })
})

test.each<[string, () => Record<string, unknown>]>([
  ['neither template nor session', () => ({ ...meta(), session: 'never', template_name: undefined })],
  ['no token', () => ({ ...meta(), access_token: undefined })],
  ['a content id at Meta', () => ({ ...meta(), template_name: 'HX0123456789abcdef0123456789abcdef' })],
  ['a name at Twilio', () => ({ ...twilio(), template_name: 'alert' })],
  ['no sender at Twilio', () => ({ ...twilio(), from: undefined })],
  ['an unknown parameter', () => ({ ...meta(), parameters: ['subject'] })],
])('refuses settings with %s', (_, settings) => {
  expect(whatsapp.settings.safeParse(settings()).success).toBe(false)
})
