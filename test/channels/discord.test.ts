import { describe, expect, test } from 'vitest'
import { discord } from '#src/channels/discord.js'
import type { ChannelContext } from '#src/domain/channel.js'
import { discord as vendor } from '../stand-ins/vendors/discord.js'
import { makeMail, makeMessage } from './context.js'
import { ack, deliver, perform, useVendor, withSettings } from './vendor-case.js'

const given = useVendor(discord, vendor)
const sent = { message_id: '1300000000000000001', channel_id: '1200000000000000001' }
const requests = () => given().running.requests
const over = makeMessage({ title: 'Disk is fine', severity: 'resolved' })

test('posts an embed in the colour of the severity, and calls whom the settings name', async () => {
  expect(await deliver(given(), makeMessage({ text: '@everyone *see* https://x.example/a_b' }), { ack })).toEqual(sent)
  expect(requests()[0]?.path).toMatch(/\?wait=true$/)
  expect(requests()[0]?.json).toEqual({
    content: '<@&200000000000000001> <@300000000000000001>',
    allowed_mentions: { parse: [], roles: ['200000000000000001'], users: ['300000000000000001'] },
    embeds: [
      {
        title: '🔴 Disk full on db1',
        description:
          '@\u200beveryone \\*see\\* <https://x.example/a_b>\n\n🔗 [Acknowledge](https://alerts.example/ack/CANARY-link)',
        color: 0xd32f2f,
        footer: { text: 'Critical · from cron@db1.example · 2026-08-01 12:00 UTC' },
        timestamp: '2026-08-01T12:00:00.000Z',
      },
    ],
  })
})

test('posts to a thread, or starts one', async () => {
  await deliver(withSettings(given(), { thread_id: '400000000000000001' }), makeMessage())
  await deliver(withSettings(given(), { thread_name: 'Alerts' }), makeMessage())
  expect(requests()[0]?.path).toMatch(/\?wait=true&thread_id=400000000000000001$/)
  expect(requests()[1]?.json).toMatchObject({ thread_name: 'Alerts' })
})

describe('attachments', () => {
  const file = {
    filename: 'r"é.pdf',
    contentType: 'application/pdf',
    sizeBytes: 3,
    content: Buffer.from([0xff, 0, 0xfe]),
  }
  const send = (files: (typeof file)[], changes: Partial<ChannelContext> = {}) =>
    perform(given(), makeMessage({ attachments: files }), {
      loadMail: async () => makeMail({ attachments: files }),
      ...changes,
    })

  test('go along byte for byte', async () => {
    expect(await send([file])).toMatchObject({ kind: 'delivered' })
    const [request] = requests()
    expect(request?.body).toContain('name="files[0]"; filename="r%22é.pdf"\r\ncontent-type: application/pdf\r\n\r\n')
    expect(request?.bytes.includes(Buffer.from([13, 10, 13, 10, 0xff, 0, 0xfe, 13, 10]))).toBe(true)
  })

  test('for which there is no room are named', async () => {
    expect(await send(Array(12).fill(file))).toMatchObject({ kind: 'delivered' })
    expect(requests()[0]?.body).toContain('attachments left out, for want of room: 2')
  })

  test('that Discord does not take are left out next time', async () => {
    given().running.script?.({ status: 413 })
    expect(await send([file])).toMatchObject({ kind: 'degrade', to: 'no_attachment' })
    expect(await send([file], { form: 'no_attachment' })).toMatchObject({ kind: 'delivered' })
    expect(requests()[1]?.json).toBeDefined()
  })
})

describe('a follow-up', () => {
  test.each(['update', 'resolve'] as const)('%s edits the message, and calls nobody', async (verb) => {
    await deliver(given(), over, { sent }, verb)
    const [request] = requests()
    expect(request).toMatchObject({ method: 'PATCH', path: expect.stringMatching(/\/messages\/1300000000000000001$/) })
    expect(request?.json).toMatchObject({ content: '', embeds: [{ color: 0x388e3c }], allowed_mentions: { parse: [] } })
  })

  test('finds its message in the thread that was started for it', async () => {
    await deliver(withSettings(given(), { thread_name: 'Alerts' }), over, { sent }, 'update')
    expect(requests()[0]?.path).toMatch(/\?thread_id=1200000000000000001$/)
  })

  test('is a message of its own when the settings say so, or nothing is known of the alert', async () => {
    await deliver(withSettings(given(), { on_resolve: 'message' }), over, { sent }, 'resolve')
    await deliver(given(), over, { sent: null }, 'resolve')
    expect(requests().map(({ method }) => method)).toEqual(['POST', 'POST'])
    expect(requests()[0]?.json).not.toHaveProperty('content')
  })

  test('of a message nobody knows is for good', async () => {
    for (const unknown of [null, { message_id: '../../x' }]) {
      const outcome = await perform(given(), over, { sent: unknown }, 'update')
      expect(outcome).toMatchObject({ kind: 'permanent', scope: 'message' })
    }
    expect(requests()).toHaveLength(0)
  })
})

test('degraded to plain it has no embed', async () => {
  await deliver(given(), makeMessage(), { form: 'plain' })
  expect(requests()[0]?.json).not.toHaveProperty('embeds')
  expect(requests()[0]?.json).toMatchObject({ content: expect.stringContaining('**Disk full on db1**') })
})

test.each([
  [{ thread_id: 400_000_000_000_000_000 }, false],
  [{ thread_id: '400000000000000001', thread_name: 'x' }, false],
  [{ mention_roles: ['everyone'] }, false],
  [{ thread_id: '400000000000000001' }, true],
])('settings %o: %s', (settings, valid) => {
  const webhook_url = 'https://discord.com/api/webhooks/1/x'
  expect(discord.settings.safeParse({ webhook_url, ...settings }).success).toBe(valid)
})
