import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { NewDelivery } from '#src/domain/delivery.js'
import { type NoiseControl, noControl } from '#src/domain/notification.js'
import type { ExpiryRule } from '#src/store/expiry-rule.js'
import { openSqlite } from '#src/store/sqlite/binding.js'
import type { Store } from '#src/store/store.js'
import { planStatements } from './query-plans.js'
import {
  claimMail,
  deliveryClaim,
  makeDelivery,
  makeFolder,
  makeMessage,
  makeNotification,
  makeRaw,
  makeRouting,
  makeSettlement,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

const dayMs = 86_400_000
const everything: ExpiryRule = { mailsBefore: noon + 1, deliveriesBefore: noon + 1, sizeBytesMax: 0, limit: 500 }

async function saveControlled(store: Store, id: string, control: Partial<NoiseControl>, deliveries: NewDelivery[]) {
  await store.saveMails([makeRaw(id)])
  const notifications = [makeNotification(deliveries, { route: id, control: { ...noControl, ...control } })]
  await store.commitRouting(makeRouting(await claimMail(store), { notifications }))
}

async function sendAll(store: Store, now = noon): Promise<void> {
  const claimed = await store.claimDeliveries({ ...deliveryClaim, now, limit: 1_000 })
  for (const delivery of claimed) await store.settleDelivery(makeSettlement(delivery, { now }))
}

async function expireAll(store: Store, rule = everything): Promise<number> {
  let total = 0
  for (let gone = 1; gone > 0; total += gone) gone = await store.expire(rule)
  return total
}

async function idsOf(store: Store): Promise<string[]> {
  return (await store.listMails({ limit: 1_000, oldestFirst: true })).items.map((mail) => mail.id)
}

const emptyIndex: Record<string, number> = { mail_words_config: 3, mail_words_data: 2 }

/** How many rows each table has, but for the empty ones, counts of nothing, and what an empty search index keeps. */
function countRows(folder: string): Record<string, number> {
  const database = openSqlite(join(folder, 'mailtrigger.sqlite3'), { readonly: true })
  const tables = database.prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const counts = tables.map(({ name }) => {
    const some = name.endsWith('_tallies') ? ' WHERE count > 0' : ''
    const row = database.prepare<[], { count: number }>(`SELECT count(*) AS count FROM "${name}"${some}`).get()
    return [name, Math.max(0, (row?.count ?? 0) - (emptyIndex[name] ?? 0))] as const
  })
  database.close()
  return Object.fromEntries(counts.filter(([, count]) => count > 0))
}

const hold = { key: 'k', happenedAt: noon, forMs: 60_000, until: noon + 60_000 }

/** Each of them is to be kept until what it waits for has come. */
const keepers: [string, (store: Store) => Promise<void>, (store: Store) => Promise<unknown>][] = [
  [
    'a dead letter',
    (store) => saveRouted(store, 'm1', [makeDelivery({ dead: 'x' })]),
    (store) => store.cancelDeliveries({ mailId: 'm1' }, noon),
  ],
  [
    'what was sent, asks for an answer, and has none',
    async (store) => {
      await saveRouted(store, 'm1', [makeDelivery({ offersAck: true })])
      await sendAll(store)
    },
    async (store) => {
      const [unanswered] = (await store.listNotifications({ limit: 1, unacknowledged: true })).items
      const acknowledgement = { by: 'api', at: noon, note: null }
      const notificationId = unanswered?.id ?? ''
      await store.acknowledge({ notificationId, deliveryId: null, acknowledgement, showOn: [] })
    },
  ],
  [
    'what is held',
    (store) => saveControlled(store, 'm1', { hold }, [makeDelivery()]),
    async (store) => {
      const [held] = (await store.listNotifications({ limit: 1 })).items
      await store.resolveNotifications([held?.id ?? ''], 'api', noon)
    },
  ],
  [
    'what was held and let go, as long as it may recover',
    async (store) => {
      await saveControlled(store, 'm1', { hold }, [makeDelivery()])
      await store.releaseHolds(noon + 60_000, 10)
      await sendAll(store, noon + 60_000)
    },
    async (store) => {
      const [released] = (await store.listNotifications({ limit: 1 })).items
      await store.resolveNotifications([released?.id ?? ''], 'api', noon)
      await sendAll(store, noon + 60_000)
    },
  ],
  [
    'what is gathered',
    (store) => saveControlled(store, 'm1', { digest: { key: 'k', dueAt: noon + 60_000 } }, [makeDelivery()]),
    async (store) => {
      const [due] = await store.listDueDigests(noon + 60_000, 1)
      const itemIds = due?.items.map((item) => item.notificationId) ?? []
      const digest = { route: 'm1', key: 'k', dueAt: due?.dueAt ?? 0, itemIds, nextDueAt: null, now: noon }
      await store.commitDigest({ ...digest, notification: makeNotification([makeDelivery()], { route: 'm1' }) })
      await sendAll(store)
    },
  ],
  [
    'what will be repeated',
    async (store) => {
      await saveRouted(store, 'm1', [makeDelivery({ repeat: { everyMs: 60_000, times: 1 } })])
      await sendAll(store)
    },
    (store) => sendAll(store, noon + 60_000),
  ],
]

describe('retention keeps', () => {
  test.each(keepers)('%s, until it is settled', async (_, save, settle) => {
    const store = openStore()
    await save(store)
    const before = { ...everything, mailsBefore: noon + dayMs, deliveriesBefore: noon + dayMs }
    expect(await expireAll(store, before)).toBe(0)
    expect(await idsOf(store)).toEqual(['m1'])
    await settle(store)
    expect(await expireAll(store, before)).toBeGreaterThan(0)
    expect(await idsOf(store)).toEqual([])
  })

  test('a hold no longer open when it was not heard of for a day', async () => {
    let now = noon
    const store = openStore(makeFolder(), () => now)
    await saveControlled(store, 'm1', { hold }, [makeDelivery()])
    await store.releaseHolds(noon + 60_000, 10)
    await sendAll(store, noon + 60_000)
    expect(await expireAll(store)).toBe(0)
    now = noon + dayMs + 60_001
    expect(await expireAll(store)).toBeGreaterThan(0)
    expect(await idsOf(store)).toEqual([])
  })

  test('silences and lines of the audit until they are old, and whatever the mails', async () => {
    const store = openStore()
    const silence = { matchers: { routes: ['*'], channels: [], labels: {} }, comment: '', createdBy: 'api' }
    for (const [id, endsAt] of [
      ['old', noon],
      ['new', noon + 5],
    ] as const) {
      await store.saveSilence({ ...silence, id, startsAt: noon - 9, endsAt, createdAt: noon - 9 })
      await store.saveAudit({ at: endsAt, actor: 'api', action: 'silence.add', subjects: [id], detail: {} })
    }
    expect(await store.expire({ ...everything, deliveriesBefore: null })).toBe(0)
    expect(await expireAll(store)).toBe(2)
    expect((await store.listSilences({ ended: true, now: noon, limit: 9 })).map(({ id }) => id)).toEqual(['new'])
    expect((await store.listAudit({ limit: 9 })).items.map(({ subjects }) => subjects)).toEqual([['new']])
    expect((await store.listAudit({ limit: 9, subject: 'old' })).items).toEqual([])
  })
})

test('what is kept does not stand in the way of what comes after it', async () => {
  const store = openStore()
  const ids = Array.from({ length: 600 }, (_, n) => `a${String(n).padStart(3, '0')}`)
  await store.saveMails(ids.map((id) => makeRaw(id)))
  for (const claimed of await store.claimMails({ ...claimAll, limit: 600 })) {
    const notifications = [makeNotification([makeDelivery({ dead: 'x' })])]
    await store.commitRouting(makeRouting(claimed, { notifications }))
  }
  for (const id of ['b1', 'b2', 'b3']) await saveRouted(store, id, [])
  const rule = { ...everything, deliveriesBefore: null, sizeBytesMax: null }
  expect(await store.expire({ ...rule, limit: 2 })).toBe(2)
  expect(await store.expire({ ...rule, limit: 2 })).toBe(1)
  expect(await store.expire({ ...rule, limit: 2 })).toBe(0)
  await store.cancelDeliveries({ mailId: 'a000' }, noon)
  expect(await store.expire(rule)).toBe(1)
  expect(await idsOf(store)).toHaveLength(599)
})

const claimAll = { owner: 'me', now: noon, leaseMs: 1_000, bytesMax: 1e9, suspectAttempts: 3, suspect: true }

test('a few large mails are deleted as well as many small ones', async () => {
  const store = openStore()
  for (let n = 0; n < 3; n++) {
    await store.saveMails([makeRaw(`m${n}`, { raw: new Uint8Array(9_000_000) })])
    await store.commitRouting(makeRouting(await claimMail(store)))
  }
  expect(await store.expire({ ...everything, deliveriesBefore: null, sizeBytesMax: null })).toBe(3)
  expect((await store.readStats(noon)).size_bytes).toBeLessThan(1_000_000)
})

test('a person deletes what waits, too, and more than one commit of it', async () => {
  const folder = makeFolder()
  const store = openStore(folder)
  const ids = Array.from({ length: 150 }, (_, n) => `m${n}`)
  await store.saveMails(ids.map((id) => makeRaw(id)))
  for (const claimed of await store.claimMails({ ...claimAll, limit: 150 })) {
    const notifications = [makeNotification([makeDelivery()], { control: { ...noControl, hold } })]
    await store.commitRouting(makeRouting(claimed, { notifications }))
  }
  expect(await store.deleteMails([...ids, 'nobody'])).toBe(150)
  // Counts over time stay: they have a bound of their own.
  expect(countRows(folder)).toEqual({ stat_buckets: 2 })
})

test('nothing leaks: after everything was told, answered and expired, only what has a bound of its own is left', async () => {
  const folder = makeFolder()
  const store = openStore(folder)
  for (const [n, [, save, settle]] of keepers.entries()) {
    if (n > 0) await expireAll(store)
    await save(store)
    await settle(store)
  }
  await saveControlled(store, 'd1', { dedupe: { key: 'k', windowMs: 60_000 } }, [makeDelivery()])
  await saveControlled(store, 'd2', { dedupe: { key: 'k', windowMs: 60_000 } }, [makeDelivery()])
  await store.saveToInbox({ mailId: null, deliveryId: 'd1', recipient: null, message: makeMessage(), at: noon })
  await store.raise([makeNotification([makeDelivery()])], { source: 'system', key: 'cap' }, noon)
  await store.countWithin('llm', '2025-06-05', 9)
  await store.saveAudit({ at: noon, actor: 'api', action: 'x', subjects: ['a', 'b'], detail: {} })
  await store.saveHeartbeat(noon)
  await sendAll(store)
  await expireAll(store)
  expect(countRows(folder)).toEqual({ heartbeat: 1, stat_buckets: expect.any(Number) })
})

test('retention goes down indexes: it reads through nothing to find what is old, and sorts nothing', async () => {
  const plans = await planStatements(/AS isKept/)
  expect(plans).toHaveLength(3)
  for (const { text, costly } of plans) expect(costly, text).toEqual([])
})
