import { randomInt } from 'node:crypto'
import { rmSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { StatMeasure, StatPoint, StatScope } from '#src/store/stats-store.js'
import type { Store } from '#src/store/store.js'
import { makeFastFolder } from '../stand-ins/fast-folder.js'
import { hourMs, minuteMs } from './notification-fixture.js'
import {
  claimDelivery,
  claimMail,
  makeDelivery,
  makeNotification,
  makeRaw,
  makeRouteTrace,
  makeRouting,
  makeSettlement,
  makeTrace,
  noon,
  openStore,
} from './store-fixture.js'

const dayMs = 24 * hourMs
const all = { from: 0, to: Number.MAX_SAFE_INTEGER }
/** Whole hours: of what is older than two days, nothing shorter is known. */
const steps = [hourMs, 3 * hourMs, dayMs, 2 * dayMs]

type Deed = { mail: 'routed' | 'unrouted'; channel: string; ends: ('sent' | 'failed' | 'dead')[]; afterMs: number }

const deed: fc.Arbitrary<Deed> = fc.record({
  mail: fc.constantFrom('routed', 'unrouted'),
  channel: fc.constantFrom('ops', 'telegram'),
  ends: fc.array(fc.constantFrom('sent', 'failed', 'dead'), { minLength: 1, maxLength: 3 }),
  afterMs: fc.integer({ min: 0, max: 3 * dayMs }),
})

describe('counts over time', () => {
  it('are those of a recount, in every step, after minutes became hours and after a restart', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 12 }), async (deeds) => {
        const folder = makeFastFolder('stats')
        let store = openStore(folder)
        const expected = new Map<string, number>()
        let now = noon
        for (const [index, one] of deeds.entries()) {
          now += one.afterMs
          await live(store, `m${index}`, one, now, expected)
        }
        await compare(store, expected)
        for (let calls = 0; calls < 100 && (await store.trimStats(now + minuteMs)) > 0; calls++);
        await compare(store, expected)
        await store.close()
        store = openStore(folder)
        await compare(store, expected)
        await store.close()
        rmSync(folder, { recursive: true })
      }),
      { numRuns: 15 },
    )
  })

  it('tell how long it took from receipt to sent, in buckets; what repeats is not asked how long', async () => {
    const store = openStore()
    for (const [index, [tookMs, purpose]] of (
      [
        [80, 'alert'],
        [100, 'alert'],
        [101, 'alert'],
        [90_000_000, 'alert'],
        [5, 'escalation'],
      ] as const
    ).entries()) {
      const address = String(index)
      await save(store, `m${index}`, noon)
      const alerts = [makeDelivery({ address, purpose: 'alert' })]
      const deliveries = purpose === 'alert' ? alerts : [...alerts, makeDelivery({ address: `e${index}`, purpose })]
      await route(store, 'routed', deliveries, noon)
      for (const _ of deliveries) await settleNext(store, 'ops', 'sent', noon + tookMs)
    }
    const [total] = sum(await store.readSeries({ ...all, stepMs: dayMs, scope: 'all' }))
    expect(total?.latency).toEqual([3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(total?.counts.sent).toBe(6)
  })

  it('forget nothing of a transaction that is rolled back into single ones', async () => {
    const store = openStore()
    const good = store.saveMails([makeRaw('a')])
    const twice = store.saveMails([makeRaw('b'), makeRaw('b')])
    const last = store.saveMails([makeRaw('c')])
    await Promise.all([good, expect(twice).rejects.toThrow(), last])
    const [total] = sum(await store.readSeries({ ...all, stepMs: dayMs, scope: 'all' }))
    expect(total?.counts.received).toBe(2)
  })

  it('keep minutes for two days and hours for ninety', async () => {
    const store = openStore()
    await save(store, 'old', noon)
    const read = async (stepMs: number) => (await store.readSeries({ ...all, stepMs, scope: 'all' })).length
    await store.trimStats(noon + 2 * dayMs)
    expect([await read(minuteMs), await read(hourMs)]).toEqual([1, 1])
    await store.trimStats(noon + 2 * dayMs + minuteMs)
    expect([await read(minuteMs), await read(hourMs)]).toEqual([0, 1])
    await store.trimStats(noon + 90 * dayMs + hourMs)
    expect(await read(hourMs)).toBe(0)
  })

  it('are read of one name, of a stretch that begins anywhere in its step, and rejected mails are among them', async () => {
    const store = openStore()
    const rejection = {
      client: '10.0.0.1',
      reason: 'not_allowed' as const,
      code: 530,
      message: 'no',
      from: null,
      rcpt: null,
      user: null,
    }
    await store.saveRejections([{ rejection: { ...rejection, at: noon + 5 }, count: 1 }])
    await save(store, 'm', noon + minuteMs)
    const query = { stepMs: minuteMs, scope: 'all' } as const
    const points = await store.readSeries({ ...query, from: noon + 30_000, to: noon + 2 * minuteMs })
    expect(points.map(({ at, counts }) => [at, counts.rejected, counts.received])).toEqual([
      [new Date(noon).toISOString(), 1, 0],
      [new Date(noon + minuteMs).toISOString(), 0, 1],
    ])
    await save(store, 'n', noon + 31 * minuteMs)
    const halves = await store.readSeries({ ...query, stepMs: 30 * minuteMs, from: noon, to: noon + hourMs })
    expect(halves.map(({ at, counts }) => [Date.parse(at) - noon, counts.rejected, counts.received])).toEqual([
      [0, 1, 1],
      [30 * minuteMs, 0, 1],
    ])
    expect(await store.readSeries({ ...query, from: noon, to: noon })).toEqual([])
    expect(await store.readSeries({ ...all, stepMs: hourMs, scope: 'channel', name: 'none' })).toEqual([])
  })
})

