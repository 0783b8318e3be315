import { describe, expect, test } from 'vitest'
import {
  claimDelivery,
  deliveryClaim,
  makeDelivery,
  makeMessage,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

describe('caches', () => {
  test('keep the last entry of each key, per space, and over a restart', async () => {
    const store = openStore()
    expect(await store.readCache('lookup', 'a')).toBeNull()
    await store.saveCache('lookup', 'a', { value: '1', etag: null, at: noon })
    await store.saveCache('lookup', 'a', { value: '2', etag: '"e"', at: noon + 1 })
    await store.saveCache('llm', 'a', { value: '3', etag: null, at: noon })
    expect(await store.readCache('lookup', 'a')).toEqual({ value: '2', etag: '"e"', at: noon + 1 })
    expect(await store.readCache('llm', 'a')).toEqual({ value: '3', etag: null, at: noon })
  })

  test('are bounded: the oldest go, and another space is left alone', async () => {
    const store = openStore()
    await store.saveCache('lookup', 'old', { value: '', etag: null, at: 0 })
    const entries = Array.from({ length: 22_000 }, (_, n) => n)
    await Promise.all(entries.map((n) => store.saveCache('llm', `k${n}`, { value: '', etag: null, at: noon + n })))
    expect(await store.readCache('llm', 'k0')).toBeNull()
    expect(await store.readCache('llm', 'k1998')).toBeNull()
    expect(await store.readCache('llm', 'k2000')).not.toBeNull()
    expect(await store.readCache('lookup', 'old')).not.toBeNull()
  })
})

test('a counter counts up to its maximum, each day anew', async () => {
  const store = openStore()
  const count = (day: string, max: number) => store.countWithin('llm', day, max)
  const answers = await Promise.all(Array.from({ length: 5 }, () => count('2025-06-06', 3)))
  expect(answers).toEqual([true, true, true, false, false])
  expect(await count('2025-06-06', 4)).toBe(true)
  expect(await count('2025-06-07', 3)).toBe(true)
  expect(await count('2025-06-08', 0)).toBe(false)
})

describe('the pause of a channel', () => {
  test('is kept until it is taken back', async () => {
    const store = openStore()
    expect(await store.readChannelPause('ops')).toBeNull()
    await store.saveChannelPause('ops', { until: noon, reason: 'token', failures: 1 })
    await store.saveChannelPause('ops', { until: noon + 5, reason: 'token', failures: 2 })
    expect(await store.readChannelPause('ops')).toEqual({ until: noon + 5, reason: 'token', failures: 2 })
    await store.saveChannelPause('ops', null)
    expect(await store.readChannelPause('ops')).toBeNull()
  })

  test('taken back, makes due what was put off until its end, and nothing that waits for another reason', async () => {
    const store = openStore()
    const until = noon + 600_000
    await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ address: '222' })])
    const [probe, told] = await store.claimDeliveries(deliveryClaim)
    if (!probe || !told) throw new Error('nothing was claimed')
    await store.settleDelivery(makeSettlement(probe, { status: 'queued', dueAt: until, refund: true }))
    await store.settleDelivery(makeSettlement(told, { status: 'failed', dueAt: until + 1 }))
    await store.saveChannelPause('ops', { until, reason: 'token', failures: 2 })
    await store.saveChannelPause('ops', null)
    expect((await claimDelivery(store)).id).toBe(probe.id)
    expect(await store.nextDeliveryDueAt()).toEqual([{ channel: 'ops', dueAt: noon + 1_000 }])
  })
})

test('what waited through a pause goes out oldest first', async () => {
  const store = openStore()
  const until = noon + 600_000
  for (const [n, id] of ['m1', 'm2', 'm3'].entries()) await saveRouted(store, id, [makeDelivery()], noon + n)
  const first = await claimDelivery(store, noon + 5)
  await store.settleDelivery(makeSettlement(first, { now: noon + 9, status: 'queued', dueAt: until, refund: true }))
  await store.saveChannelPause('ops', { until, reason: 'down', failures: 1 })
  await store.saveChannelPause('ops', null)
  const due = await store.claimDeliveries({ ...deliveryClaim, now: noon + 20 })
  expect(due.map((delivery) => delivery.mailId)).toEqual(['m1', 'm2', 'm3'])
})

test('the inbox lists newest first, by recipient, in pages', async () => {
  const store = openStore()
  for (let n = 0; n < 5; n++) {
    const message = makeMessage({ title: `t${n}` })
    await store.saveToInbox({
      mailId: 'm1',
      deliveryId: 'd1',
      recipient: n % 2 ? 'tim@y.example' : null,
      message,
      at: noon + n,
    })
  }
  const first = await store.listInbox({ limit: 3 })
  expect(first.items.map((entry) => entry.title)).toEqual(['t4', 't3', 't2'])
  const rest = await store.listInbox({ limit: 3, cursor: first.next_cursor ?? '' })
  expect(rest.items.map((entry) => entry.title)).toEqual(['t1', 't0'])
  expect(rest.next_cursor).toBeNull()
  const tims = await store.listInbox({ limit: 3, recipient: 'tim@y.example' })
  expect(tims.items.map((entry) => [entry.title, entry.recipient, entry.at])).toEqual([
    ['t3', 'tim@y.example', new Date(noon + 3).toISOString()],
    ['t1', 'tim@y.example', new Date(noon + 1).toISOString()],
  ])
})
