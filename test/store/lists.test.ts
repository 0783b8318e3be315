import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Store } from '#src/store/store.js'
import { planStatements } from './query-plans.js'
import {
  claimDelivery,
  claimMail,
  makeDelivery,
  makeMessage,
  makeNotification,
  makeRaw,
  makeRouteTrace,
  makeRouting,
  makeSettlement,
  makeTrace,
  noon,
  openStore,
  saveRouted,
} from './store-fixture.js'

/** Mails whose subjects, senders and recipients are these, routed to nobody. */
async function saveSubjects(store: Store, mails: { subject?: string; from?: string; to?: string[] }[]): Promise<void> {
  for (const [index, { subject = '', from = 'a@x.example', to = [] }] of mails.entries()) {
    const id = `m${index}`
    await store.saveMails([makeRaw(id, { envelope: { ...makeRaw(id).envelope, from, to } })])
    await store.commitRouting(makeRouting(await claimMail(store), { subject, fromAddress: from }))
    await store.indexMails([{ mailId: id, text: null }])
  }
}

async function find(store: Store, text: string): Promise<string[]> {
  return (await store.listMails({ limit: 50, text })).items.map((mail) => mail.id)
}

describe('pages', () => {
  test('of mails: newest first, each once, over three pages and while new ones come', async () => {
    const store = openStore()
    await store.saveMails(Array.from({ length: 25 }, (_, n) => makeRaw(`m${String(n).padStart(2, '0')}`)))
    const seen: string[] = []
    let cursor: string | undefined
    for (let page = 0; page < 3; page++) {
      const { items, next_cursor } = await store.listMails({ limit: 10, ...(cursor && { cursor }) })
      seen.push(...items.map((mail) => mail.id))
      cursor = next_cursor ?? undefined
      await store.saveMails([makeRaw(`n${page}`)])
    }
    expect(cursor).toBeUndefined()
    expect(seen).toEqual(Array.from({ length: 25 }, (_, n) => `m${String(24 - n).padStart(2, '0')}`))
  })

  test('of deliveries: the same, also those made in the same millisecond', async () => {
    const store = openStore()
    const addresses = Array.from({ length: 25 }, (_, n) => `a${n}`)
    await saveRouted(
      store,
      'm1',
      addresses.map((address) => makeDelivery({ address })),
    )
    const seen: (string | null)[] = []
    let cursor: string | null = null
    do {
      const page = await store.listDeliveries({ limit: 10, ...(cursor && { cursor }) })
      seen.push(...page.items.map((line) => line.address))
      cursor = page.next_cursor
    } while (cursor)
    expect(seen).toEqual(addresses.toReversed())
  })

  test('of one channel: in the same order, whatever came of them, and read in it', async () => {
    const addresses = Array.from({ length: 12 }, (_, n) => `a${n}`)
    const use = async (store: Store): Promise<(string | null)[]> => {
      const made = addresses.map((address, n) => makeDelivery({ address, ...(n % 3 === 0 && { dead: 'unknown' }) }))
      await saveRouted(store, 'm1', [...made, makeDelivery({ channel: 'mail', address: 'other' })])
      for (const status of ['sent', 'failed'] as const) {
        const claimed = await claimDelivery(store, noon, 'ops')
        await store.settleDelivery(makeSettlement(claimed, { status, dueAt: status === 'sent' ? null : noon + 9 }))
      }
      const seen: (string | null)[] = []
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page: Awaited<ReturnType<Store['listDeliveries']>> = await store.listDeliveries({
          channel: 'ops',
          limit: 5,
          ...(cursor && { cursor }),
        })
        seen.push(...page.items.map((line) => line.address))
        cursor = page.next_cursor
      }
      return seen
    }
    expect(await use(openStore())).toEqual(addresses.toReversed())
    const plans = await planStatements(/UNION ALL SELECT id FROM deliveries/, async (store) => void (await use(store)))
    expect(plans).toHaveLength(2)
    // The page itself is read by the ids that the merge gave.
    for (const { text, costly } of plans)
      expect(
        costly.filter((step) => !/subquery/.test(step)),
        text,
      ).toEqual([])
  })

  test('an exact fit has no page after it, and an empty store no pages', async () => {
    const store = openStore()
    expect(await store.listMails({ limit: 10 })).toEqual({ items: [], next_cursor: null })
    await store.saveMails([makeRaw('m1'), makeRaw('m2')])
    expect((await store.listMails({ limit: 2 })).next_cursor).toBeNull()
    expect((await store.listMails({ limit: 1 })).next_cursor).toBe('m2')
    expect((await store.listMails({ limit: -3 })).items).toHaveLength(1)
  })
})

