import { describe, expect, test } from 'vitest'
import { expireOld } from '#src/engine/expire-old.js'
import type { ExpiryRule } from '#src/store/expiry-rule.js'
import type { Store } from '#src/store/store.js'
import {
  claimDelivery,
  claimMail,
  makeDelivery,
  makeMessage,
  makeRaw,
  makeRouting,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

const nothing: ExpiryRule = { mailsBefore: null, deliveriesBefore: null, sizeBytesMax: null, limit: 100 }

async function idsOf(store: Store): Promise<string[]> {
  return (await store.listMails({ limit: 1_000 })).items.map((mail) => mail.id).toReversed()
}

/** One mail in each state a mail can wait in, and one that is done. */
async function saveEachState(store: Store): Promise<void> {
  const later = noon + 3_600_000
  await saveRouted(store, 'dead', [makeDelivery({ dead: 'action failed' })])
  await saveRouted(store, 'failed', [makeDelivery()])
  await store.settleDelivery(makeSettlement(await claimDelivery(store), { status: 'failed', dueAt: later }))
  await saveRouted(store, 'processing', [makeDelivery()])
  await claimDelivery(store)
  await saveRouted(store, 'sent', [makeDelivery({ channel: 'mail' })])
  await store.settleDelivery(makeSettlement(await claimDelivery(store, noon, 'mail')))
  await saveRouted(store, 'queued', [makeDelivery()])
  await store.saveMails([makeRaw('held')])
  const pending = { routes: { a: 1 }, dueAt: later }
  await store.commitRouting(makeRouting(await claimMail(store), { status: 'held', pending }))
  await store.saveMails([makeRaw('stored')])
}

const waiting = ['dead', 'failed', 'held', 'processing', 'queued', 'stored']

describe('retention', () => {
  test('by age never touches what waits', async () => {
    const store = openStore()
    await saveEachState(store)
    expect(await store.expire({ ...nothing, mailsBefore: noon + 1 })).toBe(1)
    expect(await idsOf(store)).toEqual(waiting)
    expect(await store.expire({ ...nothing, mailsBefore: noon + 1 })).toBe(0)
  })

  test('by size never touches what waits either', async () => {
    const store = openStore()
    await saveEachState(store)
    expect(await store.expire({ ...nothing, sizeBytesMax: 0 })).toBe(1)
    expect(await idsOf(store)).toEqual(waiting)
  })

  test('by age keeps what is younger', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [])
    await saveRouted(store, 'm2', [], noon + 5)
    expect(await store.expire({ ...nothing, mailsBefore: noon + 5 })).toBe(1)
    expect(await idsOf(store)).toEqual(['m2'])
  })

  test('takes everything of a mail along', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    const claimed = await claimDelivery(store)
    await store.saveToInbox({ mailId: 'm1', deliveryId: 'd1', recipient: null, message: makeMessage(), at: noon })
    await store.settleDelivery(makeSettlement(claimed))
    await store.expire({ ...nothing, mailsBefore: noon + 1 })
    expect(await store.readMail('m1')).toBeNull()
    expect(await store.readRawMail('m1')).toBeNull()
    expect(await store.readDelivery(claimed.id)).toBeNull()
    expect((await store.listInbox({ limit: 5 })).items).toEqual([])
  })

  test('of deliveries leaves the mail, and what a person has to look at', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ address: '222', dead: 'x' })])
    await store.settleDelivery(makeSettlement(await claimDelivery(store)))
    expect(await store.expire({ ...nothing, deliveriesBefore: noon + 1 })).toBe(1)
    expect(await store.readMail('m1')).toMatchObject({ deliveries: { dead: 1 } })
  })

  test('goes no further than its limit', async () => {
    const store = openStore()
    for (let n = 0; n < 5; n++) await saveRouted(store, `m${n}`, [])
    expect(await store.expire({ ...nothing, mailsBefore: noon + 1, limit: 2 })).toBe(2)
    expect(await idsOf(store)).toEqual(['m2', 'm3', 'm4'])
  })

  test('by size deletes the oldest until the rest fits', async () => {
    const store = openStore()
    for (let n = 0; n < 10; n++) {
      await store.saveMails([makeRaw(`m${n}`, { raw: new Uint8Array(200_000) })])
      await store.commitRouting(makeRouting(await claimMail(store)))
    }
    const full = (await store.readStats(noon)).size_bytes
    expect(full).toBeGreaterThan(2_000_000)
    expect(await expireOld(store, { mailsMs: null, deliveriesMs: null, sizeBytesMax: full }, noon)).toBe(0)
    const sizeBytesMax = full - 500_000
    expect(await expireOld(store, { mailsMs: null, deliveriesMs: null, sizeBytesMax }, noon)).toBe(3)
    expect((await store.readStats(noon)).size_bytes).toBeLessThanOrEqual(sizeBytesMax)
    expect((await idsOf(store))[0]).toBe('m3')
  })
})

describe('expireOld', () => {
  test('asks nothing when everything is kept for ever', async () => {
    const retention = { mailsMs: null, deliveriesMs: null, sizeBytesMax: null }
    expect(await expireOld({ expire: () => Promise.reject(new Error('asked')) }, retention, noon)).toBe(0)
  })

  test('goes on until nothing is left to do, and counts', async () => {
    const rules: ExpiryRule[] = []
    const left = [500, 500, 3]
    const expire = async (rule: ExpiryRule) => {
      rules.push(rule)
      return left.shift() ?? 0
    }
    expect(await expireOld({ expire }, { mailsMs: 1_000, deliveriesMs: 2_000, sizeBytesMax: 9 }, noon)).toBe(1_003)
    expect(rules).toHaveLength(4)
    expect(rules[0]).toEqual({ mailsBefore: noon - 1_000, deliveriesBefore: noon - 2_000, sizeBytesMax: 9, limit: 500 })
  })

  test('comes to an end although something is always left', async () => {
    let calls = 0
    const expire = async () => ++calls && 1
    expect(await expireOld({ expire }, { mailsMs: 1, deliveriesMs: null, sizeBytesMax: null }, noon)).toBe(1_000)
  })
})
