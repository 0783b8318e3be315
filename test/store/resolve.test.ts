import { describe, expect, test } from 'vitest'
import type { Recovery } from '#src/domain/notification.js'
import {
  acknowledge,
  alertOnce,
  claimDue,
  deliveriesOf,
  makeUrgent,
  minuteMs,
  noon,
  read,
  routeMail,
  sendDue,
  settle,
} from './notification-fixture.js'
import { makeDelivery, makeFolder, openStore } from './store-fixture.js'

const recovery: Recovery = { type: 'fingerprint', fingerprint: 'f', route: 'up' }

describe('a recovery', () => {
  test('closes what is open of its fingerprint, over a restart, and tells who was told', async () => {
    const folder = makeFolder()
    const before = openStore(folder)
    const id = await alertOnce(before, noon, {
      deliveries: [...makeUrgent({ during: 'office' }), makeDelivery({ channel: 'mail' })],
    })
    const other = await alertOnce(before, noon, { fingerprint: 'g', deliveries: [makeDelivery({ channel: 'sms' })] })
    await sendDue(before, noon)
    await sendDue(before, noon, { status: 'failed', dueAt: noon + minuteMs, lastError: 'busy' }, 'mail')
    await sendDue(before, noon + 10 * minuteMs)
    await before.close()

    const store = openStore(folder)
    const now = noon + 11 * minuteMs
    const { mailId, channels, deliveries } = await routeMail(store, now, { recoveries: [recovery] })
    expect({ channels, deliveries }).toEqual({ channels: ['ops'], deliveries: 1 })
    expect(await read(store, id)).toMatchObject({
      status: 'resolved',
      reason: `resolved by mail ${mailId}`,
      resolved_at: new Date(now).toISOString(),
    })
    expect(await read(store, other)).toMatchObject({ status: 'queued' })
    expect((await deliveriesOf(store, id)).sort()).toEqual([
      'alert cancelled',
      'alert sent',
      'escalation cancelled',
      'repeat cancelled',
      'repeat sent',
      'resolve queued',
    ])
    const [told, ...others] = await claimDue(store, now)
    expect(others).toEqual([])
    const alert = (await read(store, id)).delivery_list.at(-1)
    expect(told).toMatchObject({
      purpose: 'resolve',
      aboutId: alert?.id,
      aboutRemote: { message: alert?.id },
      during: 'office',
      notification: { status: 'resolved', resolved: { at: now, by: `mail ${mailId}` } },
    })
    expect((await store.readMail(mailId))?.traces[0]?.recoveries).toEqual([
      { route: 'up', what: 'fingerprint f', closed: [id] },
    ])
    const again = await routeMail(store, now + 1, { recoveries: [recovery] })
    expect(again).toMatchObject({ deliveries: 0, channels: [] })
  })

  test('tells each address once, about the newest, however many were open', async () => {
    const store = openStore()
    await alertOnce(store, noon)
    await alertOnce(store, noon + 1)
    const sent = await sendDue(store, noon + 1)
    await routeMail(store, noon + 2, { recoveries: [recovery] })
    expect(await claimDue(store, noon + 2)).toMatchObject([{ purpose: 'resolve', aboutId: sent.at(-1)?.id }])
    expect((await store.listNotifications({ status: 'resolved', limit: 10 })).items).toHaveLength(2)
  })

  test('closes what was acknowledged, too', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent() })
    await sendDue(store, noon)
    await acknowledge(store, id, noon + 1)
    await routeMail(store, noon + 2, { recoveries: [recovery] })
    expect(await read(store, id)).toMatchObject({ status: 'resolved', acked_by: 'cli:tim' })
    expect(await claimDue(store, noon + 2)).toMatchObject([{ purpose: 'resolve' }])
  })

  test('comes before what its own mail opens', async () => {
    const store = openStore()
    const { ids } = await routeMail(store, noon, { alerts: [{}], recoveries: [recovery] })
    expect(await read(store, ids[0] ?? '')).toMatchObject({ status: 'queued' })
  })

  test('is told by what no other recovery has to close', async () => {
    const store = openStore()
    const { ids } = await routeMail(store, noon, { alerts: [{ route: 'up' }], recoveries: [recovery] })
    const plain = await alertOnce(store, noon, { severity: 'resolved' })
    await sendDue(store, noon)
    await routeMail(store, noon + 1, { recoveries: [recovery] })
    for (const id of [...ids, plain]) expect(await read(store, id)).toMatchObject({ status: 'sent' })
  })

  test.each([
    { settled: 'sent' as const, becomes: ['alert sent', 'resolve queued'] },
    { settled: 'failed' as const, becomes: ['alert cancelled'] },
    { settled: 'queued' as const, becomes: ['alert cancelled'] },
    { settled: 'dead' as const, becomes: ['alert dead'] },
  ])('overrules an alert that was in flight and is settled $settled: $becomes', async ({ settled, becomes }) => {
    const store = openStore()
    const id = await alertOnce(store, noon, { deliveries: makeUrgent().slice(0, 1) })
    const [alert] = await claimDue(store, noon)
    if (!alert) throw new Error('no alert is due')
    await routeMail(store, noon + 1, { recoveries: [recovery] })
    await settle(store, alert, noon + 2, { status: settled, dueAt: noon + 3, goesOn: true })
    expect(await deliveriesOf(store, id)).toEqual(becomes)
    expect(await read(store, id)).toMatchObject({ status: 'resolved' })
  })

  test('that itself fails is tried again', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon)
    await sendDue(store, noon)
    await routeMail(store, noon + 1, { recoveries: [recovery] })
    await sendDue(store, noon + 1, { status: 'failed', dueAt: noon + 5 })
    await sendDue(store, noon + 5)
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'resolve sent'])
  })
})

test('by hand: open ones are closed, each tells its own, and the rest is left as it is', async () => {
  const store = openStore()
  const [one, two, over] = [
    await alertOnce(store, noon),
    await alertOnce(store, noon, { fingerprint: 'g' }),
    await alertOnce(store, noon),
  ]
  await sendDue(store, noon)
  await store.resolveNotifications([over], 'cli:eve', noon)
  await sendDue(store, noon)
  const closed = await store.resolveNotifications([one, two, over, 'nothing'], 'cli:tim', noon + 1)
  expect(closed).toEqual({
    deliveries: 2,
    channels: ['ops'],
    fates: [
      { notification_id: one, route: 'disks', status: 'resolved', reason: 'resolved by cli:tim' },
      { notification_id: two, route: 'disks', status: 'resolved', reason: 'resolved by cli:tim' },
    ],
  })
  expect(await read(store, over)).toMatchObject({ reason: 'resolved by cli:eve' })
})
