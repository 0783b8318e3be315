import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClaimedDelivery, Store } from '#src/store/store.js'
import { planStatements } from './query-plans.js'
import {
  claimDelivery,
  claimMail,
  deliveryClaim,
  makeDelivery,
  makeNotification,
  makeRaw,
  makeRouting,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

let mails = 0
/** One mail that a route sends to so many addresses of a channel. */
async function saveOfRoute(store: Store, route: string, count: number, now = noon, channel = 'ops'): Promise<void> {
  const id = `mail${mails++}`
  await store.saveMails([makeRaw(id, { receivedAt: now })])
  const deliveries = Array.from({ length: count }, (_, n) => makeDelivery({ channel, address: `${route}${n}` }))
  const notifications = [makeNotification(deliveries, { route })]
  await store.commitRouting(makeRouting(await claimMail(store, now), { now, notifications }))
}

async function claimAddresses(store: Store, limit: number, now = noon): Promise<(string | null)[]> {
  return (await store.claimDeliveries({ ...deliveryClaim, limit, now })).map((delivery) => delivery.address)
}

describe('routes take turns', () => {
  test('so that thousands of one do not hold up the only one of another', async () => {
    const store = openStore()
    await saveOfRoute(store, 'loud', 3_000)
    await saveOfRoute(store, 'quiet', 1, noon + 5)
    expect(await claimAddresses(store, 2, noon + 5)).toEqual(['loud0', 'quiet0'])
  })

  test('also from one claim of one delivery to the next', async () => {
    const store = openStore()
    for (const route of ['a', 'b', 'c']) await saveOfRoute(store, route, 3)
    const order: (string | null)[] = []
    for (let n = 0; n < 9; n++) order.push(...(await claimAddresses(store, 1)))
    expect(order).toEqual(['a0', 'b0', 'c0', 'a1', 'b1', 'c1', 'a2', 'b2', 'c2'])
    expect(await claimAddresses(store, 1)).toEqual([])
  })

  test('and what one leaves is for the others, in one claim', async () => {
    const store = openStore()
    await saveOfRoute(store, 'a', 4)
    await saveOfRoute(store, 'b', 1)
    expect(await claimAddresses(store, 4)).toEqual(['a0', 'b0', 'a1', 'a2'])
    expect(await claimAddresses(store, 4)).toEqual(['a3'])
  })

  test('each with its oldest first, and with nothing that is not due', async () => {
    const store = openStore()
    await saveOfRoute(store, 'b', 1, noon + 10)
    await saveOfRoute(store, 'a', 1, noon + 20)
    await saveOfRoute(store, 'a', 1, noon + 5)
    const times = (claimed: ClaimedDelivery[]) => claimed.map(({ route, createdAt }) => `${route} ${createdAt - noon}`)
    const claim = { ...deliveryClaim, now: noon + 10 }
    expect(times(await store.claimDeliveries(claim))).toEqual(['a 5', 'b 10'])
    expect(times(await store.claimDeliveries({ ...claim, now: noon + 20 }))).toEqual(['a 20'])
  })

  test('by channel: the turns of one are not those of another', async () => {
    const store = openStore()
    for (const channel of ['ops', 'mail'])
      for (const route of ['a', 'b']) await saveOfRoute(store, route, 1, noon, channel)
    expect((await claimDelivery(store, noon, 'ops')).route).toBe('a')
    expect((await claimDelivery(store, noon, 'mail')).route).toBe('a')
    expect((await claimDelivery(store, noon, 'ops')).route).toBe('b')
  })

  test('however many routes wait: what is due of the last one is found at once', async () => {
    const store = openStore()
    const waits = { status: 'failed', dueAt: noon + 60_000 } as const
    for (let n = 0; n < 150; n++) {
      await saveOfRoute(store, `r${String(n).padStart(3, '0')}`, 1)
      await store.settleDelivery(makeSettlement(await claimDelivery(store), waits))
    }
    await saveOfRoute(store, 'z', 2)
    expect(await claimAddresses(store, 1)).toEqual(['z0'])
    expect(await claimAddresses(store, 10)).toEqual(['z1'])
    expect(await claimAddresses(store, 10)).toEqual([])
    const all = await store.claimDeliveries({ ...deliveryClaim, limit: 1_000, now: noon + 60_000 })
    expect(new Set(all.map((delivery) => delivery.id)).size).toBe(152)
  })

  test('property: everything due is claimed once, and no route is served twice while another waits its turn', async () => {
    const counts = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(counts, fc.integer({ min: 1, max: 5 }), async (waiting, limit) => {
        const store = openStore()
        for (const [n, count] of waiting.entries()) await saveOfRoute(store, `r${n}`, count)
        const left = [...waiting]
        const served: string[] = []
        for (;;) {
          const claimed = await store.claimDeliveries({ ...deliveryClaim, limit })
          if (claimed.length === 0) break
          for (const { route } of claimed) {
            const at = Number(route.slice(1))
            const others = left.flatMap((count, n) => (count > 0 && n !== at ? [`r${n}`] : []))
            // Since this route was served before, everybody else who still waits has been served as well.
            const since = served.slice(served.lastIndexOf(route) + 1)
            if (served.includes(route)) for (const other of others) expect(since).toContain(other)
            left[at] = (left[at] ?? 0) - 1
            served.push(route)
          }
        }
        expect(left.every((count) => count === 0)).toBe(true)
        await store.close()
      }),
      { numRuns: 20 },
    )
  })
})

