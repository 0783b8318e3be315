import { describe, expect, test } from 'vitest'
import type { SilenceMatchers } from '#src/domain/silence.js'
import type { Store } from '#src/store/store.js'
import {
  type Alert,
  acknowledge,
  alertOnce,
  claimDue,
  deliveriesOf,
  hourMs,
  makeAlert,
  makeUrgent,
  minuteMs,
  noon,
  read,
  routeMail,
  sendDue,
  settle,
} from './notification-fixture.js'
import { claimMail, makeDelivery, makeRaw, makeRouting, openStore } from './store-fixture.js'

async function silence(store: Store, matchers: Partial<SilenceMatchers>, endsAt = noon + hourMs): Promise<void> {
  await store.saveSilence({
    id: `silence ${JSON.stringify(matchers)}`,
    matchers: { routes: [], channels: [], labels: {}, ...matchers },
    startsAt: noon - hourMs,
    endsAt,
    comment: 'new "disks"',
    createdBy: 'cli:tim',
    createdAt: noon - hourMs,
  })
}

describe('a silence', () => {
  const both: Alert = {
    labels: { host: 'DB1' },
    deliveries: [...makeUrgent(), makeDelivery({ channel: 'mail', recipient: 'eve@y.example' })],
  }
  const reason = 'silenced until 13:00 UTC (new "disks")'

  const cases: { matchers: Partial<SilenceMatchers>; status: string; reason: string | null; sent: string[] }[] = [
    { matchers: { labels: { host: 'db*' } }, status: 'suppressed', reason, sent: [] },
    { matchers: { routes: ['disks'], labels: { host: 'db2' } }, status: 'queued', reason: null, sent: ['ops', 'mail'] },
    // The escalation waits: the silence may be over by then.
    { matchers: { channels: ['ops'] }, status: 'queued', reason: `ops: ${reason}`, sent: ['mail'] },
    { matchers: { channels: ['*'] }, status: 'suppressed', reason, sent: [] },
  ]
  test.each(cases)('over $matchers: $status', async ({ matchers, status, reason: why, sent }) => {
    const store = openStore()
    await silence(store, matchers)
    const { fates, ids } = await routeMail(store, noon, { alerts: [both] })
    expect(fates).toMatchObject([{ status, reason: why }])
    const due = [...(await claimDue(store, noon)), ...(await claimDue(store, noon, 'mail'))]
    expect(due.map((delivery) => delivery.channel)).toEqual(sent)
    const kept = await deliveriesOf(store, ids[0] ?? '')
    expect(kept).toHaveLength(3)
    expect(kept.includes('escalation queued')).toBe(sent.length > 0)
  })

  test('that is over, or begins later, keeps nothing back', async () => {
    const store = openStore()
    await silence(store, { routes: ['*'] }, noon)
    expect(await read(store, await alertOnce(store, noon))).toMatchObject({ status: 'queued' })
  })

  test('keeps what it suppressed for a person to retry, who takes it out of its silence', async () => {
    const store = openStore()
    await silence(store, { routes: ['disks'] })
    const id = await alertOnce(store, noon, both)
    expect((await read(store, id)).delivery_list.map((delivery) => delivery.last_error)).toEqual([
      reason,
      reason,
      reason,
    ])
    await store.retryDeliveries({ notificationId: id, channel: 'mail' }, noon + 1)
    expect(await read(store, id)).toMatchObject({ status: 'queued', reason: null })
    await sendDue(store, noon + 1, {}, 'mail')
    expect(await read(store, id)).toMatchObject({ status: 'sent' })
  })

  test('comes before a hold and a digest, which begin without what it suppressed', async () => {
    const store = openStore()
    await silence(store, { routes: ['disks'] })
    const hold = { key: 'k', happenedAt: noon, forMs: minuteMs, until: noon + minuteMs }
    await alertOnce(store, noon, { control: { hold, dedupe: { key: 'k', windowMs: hourMs } } })
    await alertOnce(store, noon, { control: { digest: { key: 'k', dueAt: noon + 1 } } })
    expect(await store.nextFollowUpAt()).toBeNull()
    const later = await alertOnce(store, noon + hourMs, { control: { dedupe: { key: 'k', windowMs: hourMs } } })
    expect(await read(store, later)).toMatchObject({ status: 'queued' })
  })
})

