import { expect, test } from 'vitest'
import {
  type Alert,
  alertOnce,
  deliveriesOf,
  holdFrom,
  hourMs,
  minuteMs,
  noon,
  read,
  recoveryAt,
  routeMail,
  sendDue,
} from './notification-fixture.js'
import { makeDelivery, makeFolder, makeMessage, openStore } from './store-fixture.js'

const windowMs = 30 * minuteMs
const same: Alert = { control: { dedupe: { key: 'db1', windowMs } } }

test('a repeat within the window is suppressed, stays visible, and is told of by the next one', async () => {
  const folder = makeFolder()
  const before = openStore(folder)
  const first = await alertOnce(before, noon, same)
  const second = await routeMail(before, noon + 4 * minuteMs, { alerts: [same] })
  expect(second).toMatchObject({ deliveries: 0, channels: [] })
  expect(second.fates).toMatchObject([{ status: 'suppressed', reason: `same as ${first} 4m ago (dedupe, 30m)` }])
  await before.close()

  const store = openStore(folder)
  await alertOnce(store, noon + windowMs - 1, { ...same, route: 'any other' })
  expect(await read(store, first)).toMatchObject({ suppressed_count: 2 })
  const suppressed = await store.listNotifications({ status: 'suppressed', limit: 10 })
  expect(suppressed.items).toHaveLength(2)
  expect(await read(store, suppressed.items[0]?.id ?? '')).toMatchObject({ delivery_list: [] })

  const own = makeDelivery({ channel: 'mail', message: makeMessage({ title: 'Own', notes: ['late'] }) })
  const next = await alertOnce(store, noon + windowMs, { ...same, deliveries: [makeDelivery(), own] })
  expect(await read(store, next)).toMatchObject({ status: 'queued', suppressed_count: 0 })
  const [sent] = await sendDue(store, noon + windowMs, {}, 'mail')
  expect(sent?.message.notes).toEqual(['late', '2 more since 12:00 UTC'])
  const [, plain] = await sendDue(store, noon + windowMs)
  expect(plain?.message.notes).toEqual(['2 more since 12:00 UTC'])
  const quiet = await alertOnce(store, noon + 2 * windowMs, same)
  expect((await read(store, quiet)).message.notes).toEqual([])
})

test('a count that is a day old names its date', async () => {
  const store = openStore()
  await alertOnce(store, noon, same)
  await alertOnce(store, noon, same)
  const next = await alertOnce(store, noon + 24 * hourMs, same)
  expect((await read(store, next)).message.notes).toEqual(['1 more since 2025-06-06 12:00 UTC'])
})

test.each([
  { what: 'dead', status: 'dead' as const },
  { what: 'cancelled', status: null },
])('what is $what told nobody, so the next one goes out', async ({ status }) => {
  const store = openStore()
  const first = await alertOnce(store, noon, same)
  if (status === null) await store.cancelDeliveries({ notificationId: first }, noon)
  else await sendDue(store, noon, { status, lastError: 'gone' })
  expect(await read(store, await alertOnce(store, noon + 1, same))).toMatchObject({ status: 'queued' })
})

test('what reaches nobody takes no window', async () => {
  const store = openStore()
  await alertOnce(store, noon, { ...same, deliveries: [] })
  expect(await read(store, await alertOnce(store, noon + 1, same))).toMatchObject({ status: 'queued' })
})

test('a replay goes out, and leaves the window as it is', async () => {
  const store = openStore()
  const first = await alertOnce(store, noon, same)
  const replay = await routeMail(store, noon + 1, { alerts: [same], generation: 1 })
  expect(replay.fates).toMatchObject([{ status: 'queued', reason: null }])
  const next = await routeMail(store, noon + 2, { alerts: [same] })
  expect(next.fates).toMatchObject([{ reason: `same as ${first} just now (dedupe, 30m)` }])
})

test('two of one mail under one key are told once', async () => {
  const store = openStore()
  const { fates } = await routeMail(store, noon, { alerts: [same, { ...same, route: 'other' }] })
  expect(fates.map(({ status }) => status)).toEqual(['queued', 'suppressed'])
})

test('what is held has the key while it waits, and its window from when it is let go', async () => {
  const store = openStore()
  const hold = { key: 'k', happenedAt: noon, forMs: hourMs, until: noon + hourMs }
  const first = await alertOnce(store, noon, { control: { ...same.control, hold } })
  const whileHeld = await routeMail(store, noon + hourMs - 1, { alerts: [same] })
  expect(whileHeld.fates).toMatchObject([{ reason: `same as ${first}, which is held (dedupe, 30m)` }])
  await store.releaseHolds(noon + hourMs, 10)
  const inWindow = await routeMail(store, noon + hourMs + windowMs - 1, { alerts: [same] })
  expect(inWindow.fates).toMatchObject([{ status: 'suppressed' }])
  const after = await routeMail(store, noon + hourMs + windowMs, { alerts: [same] })
  expect(after.fates).toMatchObject([{ status: 'queued' }])
})

test('what was held and recovered gives the key back', async () => {
  const store = openStore()
  await alertOnce(store, noon, { control: { ...same.control, ...holdFrom(noon) } })
  await routeMail(store, noon + 1, { recoveries: [recoveryAt(noon + 1)] })
  const next = await alertOnce(store, noon + 2, same)
  expect(await deliveriesOf(store, next)).toEqual(['alert queued'])
})