describe('routes', () => {
  it('are known since they first ran, with their hits and the last five mails', async () => {
    const store = openStore()
    await store.saveKnownRoutes(['disks', 'it\'s "never"/me'], noon)
    for (let n = 0; n < 7; n++) {
      await save(store, `m${n}`, noon + n * dayMs)
      await route(store, 'routed', [], noon + n * dayMs)
    }
    await store.saveKnownRoutes(['disks', 'it\'s "never"/me'], noon + dayMs)
    expect(await store.listRouteHits(noon + 6 * dayMs + 1)).toEqual([
      {
        route: 'disks',
        known_since: new Date(noon).toISOString(),
        last_matched_at: new Date(noon + 6 * dayMs).toISOString(),
        last_mails: ['m6', 'm5', 'm4', 'm3', 'm2'],
        hits_24h: 1,
        hits_7d: 7,
      },
      expect.objectContaining({ route: 'it\'s "never"/me', last_matched_at: null, last_mails: [], hits_7d: 0 }),
    ])
    await store.saveKnownRoutes([], noon + 97 * dayMs)
    expect(await store.listRouteHits(noon)).toEqual([])
  })

  it('count a mail once, though it is committed again for a route that waited', async () => {
    const store = openStore()
    await save(store, 'm', noon)
    const first = await claimMail(store)
    const routes = (...names: string[]) => makeTrace('m', { routes: names.map((name) => makeRouteTrace(name)) })
    const pending = { routes: { late: 1 }, dueAt: noon }
    await store.commitRouting(makeRouting(first, { status: 'held', pending, trace: routes('disks') }))
    await store.commitRouting(makeRouting(await claimMail(store), { trace: routes('disks', 'late') }))
    const hits = await store.listRouteHits(noon)
    expect(hits.map((line) => [line.route, line.hits_24h])).toEqual([
      ['disks', 1],
      ['late', 1],
    ])
    const [total] = sum(await store.readSeries({ ...all, stepMs: dayMs, scope: 'all' }))
    expect(total?.counts).toMatchObject({ received: 1, routed: 1 })
  })
})

function save(store: Store, id: string, at: number): Promise<void> {
  return store.saveMails([makeRaw(id, { receivedAt: at })])
}

async function route(
  store: Store,
  status: 'routed' | 'unrouted',
  deliveries: ReturnType<typeof makeDelivery>[],
  now: number,
): Promise<void> {
  const claimed = await claimMail(store, now)
  const trace = makeTrace(claimed.id, { routes: status === 'routed' ? [makeRouteTrace('disks')] : [] })
  const notifications = deliveries.length > 0 ? [makeNotification(deliveries)] : []
  await store.commitRouting(makeRouting(claimed, { now, status, trace, notifications }))
}

async function settleNext(store: Store, channel: string, status: 'sent' | 'failed' | 'dead', now: number) {
  const claimed = await claimDelivery(store, now, channel)
  const changes = status === 'failed' ? { dueAt: now, lastError: 'no' } : {}
  await store.settleDelivery(makeSettlement(claimed, { status, now, ...changes }))
}

/** Does it, and counts by hand what has to be counted. */
async function live(
  store: Store,
  id: string,
  { mail, channel, ends }: Deed,
  now: number,
  expected: Map<string, number>,
) {
  const add = (scope: StatScope, name: string, measure: StatMeasure): void => {
    for (const stepMs of steps) {
      const key = [stepMs, scope, name, Math.floor(now / stepMs) * stepMs, measure].join(' ')
      expected.set(key, (expected.get(key) ?? 0) + 1)
    }
  }
  await save(store, id, now)
  add('all', '', 'received')
  const deliveries = mail === 'routed' ? [makeDelivery({ channel, address: `${id}${randomInt(1_000_000)}` })] : []
  await route(store, mail, deliveries, now)
  add('all', '', mail)
  if (mail === 'unrouted') return
  add('route', 'disks', 'routed')
  for (const end of ends) {
    await settleNext(store, channel, end, now)
    for (const measure of measuresOf(end)) {
      for (const [scope, name] of [
        ['all', ''],
        ['channel', channel],
        ['route', 'disks'],
      ] as const) {
        add(scope, name, measure)
      }
    }
    if (end !== 'failed') return
  }
  await settleNext(store, channel, 'sent', now)
  for (const [scope, name] of [
    ['all', ''],
    ['channel', channel],
    ['route', 'disks'],
  ] as const) {
    add(scope, name, 'sent')
  }
}

function measuresOf(end: 'sent' | 'failed' | 'dead'): StatMeasure[] {
  if (end === 'sent') return ['sent']
  return end === 'dead' ? ['dead', 'attempts_failed'] : ['attempts_failed']
}

async function compare(store: Store, expected: Map<string, number>): Promise<void> {
  const found = new Map<string, number>()
  for (const stepMs of steps) {
    for (const scope of ['all', 'channel', 'route'] as const) {
      for (const { at, name, counts } of await store.readSeries({ ...all, stepMs, scope })) {
        for (const [measure, count] of Object.entries(counts)) {
          if (count > 0) found.set([stepMs, scope, name ?? '', Date.parse(at), measure].join(' '), count)
        }
      }
    }
  }
  expect(Object.fromEntries([...found].sort())).toEqual(Object.fromEntries([...expected].sort()))
}

function sum(points: StatPoint[]): [StatPoint?] {
  expect(points.length).toBeLessThanOrEqual(2)
  const [first, second] = points
  if (!first || !second) return [first]
  const counts = { ...first.counts }
  for (const [measure, count] of Object.entries(second.counts)) counts[measure as StatMeasure] += count
  return [{ ...first, counts, latency: first.latency.map((count, index) => count + (second.latency[index] ?? 0)) }]
}