describe('what is claimed carries', () => {
  test('what is known of its notification, and its part in it', async () => {
    const store = openStore()
    const repeat = { everyMs: 60_000, times: 3 }
    const delivery = makeDelivery({ repeat, offersAck: true, during: 'office' })
    await saveRouted(store, 'm1', [delivery])
    const claimed = await claimDelivery(store)
    expect(claimed).toMatchObject({
      purpose: 'alert',
      aboutId: null,
      aboutRemote: null,
      repeatNumber: 0,
      repeat,
      offersAck: true,
      during: 'office',
      retryWindowMs: delivery.retryWindowMs,
      notification: {
        id: claimed.notificationId,
        status: 'processing',
        severity: 'warning',
        labels: {},
        fingerprint: 'f',
        createdAt: noon,
        acknowledged: null,
        resolved: null,
      },
    })
  })

  test('what the vendor called the message it follows upon, and who acknowledged', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery({ offersAck: true })])
    const alert = await claimDelivery(store)
    await store.settleDelivery(makeSettlement(alert, { remote: { message_id: '77' } }))
    const acknowledgement = { by: 'cli:root', at: noon + 5, note: 'on it' }
    await store.acknowledge({
      notificationId: null,
      deliveryId: alert.id,
      acknowledgement,
      showOn: [{ channel: 'ops', display: 'each' }],
    })
    expect(await claimDelivery(store, noon + 5)).toMatchObject({
      purpose: 'update',
      aboutId: alert.id,
      aboutRemote: { message_id: '77' },
      notification: { status: 'acknowledged', acknowledged: acknowledgement },
    })
    await store.resolveNotifications([alert.notificationId], 'monit', noon + 9)
    expect(await claimDelivery(store, noon + 9)).toMatchObject({
      purpose: 'resolve',
      notification: { status: 'resolved', acknowledged: acknowledgement, resolved: { by: 'monit', at: noon + 9 } },
    })
  })

  test('a retry window that what was planned to wait does not shorten, and a retry begins anew', async () => {
    const store = openStore()
    const later = makeDelivery({ address: '2', purpose: 'escalation', afterMs: 9_000, retryWindowMs: 1_000 })
    await saveRouted(store, 'm1', [makeDelivery({ retryWindowMs: 1_000 }), later])
    const alert = await claimDelivery(store)
    expect(alert.retryWindowMs).toBe(1_000)
    await store.settleDelivery(makeSettlement(alert, { status: 'dead' }))
    expect(await claimDelivery(store, noon + 9_000)).toMatchObject({ purpose: 'escalation', retryWindowMs: 10_000 })
    for (const at of [50_000, 70_000]) {
      await store.retryDeliveries({ ids: [alert.id] }, noon + at)
      const [again = alert] = (await store.claimDeliveries({ ...deliveryClaim, now: noon + at })).filter(
        (claimed) => claimed.id === alert.id,
      )
      expect(again).toMatchObject({ createdAt: noon, retryWindowMs: at + 1_000 })
      await store.settleDelivery(makeSettlement(again, { now: noon + at, status: 'dead' }))
    }
  })
})

test('a claim and the look for the next go down indexes: nothing is read through, nothing is sorted', async () => {
  const ofQueue = /SET status = 'processing'|due_at AS dueAt FROM deliveries|WITH RECURSIVE waiting/
  const plans = await planStatements(ofQueue)
  expect(plans).toHaveLength(5)
  for (const { text, costly } of plans) expect(costly, text).toEqual([])
})
