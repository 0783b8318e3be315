import { expect, it } from 'vitest'
import type { Channel } from '#src/domain/channel.js'
import { takePress } from '#src/engine/take-press.js'
import { signAckButton } from '#src/follow/ack-token.js'
import { makeEngine, raiseSent, readAudit } from './engine-fixture.js'

const by = 'telegram:Tim'

it('acknowledges where the message went, is recorded, shown, and stops what was to follow', async () => {
  const { engine, store, events, woken, channels } = await start()
  const repeat = { everyMs: 60_000, times: 3 }
  const { notificationId, deliveryId } = await raiseSent(store, [{ channel: 'telegram', address: '111:7', repeat }])
  const press = { data: signAckButton(engine.keys.ring().current.signing, deliveryId), address: '111', by }
  expect(await takePress(engine, channels.telegram, press)).toBe('acknowledged')
  expect(await store.readNotification(notificationId)).toMatchObject({ status: 'acknowledged', acked_by: by })
  const { items } = await store.listDeliveries({ limit: 10 })
  expect(items.map(({ purpose, status }) => `${purpose} ${status}`).sort()).toEqual([
    'alert sent',
    'repeat cancelled',
    'update queued',
  ])
  expect(woken).toEqual(['telegram'])
  expect(events).toEqual([{ type: 'notification.acknowledged', notification_id: notificationId, by, note: null }])
  expect(await readAudit(store)).toEqual([`${by} notification.acknowledge ${notificationId}`])
})

it('the second time says who was first, and changes nothing', async () => {
  const { engine, store, clock, channels } = await start()
  const { deliveryId } = await raiseSent(store, [{ channel: 'telegram', address: '111' }])
  const press = { data: signAckButton(engine.keys.ring().current.signing, deliveryId), address: '111', by }
  await takePress(engine, channels.telegram, press)
  clock.now += 31 * 60_000
  const again = { ...press, by: 'telegram:Jolin' }
  expect(await takePress(engine, channels.telegram, again)).toBe('already acknowledged by Tim at 12:00 UTC')
  clock.now += 86_400_000
  expect(await takePress(engine, channels.telegram, again)).toBe('already acknowledged by Tim at 2025-06-06 12:00 UTC')
  expect(await readAudit(store)).toHaveLength(1)
})

it('after it was resolved says so', async () => {
  const { engine, store, channels } = await start()
  const { notificationId, deliveryId } = await raiseSent(store, [{ channel: 'telegram', address: '111' }])
  await store.resolveNotifications([notificationId], 'cli:root', engine.now())
  const press = { data: signAckButton(engine.keys.ring().current.signing, deliveryId), address: '111', by }
  expect(await takePress(engine, channels.telegram, press)).toMatch(/^this is over: resolved by cli:root at 12:00 UTC/)
})

it.each<[string, { address?: string; data?: (id: string, key: Uint8Array) => string; heardBy?: string }]>([
  ['in another chat', { address: '222' }],
  ['with a forged signature', { data: (id) => signAckButton(Buffer.alloc(32, 9), id) }],
  ['with other words', { data: () => 'ack:me' }],
  ['with nothing', { data: () => '' }],
  ['heard by another bot', { heardBy: 'desk' }],
])('a press %s is refused', async (_, { address = '111', data = (id, key) => signAckButton(key, id), heardBy }) => {
  const { engine, store, channels } = await start()
  const { notificationId, deliveryId } = await raiseSent(store, [{ channel: 'telegram', address: '111' }])
  const channel = heardBy === 'desk' ? channels.desk : channels.telegram
  const words = await takePress(engine, channel, {
    data: data(deliveryId, engine.keys.ring().current.signing),
    address,
    by,
  })
  expect(words).toBe('this button is not one of ours')
  expect((await store.readNotification(notificationId))?.status).toBe('sent')
  expect(await readAudit(store)).toEqual([])
})

it('counts in the chat a name stands for, as the vendor said when it was sent', async () => {
  const { engine, store, channels } = await start()
  const remote = { chat_id: '-100123', message_id: '5' }
  const { deliveryId } = await raiseSent(store, [{ channel: 'telegram', address: '@alerts' }], {}, remote)
  const press = { data: signAckButton(engine.keys.ring().current.signing, deliveryId), address: '-100123:4', by }
  expect(await takePress(engine, channels.telegram, press)).toBe('acknowledged')
})

it('counts on a channel with a destination of its own, heard by a channel of the same bot', async () => {
  const { engine, store, channels } = await start({ listenKey: () => 'one bot' })
  const { deliveryId } = await raiseSent(store, [{ channel: 'desk', recipient: null, address: null }])
  const press = { data: signAckButton(engine.keys.ring().current.signing, deliveryId), address: '-100', by }
  expect(await takePress(engine, channels.telegram, press)).toBe('acknowledged')
})

it('of an alert that is no longer kept says so', async () => {
  const { engine, channels } = await start()
  const press = {
    data: signAckButton(engine.keys.ring().current.signing, '01J9ZZZZZZZZZZZZZZZZZZZZZZ'),
    address: '111',
    by,
  }
  expect(await takePress(engine, channels.telegram, press)).toBe('this alert is no longer kept')
})

async function start(kind: Partial<Channel['kind']> = {}) {
  const made = await makeEngine()
  const able = { update: () => Promise.reject(new Error('nothing is sent here')), ...kind }
  const config = made.config
  for (const [name, channel] of Object.entries(config.channels)) {
    config.channels = { ...config.channels, [name]: { ...channel, kind: { ...channel.kind, ...able } } }
  }
  const { telegram, desk } = config.channels
  if (!telegram || !desk) throw new Error('the config has no such channels')
  return { ...made, channels: { telegram, desk } }
}