describe('searching mails for words as they are', () => {
  const mails = [
    { subject: 'Disk 100% full', from: 'monit@x.example', to: ['ops@y.example'] },
    { subject: 'Disk 1000 full', from: 'monit_1@x.example', to: ['dev@y.example', 'Tim@y.example'] },
    { subject: 'Der Speicher ist ÜBERVOLL', from: "o'brien@x.example", to: ['"a b"@y.example'] },
    { subject: 'path C:\\temp', from: '', to: ['ops@y.example'] },
  ]
  test.each([
    ['disk', ['m1', 'm0']],
    ['100%', ['m0']],
    ['monit_1', ['m1']],
    ['%', ['m3', 'm2', 'm1', 'm0']],
    ['C:\\temp', ['m3']],
    ['übervoll', ['m2']],
    ['ÜBERVOLL', ['m2']],
    ["o'brien", ['m2']],
    ['tim@y.example', ['m1']],
    ['full ops@y', ['m0']],
    ['full nowhere', []],
    ['subject:disk', []],
    ['   ', ['m3', 'm2', 'm1', 'm0']],
    // Parts of the stored envelope that nobody searches for.
    ['helo', []],
    ['127.0.0.1', []],
    ['null', []],
  ])('%s', async (text, ids) => {
    const store = openStore()
    await saveSubjects(store, mails)
    expect(await find(store, text)).toEqual(ids)
  })

  test('property: a mail is found by any word of its subject', async () => {
    const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => /^\S+$/.test(text))
    const store = openStore()
    let count = 0
    await fc.assert(
      fc.asyncProperty(fc.array(word, { minLength: 1, maxLength: 3 }), async (words) => {
        const id = `p${String(count++).padStart(4, '0')}`
        await store.saveMails([makeRaw(id)])
        await store.commitRouting(makeRouting(await claimMail(store), { subject: words.join(' ') }))
        await store.indexMails([{ mailId: id, text: null }])
        for (const one of words) expect(await find(store, one)).toContain(id)
      }),
      { numRuns: 40 },
    )
  })
})

describe('filters', () => {
  test('mails by status, route and time', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery()])
    await store.saveMails([makeRaw('m2', { receivedAt: noon + 5 })])
    const ids = async (filter: Omit<Parameters<Store['listMails']>[0], 'limit'>) =>
      (await store.listMails({ limit: 10, ...filter })).items.map((mail) => mail.id)
    expect(await ids({ status: 'routed' })).toEqual(['m1'])
    expect(await ids({ status: 'stored' })).toEqual(['m2'])
    expect(await ids({ route: 'disks' })).toEqual(['m1'])
    expect(await ids({ route: "disks' OR 1=1 --" })).toEqual([])
    expect(await ids({ since: noon + 5 })).toEqual(['m2'])
  })

  test('deliveries by id, status, channel, mail and time', async () => {
    const store = openStore()
    await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ channel: 'mail' })])
    await saveRouted(store, 'm2', [makeDelivery({ dead: 'x' })], noon + 5)
    const names = async (filter: Omit<Parameters<Store['listDeliveries']>[0], 'limit'>) =>
      (await store.listDeliveries({ limit: 10, ...filter })).items.map((line) => `${line.mail_id} ${line.channel}`)
    const [last] = (await store.listDeliveries({ limit: 1 })).items
    expect(await names({})).toEqual(['m2 ops', 'm1 mail', 'm1 ops'])
    expect(await names({ ids: [last?.id ?? ''] })).toEqual(['m2 ops'])
    expect(await names({ ids: [] })).toEqual([])
    expect(await names({ status: 'dead' })).toEqual(['m2 ops'])
    expect(await names({ channel: 'mail' })).toEqual(['m1 mail'])
    expect(await names({ mailId: 'm1', status: 'queued' })).toEqual(['m1 mail', 'm1 ops'])
    expect(await names({ since: noon + 1 })).toEqual(['m2 ops'])
  })

  test('what is not there is null', async () => {
    const store = openStore()
    expect(await store.readMail('x')).toBeNull()
    expect(await store.readRawMail('x')).toBeNull()
    expect(await store.readDelivery('x')).toBeNull()
  })
})

