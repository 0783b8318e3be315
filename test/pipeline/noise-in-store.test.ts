import { describe, expect, test } from 'vitest'
import { routeMail } from '#src/pipeline.js'
import type { MailDetail, Store } from '#src/store/store.js'
import { makeMail } from '../route/sample.js'
import { claimMail, makeRaw, openStore } from '../store/store-fixture.js'
import { configOf, makeParts, now as noon } from './pipeline-fixture.js'

const minute = 60_000

interface Arrival {
  subject: string
  /** Minutes after noon. */
  at: number
  /** When the mail itself says it happened; like `at` unless it was held up on its way. */
  happened?: number
}

/** Routes mails as they come in, and tells what became of each in the words of its trace. */
async function arrive(store: Store, routes: string, arrivals: Arrival[]): Promise<string[]> {
  const config = configOf(routes)
  const told: string[] = []
  for (const [index, { subject, at, happened = at }] of arrivals.entries()) {
    const now = noon + at * minute
    const id = `m${at}-${index}`
    await store.saveMails([makeRaw(id, { receivedAt: now })])
    await store.releaseHolds(now, 100)
    const parts = {
      ...makeParts(config),
      now: () => now,
      parse: async () =>
        makeMail({ id, subject, receivedAt: now, date: noon + happened * minute, envelope: { to: ['tim@y.example'] } }),
    }
    await routeMail(parts, store, await claimMail(store, now), new AbortController().signal)
    told.push(describeMail(await store.readMail(id)))
  }
  return told
}

function describeMail(mail: MailDetail | null): string {
  const [trace] = mail?.traces ?? []
  const fates = trace?.routes.flatMap(({ notification }) => notification?.status ?? []) ?? []
  const closed = trace?.recoveries.flatMap((recovery) => recovery.closed) ?? []
  return [...fates, ...(trace?.recoveries.length ? [`closes ${closed.length}`] : [])].join(', ') || 'nothing'
}

const statuses = async (store: Store): Promise<string[]> =>
  (await store.listNotifications({ limit: 100 })).items.map(({ status }) => status).toReversed()

describe('what is held', () => {
  const routes = `routes:
  - name: services
    when: { subject: { contains: stopped } }
    steps:
      - extract: { service: { from: subject, regex: '^(\\S+) ' } }
      - hold: { for: 5m, key: service, unless: { subject: { contains: started } } }
      - send: telegram`
  const stop = (at: number, happened = at): Arrival => ({ subject: 'nginx stopped', at, happened })
  const start = (at: number, happened = at): Arrival => ({ subject: 'nginx started', at, happened })

  test.each<[string, Arrival[], string[], string[]]>([
    ['recovers in time', [stop(0), start(2)], ['queued', 'closes 1'], ['suppressed']],
    ['recovers at the last moment', [stop(0, 0), start(4, 5)], ['queued', 'closes 1'], ['suppressed']],
    ['recovers too late', [stop(0), start(9)], ['queued', 'closes 1'], ['resolved']],
    ['has recovered before it arrives', [start(3, 1), stop(4, 0)], ['closes 0', 'suppressed'], ['suppressed']],
    ['did not recover by an earlier start', [start(0), stop(1)], ['closes 0', 'queued'], ['queued']],
    [
      'joins what waits',
      [stop(0), stop(1), start(2)],
      ['queued', 'suppressed', 'closes 1'],
      ['suppressed', 'suppressed'],
    ],
    ['is another service', [stop(0), { subject: 'redis started', at: 1 }], ['queued', 'closes 0'], ['queued']],
  ])('%s', async (_name, arrivals, told, after) => {
    const store = openStore()
    expect(await arrive(store, routes, arrivals)).toEqual(told)
    expect(await statuses(store)).toEqual(after)
  })
})

test('what is deduplicated is suppressed within the window, and counted', async () => {
  const store = openStore()
  const routes = `routes:
  - { name: a, when: { subject: { contains: down } }, steps: [ { dedupe: { key: [route, subject], for: 10m } }, { send: ops } ] }`
  const down = (at: number): Arrival => ({ subject: 'db1 down', at })
  const told = await arrive(store, routes, [down(0), down(5), { subject: 'db2 down', at: 6 }, down(9), down(10)])
  expect(told).toEqual(['queued', 'suppressed', 'queued', 'suppressed', 'queued'])
  const { items } = await store.listNotifications({ limit: 100 })
  expect(items.map((one) => one.suppressed_count).toReversed()).toEqual([2, 0, 0, 0, 0])
})

test('what two routes say alike, the store keeps once, when each of them might have been suppressed', async () => {
  const store = openStore()
  const routes = `routes:
  - { name: a, when: { subject: { contains: down } }, steps: [ { dedupe: { key: [route], for: 10m } }, { send: ops } ] }
  - { name: b, when: { subject: { contains: db1 } }, steps: [ { dedupe: { key: [route], for: 10m } }, { send: ops } ] }`
  const told = await arrive(store, routes, [
    { subject: 'db2 down', at: 0 },
    { subject: 'db1 down', at: 1 },
    { subject: 'db1 down', at: 20 },
  ])
  expect(told).toEqual(['queued', 'suppressed, queued', 'queued, suppressed'])
  expect((await store.listDeliveries({ limit: 100 })).items).toHaveLength(3)
})

test('what a mail resolves is what an earlier one opened, and not what it opens itself', async () => {
  const store = openStore()
  const routes = `routes:
  - { name: open, when: { subject: { contains: disk } }, steps: [ { set: { fingerprint: disk } }, { send: ops } ] }
  - { name: close, when: { subject: { contains: fine } }, steps: [ { resolve: disk } ] }`
  const told = await arrive(store, routes, [
    { subject: 'disk full', at: 0 },
    { subject: 'disk is fine', at: 1 },
  ])
  expect(told).toEqual(['queued', 'queued, closes 1'])
  expect(await statuses(store)).toEqual(['resolved', 'queued'])
})