describe('what nobody mailed', () => {
  test('is raised once for its occasion', async () => {
    const store = openStore()
    const origin = { source: 'monitor' as const, key: 'backup/down/1' }
    const raised = [makeAlert({ route: 'backup' }), makeAlert({ route: 'backup' })]
    const first = await store.raise(raised, origin, noon)
    expect(first).toMatchObject({ channels: ['ops'], fates: [{ status: 'queued' }, { status: 'queued' }] })
    expect(await store.raise(raised, origin, noon + 1)).toEqual({ deliveries: 0, channels: [], fates: [] })
    expect(await store.raise(raised, { ...origin, source: 'system' }, noon + 1)).toMatchObject({ deliveries: 2 })
    const [fate] = first.fates
    expect(await read(store, fate?.notification_id ?? '')).toMatchObject({
      source: 'monitor',
      mail_id: null,
      run_id: null,
    })
    expect(await claimDue(store, noon)).toMatchObject([{ mailId: null, runId: null }, { mailId: null }])
  })
})

describe('the status of a notification', () => {
  test('is that of its worst alert, whatever follows upon it', async () => {
    const store = openStore()
    const deliveries = [...makeUrgent(), makeDelivery({ address: '222' }), makeDelivery({ address: '333' })]
    const id = await alertOnce(store, noon, { deliveries })
    const statusNow = async () => (await read(store, id)).status
    expect(await statusNow()).toBe('queued')
    const [one, two, three] = await claimDue(store, noon)
    if (!one || !two || !three) throw new Error('not all are due')
    expect(await statusNow()).toBe('processing')
    await settle(store, one, noon)
    await settle(store, two, noon, { status: 'failed', dueAt: noon + 1 })
    await settle(store, three, noon, { status: 'dead', goesOn: true })
    expect(await statusNow()).toBe('dead')
    await store.cancelDeliveries({ ids: [three.id] }, noon)
    expect(await statusNow()).toBe('failed')
    await sendDue(store, noon + 1)
    expect(await statusNow()).toBe('sent')
    await sendDue(store, noon + hourMs, { status: 'dead' })
    expect(await statusNow()).toBe('sent')
  })
})

describe('the list', () => {
  test('is of the newest first, page by page, by each of its filters', async () => {
    const store = openStore()
    const first = await alertOnce(store, noon, { route: 'a', fingerprint: 'x', deliveries: makeUrgent() })
    const { ids, mailId } = await routeMail(store, noon + 1, {
      alerts: [{ route: 'b' }, { route: 'c', deliveries: [makeDelivery({ address: '222' })] }],
    })
    const [second, third] = ids
    await sendDue(store, noon + 1)
    await store.resolveNotifications([third ?? ''], 'cli:tim', noon + 2)
    const idsBy = async (filter: Parameters<Store['listNotifications']>[0]) =>
      (await store.listNotifications(filter)).items.map((item) => item.id)
    const page = await store.listNotifications({ limit: 2 })
    expect(page.items.map((item) => item.id)).toEqual([third, second])
    expect(await idsBy({ limit: 2, cursor: page.next_cursor ?? '' })).toEqual([first])
    expect(await idsBy({ limit: 9, status: 'sent' })).toEqual([second, first])
    expect(await idsBy({ limit: 9, status: 'resolved' })).toEqual([third])
    expect(await idsBy({ limit: 9, route: 'b' })).toEqual([second])
    expect(await idsBy({ limit: 9, fingerprint: 'x' })).toEqual([first])
    expect(await idsBy({ limit: 9, mailId })).toEqual([third, second])
    expect(await idsBy({ limit: 9, since: noon + 1 })).toEqual([third, second])
    expect(await idsBy({ limit: 9, unacknowledged: true })).toEqual([first])
    await acknowledge(store, first, noon + 3)
    expect(await idsBy({ limit: 9, unacknowledged: true })).toEqual([])
    expect(await idsBy({ limit: 9, status: 'dead', route: 'x"; DROP TABLE mails' })).toEqual([])
    expect(await store.readNotification('nothing')).toBeNull()
  })
})

test('the trace of a mail says what became of each of its routes', async () => {
  const store = openStore()
  const alerts = [{ route: 'a' }, { route: 'b', control: { digest: { key: 'k', dueAt: noon + hourMs } } }]
  const { mailId, ids } = await routeMail(store, noon, { alerts })
  expect((await store.readMail(mailId))?.traces[0]?.routes.map((line) => line.notification)).toEqual([
    { notification_id: ids[0], status: 'queued', reason: null },
    { notification_id: ids[1], status: 'queued', reason: 'waits until 13:00 UTC (digest)' },
  ])
})

test('monitors that expected the mail have seen it', async () => {
  const store = openStore()
  await store.saveMails([makeRaw('m1')])
  const monitorsSeen = [{ monitor: 'backup', at: noon - 5 }]
  await store.commitRouting(makeRouting(await claimMail(store), { monitorsSeen }))
  expect(await store.listMonitorStates()).toMatchObject([{ name: 'backup', lastSeenAt: noon - 5 }])
})