test('a notification is as badly off as its worst delivery', async () => {
  const store = openStore()
  const statusNow = async () => (await store.readMail('m1'))?.notifications[0]?.status
  await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ address: '222' })])
  expect(await statusNow()).toBe('queued')
  const first = await claimDelivery(store)
  expect(await statusNow()).toBe('processing')
  await store.settleDelivery(makeSettlement(first))
  expect(await statusNow()).toBe('queued')
  const second = await claimDelivery(store)
  await store.settleDelivery(makeSettlement(second, { status: 'failed', dueAt: noon + 1 }))
  expect(await statusNow()).toBe('failed')
  await store.cancelDeliveries({ ids: [second.id] }, noon)
  expect(await statusNow()).toBe('sent')
})

test('a notification whose deliveries another route makes is suppressed, one that reaches nobody is dead', async () => {
  const store = openStore()
  await store.saveMails([makeRaw('m1')])
  const names = ['a', 'b', 'c', 'd']
  const notifications = names.map((route) => makeNotification(route < 'c' ? [makeDelivery()] : [], { route }))
  const duplicate = {
    recipient: null,
    channel: 'ops',
    address: '111',
    verdict: 'duplicate' as const,
    reason: 'already sent by route a',
  }
  const trace = makeTrace('m1', { routes: [makeRouteTrace('a'), makeRouteTrace('c', { deliveries: [duplicate] })] })
  await store.commitRouting(makeRouting(await claimMail(store), { notifications, trace }))
  expect((await store.readMail('m1'))?.notifications).toMatchObject([
    { status: 'queued', reason: null },
    { status: 'suppressed', reason: 'the same message goes to the same addresses already' },
    { status: 'suppressed', reason: 'already sent by route a' },
    { status: 'dead', reason: 'no delivery was planned: nobody is reached' },
  ])
})

test('statistics add up, and are zero for an empty store', async () => {
  const store = openStore()
  expect(await store.readStats(noon)).toMatchObject({
    mails: {},
    deliveries: {},
    received_last_hour: 0,
    rejected_last_day: 0,
    oldest_waiting_at: null,
    channels: [],
    pauses: [],
  })
  await saveRouted(store, 'm1', [makeDelivery(), makeDelivery({ channel: 'mail', message: makeMessage() })])
  await store.saveMails([makeRaw('m0', { receivedAt: noon - 3_600_001 })])
  await store.saveChannelPause('mail', { until: noon + 5, reason: 'token', failures: 1 })
  await store.saveChannelPause('ops', { until: noon - 5, reason: 'token', failures: 1 })
  expect(await store.readStats(noon)).toMatchObject({
    mails: { routed: 1, stored: 1 },
    deliveries: { queued: 2 },
    received_last_hour: 1,
    oldest_waiting_at: new Date(noon - 3_600_001).toISOString(),
    channels: [
      { channel: 'mail', status: 'queued', count: 1 },
      { channel: 'ops', status: 'queued', count: 1 },
    ],
    pauses: [{ channel: 'mail', until: new Date(noon + 5).toISOString(), reason: 'token' }],
  })
})
