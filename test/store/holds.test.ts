import { describe, expect, test } from 'vitest'
import type { Store } from '#src/store/store.js'
import {
  acknowledge,
  alertOnce,
  claimDue,
  deliveriesOf,
  holdFrom,
  hourMs,
  makeUrgent,
  minuteMs,
  noon,
  read,
  recoveryAt,
  routeMail,
  secondMs,
  sendDue,
  settle,
} from './notification-fixture.js'
import { makeDelivery, makeFolder, openStore } from './store-fixture.js'

const held = { control: holdFrom(noon) }

describe('what is held', () => {
  test('waits with its deliveries, over a restart, and is let go when its time is over', async () => {
    const folder = makeFolder()
    const before = openStore(folder)
    const { fates, channels, ids } = await routeMail(before, noon, { alerts: [{ ...held, deliveries: makeUrgent() }] })
    const id = ids[0] ?? ''
    expect(fates).toMatchObject([{ status: 'queued', reason: 'waits until 12:01 UTC (hold)' }])
    expect(channels).toEqual([])
    expect(await before.nextFollowUpAt()).toBe(noon + minuteMs)
    await before.close()

    const store = openStore(folder)
    expect(await read(store, id)).toMatchObject({
      status: 'queued',
      reason: 'waits until 12:01 UTC (hold)',
      waits_until: new Date(noon + minuteMs).toISOString(),
    })
    expect(await claimDue(store, noon + hourMs)).toEqual([])
    expect(await store.releaseHolds(noon + minuteMs - 1, 10)).toEqual({ released: 0, channels: [] })
    expect(await store.releaseHolds(noon + minuteMs, 10)).toEqual({ released: 1, channels: ['ops'] })
    expect(await store.nextFollowUpAt()).toBeNull()
    expect(await read(store, id)).toMatchObject({ reason: null, waits_until: null })
    expect(await sendDue(store, noon + minuteMs)).toMatchObject([{ purpose: 'alert' }])
    expect(await read(store, id)).toMatchObject({ status: 'sent' })
    // The wait of an escalation begins when its alert is let go.
    expect(await claimDue(store, noon + 31 * minuteMs - 1)).toMatchObject([{ purpose: 'repeat' }])
    expect(await claimDue(store, noon + 31 * minuteMs)).toMatchObject([{ purpose: 'escalation' }])
  })

  test('is let go a few at a time, the longest wait first', async () => {
    const store = openStore()
    const second = await alertOnce(store, noon, { control: holdFrom(noon, 'b') })
    const first = await alertOnce(store, noon, { control: holdFrom(noon - secondMs, 'a') })
    expect(await store.releaseHolds(noon + hourMs, 1)).toMatchObject({ released: 1 })
    expect(await read(store, first)).toMatchObject({ waits_until: null })
    expect(await store.releaseHolds(noon + hourMs, 1)).toMatchObject({ released: 1 })
    expect(await read(store, second)).toMatchObject({ waits_until: null })
    expect(await store.releaseHolds(noon + hourMs, 1)).toEqual({ released: 0, channels: [] })
  })

  test('stays away from a message of another route that goes out now', async () => {
    const store = openStore()
    await routeMail(store, noon, { alerts: [held, { route: 'other' }] })
    expect(await sendDue(store, noon)).toMatchObject([{ route: 'other' }])
  })

  test('is dead at once where it must not go out at all', async () => {
    const store = openStore()
    const { fates } = await routeMail(store, noon, {
      alerts: [{ ...held, deliveries: [makeDelivery({ dead: 'trap' })] }],
    })
    expect(fates).toMatchObject([{ status: 'dead', reason: 'trap' }])
    expect(await store.nextFollowUpAt()).toBeNull()
  })

  test('goes into the digest of its route when it is let go', async () => {
    const store = openStore()
    const control = { ...holdFrom(noon), digest: { key: 'k', dueAt: noon + hourMs } }
    const id = await alertOnce(store, noon, { control })
    await store.releaseHolds(noon + minuteMs, 10)
    expect(await read(store, id)).toMatchObject({ status: 'queued', reason: 'waits until 13:00 UTC (digest)' })
    expect(await deliveriesOf(store, id)).toEqual([])
    expect(await store.listDueDigests(noon + hourMs, 10)).toMatchObject([
      { items: [{ notificationId: id, targets: [{ channel: 'ops', address: '111' }] }] },
    ])
  })

  test('is acknowledged while it waits: the alert goes out, no repeat and no escalation does', async () => {
    const store = openStore()
    const id = await alertOnce(store, noon, { ...held, deliveries: makeUrgent() })
    await acknowledge(store, id, noon + 1)
    await store.releaseHolds(noon + minuteMs, 10)
    await sendDue(store, noon + minuteMs)
    expect(await deliveriesOf(store, id)).toEqual(['alert sent', 'escalation cancelled'])
    expect(await store.nextDeliveryDueAt()).toEqual([])
  })
})

