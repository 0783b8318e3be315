import { describe, expect, test } from 'vitest'
import type { Store } from '#src/store/store.js'
import {
  type Alert,
  acknowledge,
  alertOnce,
  deliveriesOf,
  hourMs,
  makeAlert,
  minuteMs,
  noon,
  read,
  routeMail,
  sendDue,
} from './notification-fixture.js'
import { makeDelivery, makeFolder, makeMessage, openStore } from './store-fixture.js'

const due = noon + hourMs

function gathered(dueAt = due, changes: Alert = {}): Alert {
  return { ...changes, control: { digest: { key: 'k', dueAt } } }
}

/** Commits the group's digest with these items, as the loop that composes it does. */
async function send(
  store: Store,
  itemIds: string[],
  { dueAt = due, nextDueAt = null as number | null, now = due } = {},
) {
  const notification = makeAlert({ route: 'disks', message: makeMessage({ title: 'Digest', mailId: null }) })
  return store.commitDigest({ route: 'disks', key: 'k', dueAt, itemIds, notification, nextDueAt, now })
}

describe('a digest', () => {
  test('gathers without deliveries, over a restart, and goes out once', async () => {
    const folder = makeFolder()
    const before = openStore(folder)
    const { ids, fates, deliveries } = await routeMail(before, noon, { alerts: [gathered()] })
    expect(deliveries).toBe(0)
    expect(fates).toMatchObject([{ status: 'queued', reason: 'waits until 13:00 UTC (digest)' }])
    const later = await alertOnce(before, noon + minuteMs, gathered(due + minuteMs))
    expect(await read(before, later)).toMatchObject({ waits_until: new Date(due).toISOString(), delivery_list: [] })
    await before.close()

    const store = openStore(folder)
    expect(await store.nextFollowUpAt()).toBe(due)
    expect(await store.listDueDigests(due - 1, 10)).toEqual([])
    const target = { channel: 'ops', recipient: 'tim@y.example', address: '111' }
    expect(await store.listDueDigests(due, 10)).toMatchObject([
      {
        route: 'disks',
        key: 'k',
        dueAt: due,
        count: 2,
        items: [{ notificationId: ids[0], createdAt: noon, targets: [target] }, { notificationId: later }],
        lastTargets: [],
      },
    ])
    const items = [...ids, later]
    const committed = await send(store, items)
    expect(committed).toMatchObject({ deliveries: 1, channels: ['ops'], fates: [{ status: 'queued' }] })
    expect(await send(store, items)).toEqual({ deliveries: 0, channels: [], fates: [] })
    expect(await store.nextFollowUpAt()).toBeNull()
    const digest = committed.fates[0]?.notification_id ?? ''
    expect(await read(store, digest)).toMatchObject({ source: 'digest', mail_id: null, title: 'Digest' })
    expect(await read(store, later)).toMatchObject({
      status: 'queued',
      reason: `in the digest ${digest}`,
      waits_until: null,
    })
    await sendDue(store, due)
    for (const id of items) expect(await read(store, id)).toMatchObject({ status: 'sent' })
  })

  test('shares its acknowledgement and its end with what is in it', async () => {
    const store = openStore()
    const [own, shared, over] = [
      await alertOnce(store, noon, gathered()),
      await alertOnce(store, noon, gathered()),
      await alertOnce(store, noon, gathered()),
    ]
    await acknowledge(store, own, noon + 1)
    const { fates } = await send(store, [own, shared, over])
    await store.resolveNotifications([over], 'cli:tim', due)
    const digest = fates[0]?.notification_id ?? ''
    await sendDue(store, due)
    expect((await store.listNotifications({ status: 'sent', limit: 10 })).items.map(({ id }) => id)).toEqual([
      digest,
      shared,
    ])
    await acknowledge(store, digest, due + 1)
    expect(await read(store, shared)).toMatchObject({ status: 'acknowledged', acked_by: null })
    expect(await read(store, own)).toMatchObject({ status: 'acknowledged', acked_by: 'cli:tim' })
    expect(await read(store, over)).toMatchObject({ status: 'resolved' })
  })

  test('leaves out what recovered meanwhile', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, gathered())
    const kept = await alertOnce(store, noon, gathered(due, { fingerprint: 'other' }))
    await routeMail(store, noon, { recoveries: [{ type: 'fingerprint', fingerprint: 'f', route: 'up' }] })
    expect(await read(store, id)).toMatchObject({
      status: 'suppressed',
      reason: expect.stringMatching(/^recovered before it was sent \(mail /),
    })
    expect(await store.listDueDigests(due, 10)).toMatchObject([{ count: 1, items: [{ notificationId: kept }] }])
    await send(store, [id, kept])
    expect(await read(store, id)).toMatchObject({ status: 'suppressed' })
  })

  test('that is late takes no more in: what comes meanwhile is in the next', async () => {
    const store = openStore()
    const first = await alertOnce(store, noon, gathered())
    const second = await alertOnce(store, due, gathered(due + hourMs))
    expect(await read(store, second)).toMatchObject({ waits_until: new Date(due + hourMs).toISOString() })
    await send(store, [first])
    expect(await store.nextFollowUpAt()).toBe(due + hourMs)
    await send(store, [second], { dueAt: due + hourMs, now: due + hourMs })
    expect(await read(store, second)).toMatchObject({ reason: expect.stringContaining('in the digest') })
  })

  test('goes out in several where there are more than 500, and stays the only one of its time', async () => {
    const store = openStore()
    const alerts = Array.from({ length: 501 }, (_, index) => ({
      ...gathered(),
      route: 'disks',
      fingerprint: `${index}`,
    }))
    for (const alert of alerts) await alertOnce(store, noon, alert)
    const [group] = await store.listDueDigests(due, 10)
    expect(group).toMatchObject({ count: 501 })
    expect(group?.items).toHaveLength(500)
    expect(await send(store, group?.items.map((item) => item.notificationId) ?? [])).toMatchObject({ deliveries: 1 })
    const [rest] = await store.listDueDigests(due + 1, 10)
    expect(rest).toMatchObject({ count: 1, dueAt: due + 1 })
    const ids = rest?.items.map((item) => item.notificationId) ?? []
    expect(await send(store, ids, { dueAt: due + 1 })).toMatchObject({ deliveries: 1 })
    expect(await store.nextFollowUpAt()).toBeNull()
  }, 60_000)

  test('of nothing goes out only where its group is kept, to whom the last one went', async () => {
    const store = openStore()
    await store.keepDigest('disks', 'k', due)
    await store.keepDigest('disks', 'k', due + 1)
    expect(await store.listDueDigests(due, 10)).toMatchObject([{ dueAt: due, items: [], count: 0, lastTargets: [] }])
    await send(store, [], { nextDueAt: due + hourMs })
    const [next] = await store.listDueDigests(due + hourMs, 10)
    expect(next).toMatchObject({ dueAt: due + hourMs, lastTargets: [{ channel: 'ops', address: '111' }] })
    const silent = { route: 'disks', key: 'k', dueAt: due + hourMs, itemIds: [], notification: null, now: due + hourMs }
    await store.commitDigest({ ...silent, nextDueAt: due + 2 * hourMs })
    expect(await store.listDueDigests(due + 2 * hourMs, 10)).toMatchObject([{ lastTargets: [{ channel: 'ops' }] }])
    await store.commitDigest({ ...silent, dueAt: due + 2 * hourMs, nextDueAt: null })
    expect(await store.nextFollowUpAt()).toBeNull()
  })

  test('of what was held until after its time is another one of that time', async () => {
    const store = openStore()
    const hold = { key: 'h', happenedAt: noon + 50 * minuteMs, forMs: 30 * minuteMs, until: noon + 80 * minuteMs }
    const held = await alertOnce(store, noon, { control: { hold, digest: { key: 'k', dueAt: due } } })
    const inTime = await alertOnce(store, noon, gathered())
    await send(store, [inTime])
    await store.releaseHolds(hold.until, 10)
    const [late] = await store.listDueDigests(hold.until, 10)
    expect(late?.items.map(({ notificationId }) => notificationId)).toEqual([held])
    await send(store, [held], { dueAt: late?.dueAt ?? 0, now: hold.until })
    expect((await read(store, held)).status).not.toBe('dead')
    expect((await store.listDeliveries({ limit: 10 })).items).toHaveLength(2)
  })

  test('that is silenced takes what is in it along', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, gathered())
    await store.saveSilence({
      id: 's1',
      matchers: { routes: ['disks'], channels: [], labels: {} },
      startsAt: noon + 1,
      endsAt: due + hourMs,
      comment: '',
      createdBy: 'cli:tim',
      createdAt: noon,
    })
    await send(store, [id])
    expect(await read(store, id)).toMatchObject({ status: 'suppressed' })
  })

  test('has no place for what must not go out', async () => {
    const store = openStore()
    const dead = makeDelivery({ dead: 'trap' })
    const id = await alertOnce(store, noon, gathered(due, { deliveries: [dead] }))
    expect(await deliveriesOf(store, id)).toEqual(['alert dead'])
    const half = await alertOnce(store, noon, gathered(due, { deliveries: [dead, makeDelivery({ channel: 'mail' })] }))
    expect(await deliveriesOf(store, half)).toEqual(['alert dead'])
    expect(await store.listDueDigests(due, 10)).toMatchObject([{ items: [{ targets: [{ channel: 'mail' }] }] }])
  })
})
