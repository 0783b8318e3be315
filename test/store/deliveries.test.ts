import { describe, expect, test } from 'vitest'
import {
  claimDelivery,
  deliveryClaim,
  makeDelivery,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
  statusOf,
} from './store-fixture.js'

describe('claiming deliveries', () => {
  test('of one channel, each once, counting the attempt', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [
      makeDelivery(),
      makeDelivery({ address: '222' }),
      makeDelivery({ channel: 'mail', retryMs: [] }),
    ])
    const claims = await Promise.all(
      ['a', 'b', 'c'].map((owner) => store.claimDeliveries({ ...deliveryClaim, owner, limit: 1 })),
    )
    expect(claims.map((claim) => claim.map((delivery) => delivery.address))).toEqual([['111'], ['222'], []])
    expect(claims[0]?.[0]).toMatchObject({
      status: 'processing',
      attempts: 1,
      counted: 1,
      retryMs: [60_000, 300_000],
      route: 'disks',
      recipient: 'tim@y.example',
    })
    expect(await claimDelivery(store, noon, 'mail')).toMatchObject({ retryMs: [] })
  })

  test('a lease ends by itself; who settles late changes nothing', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const first = await claimDelivery(store)
    expect(await store.claimDeliveries({ ...deliveryClaim, now: noon + 999 })).toEqual([])
    const second = await claimDelivery(store, noon + 1_000)
    expect(second).toMatchObject({ attempts: 2, epoch: first.epoch + 1 })
    expect(await store.settleDelivery(makeSettlement(first, { status: 'dead', lastError: 'late' }))).toBe(false)
    expect(await store.readDelivery(first.id)).toMatchObject({ status: 'processing', attempt_list: [] })
    expect(await store.settleDelivery(makeSettlement(second))).toBe(true)
    expect(await store.settleDelivery(makeSettlement(second))).toBe(false)
    expect(await statusOf(store, first.id)).toBe('sent')
  })

  test('the same epoch of another owner is refused', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const claimed = await claimDelivery(store)
    expect(await store.settleDelivery(makeSettlement({ ...claimed, owner: 'thief' }))).toBe(false)
  })
})

describe('settling', () => {
  test('keeps the attempt, the ids of the vendor and the new address', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const first = await claimDelivery(store)
    await store.settleDelivery(
      makeSettlement(first, {
        status: 'failed',
        dueAt: noon + 60_000,
        lastError: 'busy',
        address: '-100111',
        remote: { thread: '7' },
      }),
    )
    expect(await store.readDelivery(first.id)).toMatchObject({
      status: 'failed',
      last_error: 'busy',
      address: '-100111',
      next_attempt_at: new Date(noon + 60_000).toISOString(),
    })
    const second = await claimDelivery(store, noon + 60_000)
    expect(second.remote).toEqual({ thread: '7' })
    await store.settleDelivery(makeSettlement(second, { now: noon + 60_001, remote: { message: '9' } }))
    expect(await store.readDelivery(first.id)).toMatchObject({
      status: 'sent',
      attempts: 2,
      last_error: null,
      next_attempt_at: null,
      remote: { thread: '7', message: '9' },
      attempt_list: [{ number: 1 }, { number: 2 }],
    })
  })

  test('a refund gives back the count, an attempt that was none gives back both', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const again = { status: 'queued', dueAt: noon, refund: true } as const
    await store.settleDelivery(makeSettlement(await claimDelivery(store), again))
    const second = await claimDelivery(store)
    expect(second).toMatchObject({ attempts: 2, counted: 1 })
    await store.settleDelivery(makeSettlement(second, { ...again, attempt: null }))
    expect(await claimDelivery(store)).toMatchObject({ attempts: 2, counted: 1 })
  })

  test.each([
    { what: 'an address', holdBack: { address: '111', until: noon + 9_000 }, waits: ['m2 111'] },
    { what: 'the channel', holdBack: { address: null, until: noon + 9_000 }, waits: ['m2 111', 'm2 222'] },
    { what: 'nothing', holdBack: null, waits: [] },
  ])('a wait of $what moves what is queued behind it, and nothing else', async ({ holdBack, waits }) => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ address: '333' })])
    const [told, underWay] = await store.claimDeliveries(deliveryClaim)
    if (!told || !underWay) throw new Error('nothing was claimed')
    await saveRouted(store, 'm2', [
      makeDelivery(),
      makeDelivery({ address: '222' }),
      makeDelivery({ channel: 'mail', address: '111' }),
    ])
    await store.settleDelivery(makeSettlement(told, { status: 'failed', dueAt: noon + 9_000, refund: true, holdBack }))

    const due = await store.claimDeliveries({ ...deliveryClaim, owner: 'b', now: noon + 500 })
    const all = ['m2 111', 'm2 222']
    expect(due.map((delivery) => `${delivery.mailId} ${delivery.address}`)).toEqual(
      all.filter((name) => !waits.some((other) => other === name)),
    )
    expect(await claimDelivery(store, noon, 'mail')).toMatchObject({ mailId: 'm2' })
    expect(await store.settleDelivery(makeSettlement(underWay))).toBe(true)
  })

  test('a wait never makes anything due earlier', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    await store.settleDelivery(makeSettlement(await claimDelivery(store), { status: 'failed', dueAt: noon + 60_000 }))
    await saveRouted(store, 'm2', [makeDelivery()])
    const holdBack = { address: null, until: noon + 2_000 }
    await store.settleDelivery(makeSettlement(await claimDelivery(store), { holdBack }))
    expect(await store.nextDeliveryDueAt()).toEqual([{ channel: 'ops', dueAt: noon + 60_000 }])
  })
})