/** How a stop mail and its recovery end, by the times at which they happened and came in. */
interface Case {
  what: string
  run: (store: Store) => Promise<string>
  status: string
  reason: string | null
  deliveries: string[]
}

const cases: Case[] = [
  {
    what: 'a recovery in time suppresses it',
    run: async (store) => {
      const id = await alertOnce(store, noon, { ...held, deliveries: makeUrgent() })
      await routeMail(store, noon + 40 * secondMs, { recoveries: [recoveryAt(noon + 40 * secondMs)] })
      return id
    },
    status: 'suppressed',
    reason: 'recovered after 40s, before it was due',
    deliveries: ['alert cancelled', 'escalation cancelled'],
  },
  {
    what: 'a recovery in the last moment counts',
    run: async (store) => {
      const id = await alertOnce(store, noon, held)
      await routeMail(store, noon + minuteMs, { recoveries: [recoveryAt(noon + minuteMs)] })
      return id
    },
    status: 'suppressed',
    reason: 'recovered after 1m, before it was due',
    deliveries: ['alert cancelled'],
  },
  {
    what: 'a recovery that came in first suppresses it at once',
    run: async (store) => {
      await routeMail(store, noon, { recoveries: [recoveryAt(noon)] })
      return alertOnce(store, noon + minuteMs, { control: holdFrom(noon - 20 * secondMs) })
    },
    status: 'suppressed',
    reason: 'recovered after 20s, before it was due',
    deliveries: [],
  },
  {
    what: 'a recovery before it happened is about an earlier one',
    run: async (store) => {
      await routeMail(store, noon, { recoveries: [recoveryAt(noon - 1)] })
      const id = await alertOnce(store, noon, held)
      await routeMail(store, noon, { recoveries: [recoveryAt(noon - 1)] })
      return id
    },
    status: 'queued',
    reason: 'waits until 12:01 UTC (hold)',
    deliveries: ['alert queued'],
  },
  {
    what: 'a recovery of another key or route is not about it',
    run: async (store) => {
      const id = await alertOnce(store, noon, held)
      const recoveries = [recoveryAt(noon + 1, 'db2'), recoveryAt(noon + 1, 'db1', 'other')]
      await routeMail(store, noon + 1, { recoveries })
      return id
    },
    status: 'queued',
    reason: 'waits until 12:01 UTC (hold)',
    deliveries: ['alert queued'],
  },
  {
    what: 'a recovery after it went out resolves it',
    run: async (store) => {
      const id = await alertOnce(store, noon, { ...held, deliveries: makeUrgent() })
      await store.releaseHolds(noon + minuteMs, 10)
      await sendDue(store, noon + minuteMs)
      await routeMail(store, noon + hourMs, { recoveries: [recoveryAt(noon + 2 * minuteMs)] })
      return id
    },
    status: 'resolved',
    reason: 'resolved by mail',
    deliveries: ['alert sent', 'escalation cancelled', 'repeat cancelled', 'resolve queued'],
  },
  {
    what: 'a recovery when its time was over and nobody was there to let it go: both are told',
    run: async (store) => {
      const id = await alertOnce(store, noon, { ...held, deliveries: makeUrgent() })
      await routeMail(store, noon + hourMs, { recoveries: [recoveryAt(noon + 61 * secondMs)] })
      const [alert] = await claimDue(store, noon + hourMs)
      if (!alert) throw new Error('the alert is not due')
      await settle(store, alert, noon + hourMs, { status: 'failed', dueAt: noon + hourMs + 1 })
      await sendDue(store, noon + hourMs + 1)
      return id
    },
    status: 'resolved',
    reason: 'resolved by mail',
    deliveries: ['alert sent', 'escalation cancelled', 'resolve queued'],
  },
  {
    what: 'a recovery in time of what a person sent before its time resolves it',
    run: async (store) => {
      const id = await alertOnce(store, noon, held)
      const [delivery] = (await read(store, id)).delivery_list
      await store.cancelDeliveries({ ids: [delivery?.id ?? ''] }, noon)
      await store.retryDeliveries({ ids: [delivery?.id ?? ''] }, noon)
      await sendDue(store, noon)
      await routeMail(store, noon + 1, { recoveries: [recoveryAt(noon + 1)] })
      return id
    },
    status: 'resolved',
    reason: 'resolved by mail',
    deliveries: ['alert sent', 'resolve queued'],
  },
  {
    what: 'what a person cancelled stays so when its time is over',
    run: async (store) => {
      const id = await alertOnce(store, noon, held)
      await store.cancelDeliveries({ notificationId: id }, noon)
      await store.releaseHolds(noon + minuteMs, 10)
      return id
    },
    status: 'cancelled',
    reason: null,
    deliveries: ['alert cancelled'],
  },
]

test.each(cases)('$what', async ({ run, status, reason, deliveries }) => {
  const store = openStore()
  const id = await run(store)
  const detail = await read(store, id)
  expect(detail).toMatchObject({ status })
  expect(detail.reason?.replace(/mail mail\d+/, 'mail') ?? null).toBe(reason)
  expect((await deliveriesOf(store, id)).sort()).toEqual(deliveries.sort())
})

describe('an open episode', () => {
  test('is joined by what comes later, and begins earlier when that happened earlier', async () => {
    const store = openStore()
    const first = await alertOnce(store, noon, held)
    const later = await routeMail(store, noon + 1, { alerts: [{ control: holdFrom(noon + 1) }] })
    expect(later.fates).toMatchObject([{ status: 'suppressed', reason: `goes with ${first}, held since 12:00 UTC` }])
    expect(await read(store, first)).toMatchObject({ waits_until: new Date(noon + minuteMs).toISOString() })
    await alertOnce(store, noon + 2, { control: holdFrom(noon - 30 * secondMs) })
    expect(await read(store, first)).toMatchObject({
      suppressed_count: 2,
      waits_until: new Date(noon + 30 * secondMs).toISOString(),
      reason: 'waits until 12:00 UTC (hold)',
    })
    expect(await store.nextFollowUpAt()).toBe(noon + 30 * secondMs)
    // Within a minute of the mail that came first, but not of what happened first.
    await routeMail(store, noon + 40 * secondMs, { recoveries: [recoveryAt(noon + 40 * secondMs)] })
    expect(await read(store, first)).toMatchObject({ status: 'resolved' })
  })

  test('goes on after it was let go, until it is resolved', async () => {
    const store = openStore()
    const first = await alertOnce(store, noon, held)
    await store.releaseHolds(noon + minuteMs, 10)
    await sendDue(store, noon + minuteMs)
    const second = await routeMail(store, noon + hourMs, { alerts: [{ control: holdFrom(noon + hourMs) }] })
    expect(second.fates).toMatchObject([{ status: 'suppressed', reason: `goes with ${first}, let go at 12:01 UTC` }])
    await routeMail(store, noon + 2 * hourMs, { recoveries: [recoveryAt(noon + 2 * hourMs)] })
    const third = await routeMail(store, noon + 3 * hourMs, { alerts: [{ control: holdFrom(noon + 3 * hourMs) }] })
    expect(third.fates).toMatchObject([{ status: 'queued' }])
  })

  test('is over after a day of silence, or when nobody could be told', async () => {
    const store = openStore()
    await alertOnce(store, noon, held)
    await store.releaseHolds(noon + minuteMs, 10)
    await sendDue(store, noon + minuteMs)
    const almost = noon + 24 * hourMs - 1
    expect(await read(store, await alertOnce(store, almost, { control: holdFrom(almost) }))).toMatchObject({
      status: 'suppressed',
    })
    const silent = almost + 24 * hourMs
    const next = await alertOnce(store, silent, { control: holdFrom(silent) })
    expect(await read(store, next)).toMatchObject({ status: 'queued' })
    await store.releaseHolds(silent + minuteMs, 10)
    await sendDue(store, silent + minuteMs, { status: 'dead', lastError: 'gone' })
    const after = silent + 2 * minuteMs
    expect(await read(store, await alertOnce(store, after, { control: holdFrom(after) }))).toMatchObject({
      status: 'queued',
    })
  })
})

test('a recovery names in the trace what it closed', async () => {
  const store = openStore()
  const id = await alertOnce(store, noon, held)
  const { mailId } = await routeMail(store, noon + 1, { recoveries: [recoveryAt(noon + 1), recoveryAt(noon + 1, 'x')] })
  expect((await store.readMail(mailId))?.traces[0]?.recoveries).toEqual([
    { route: 'disks', what: 'hold db1', closed: [id] },
    { route: 'disks', what: 'hold x', closed: [] },
  ])
})

test('a recovery is kept for two days', async () => {
  const store = openStore()
  await routeMail(store, noon, { recoveries: [recoveryAt(noon)] })
  const stop = { control: holdFrom(noon - 1) }
  await routeMail(store, noon + 48 * hourMs, { recoveries: [recoveryAt(noon + 48 * hourMs, 'other')] })
  expect(await read(store, await alertOnce(store, noon + 48 * hourMs, stop))).toMatchObject({ status: 'suppressed' })
  await routeMail(store, noon + 49 * hourMs, { recoveries: [recoveryAt(noon + 49 * hourMs, 'other')] })
  expect(await read(store, await alertOnce(store, noon + 49 * hourMs, stop))).toMatchObject({ status: 'queued' })
})