test('what is due next is told for each channel that has something', async () => {
  const store = openStore()
  expect(await store.nextDeliveryDueAt()).toEqual([])
  await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ channel: 'a' }), makeDelivery({ channel: 'z' })])
  await saveRouted(store, 'm2', [makeDelivery({ channel: 'z' })], noon + 5)
  await store.settleDelivery(makeSettlement(await claimDelivery(store, noon, 'a')))
  await claimDelivery(store, noon, 'z')
  expect(await store.nextDeliveryDueAt()).toEqual([
    { channel: 'ops', dueAt: noon },
    { channel: 'z', dueAt: noon + 5 },
  ])
})

describe('a person retries', () => {
  test.each(['queued', 'processing', 'sent', 'failed', 'dead', 'cancelled'] as const)('what is %s', async (status) => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const id = await bring(store, status)
    const isOurs = status !== 'sent' && status !== 'processing'
    expect(await store.retryDeliveries({ ids: [id] }, noon + 7)).toBe(isOurs ? 1 : 0)
    expect(await statusOf(store, id)).toBe(isOurs ? 'queued' : status)
    if (!isOurs) return
    const claimed = await claimDelivery(store, noon + 7)
    expect(claimed.counted).toBe(1)
    expect(await store.readDelivery(id)).toMatchObject({ attempts: claimed.attempts })
  })

  test('by status, channel, mail and time', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery({ dead: 'x' }), makeDelivery({ channel: 'mail', dead: 'x' })])
    await saveRouted(store, 'm2', [makeDelivery({ dead: 'x' })], noon + 5)
    expect(await store.retryDeliveries({ status: 'failed' }, noon)).toBe(0)
    expect(await store.retryDeliveries({ ids: [] }, noon)).toBe(0)
    expect(await store.retryDeliveries({ status: 'dead', since: noon + 1 }, noon)).toBe(1)
    expect(await store.retryDeliveries({ status: 'dead', channel: 'mail', mailId: 'm1' }, noon)).toBe(1)
    expect(await store.retryDeliveries({ status: 'dead', mailId: 'm1' }, noon)).toBe(1)
  })
})

describe('a person cancels', () => {
  test.each(['queued', 'processing', 'sent', 'failed', 'dead', 'cancelled'] as const)('what is %s', async (status) => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const id = await bring(store, status)
    const isOurs = status === 'queued' || status === 'failed' || status === 'dead'
    expect(await store.cancelDeliveries({ ids: [id] }, noon + 7)).toBe(isOurs ? 1 : 0)
    expect(await statusOf(store, id)).toBe(isOurs ? 'cancelled' : status)
    if (isOurs) expect(await store.nextDeliveryDueAt()).toEqual([])
  })

  test('nothing of what is being sent, whose result then counts', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const claimed = await claimDelivery(store)
    expect(await store.cancelDeliveries({ mailId: 'm1' }, noon)).toBe(0)
    expect(await store.settleDelivery(makeSettlement(claimed))).toBe(true)
    expect(await statusOf(store, claimed.id)).toBe('sent')
  })
})

/** Brings the only delivery into a status, in the way it gets there; its id. */
async function bring(store: ReturnType<typeof openStore>, status: string): Promise<string> {
  const id = (await store.listDeliveries({ limit: 1 })).items[0]?.id ?? ''
  if (status === 'queued') return id
  if (status === 'cancelled') await store.cancelDeliveries({ ids: [id] }, noon)
  else {
    const claimed = await claimDelivery(store)
    const dueAt = status === 'failed' ? noon + 60_000 : null
    if (status !== 'processing') {
      await store.settleDelivery(makeSettlement(claimed, { status: status as 'sent' | 'failed' | 'dead', dueAt }))
    }
  }
  return id
}
