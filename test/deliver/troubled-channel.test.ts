import { describe, expect, test } from 'vitest'
import type { Channel, Outcome, Rate } from '#src/domain/channel.js'
import { noControl } from '#src/domain/notification.js'
import type { Store } from '#src/store/store.js'
import { makeDelivery, makeMessage, makeNotification, noon, openStore, saveRouted } from '../store/store-fixture.js'
import { badToken, busy, defer, delivered, makeChannel, startLoop } from './loop-fixture.js'

const second = 1_000
const minute = 60 * second
const hour = 60 * minute

const toMany = (channel: string, count: number) =>
  Array.from({ length: count }, (_, n) => makeDelivery({ channel, address: `a${n}` }))

async function counts(store: Store): Promise<Record<string, number>> {
  return (await store.readStats(noon)).deliveries
}

/** A channel that answers as it is told, and keeps who was tried in which order. */
function scripted(answer: (address: string | null) => Outcome, concurrency = 1) {
  const tried: (string | null)[] = []
  const channel = makeChannel(
    'ops',
    async (_, address) => {
      tried.push(address)
      return answer(address)
    },
    concurrency,
  )
  return { channel, tried }
}

function withLimits(channel: Channel, limits: Partial<Channel['limits']>, address: Rate | null = null): Channel {
  const rates = { ...channel.kind.rates, address }
  return { ...channel, kind: { ...channel.kind, rates }, limits: { ...channel.limits, ...limits } }
}

describe('an endpoint that is down', () => {
  test('is paused after three, probed by another each time, and drained when it is back; no attempt is lost', async () => {
    let works = false
    const { channel, tried } = scripted(() => (works ? delivered : busy))
    const { loop, store, pass, lines } = startLoop([channel])
    await saveRouted(store, 'm1', toMany('ops', 6))
    loop.wake()
    await loop.idle()
    expect(tried).toEqual(['a0', 'a1', 'a2'])
    expect(await store.readChannelPause('ops')).toMatchObject({ until: noon + 30 * second, failures: 1 })
    expect(lines.join()).toContain('channel ops is paused: endpoint down: busy')

    for (const [waitMs, probe] of [
      [30 * second, 'a3'],
      [minute, 'a4'],
      [2 * minute, 'a5'],
    ] as const) {
      pass(waitMs - 1)
      await loop.idle()
      pass(1)
      await loop.idle()
      expect(tried.at(-1)).toBe(probe)
    }
    expect(tried).toHaveLength(6)
    // The three that found out wait on their ladders at the price of an attempt, the probes at none.
    const waiting = (await store.listDeliveries({ limit: 10 })).items
    expect(waiting.map(({ status }) => status).sort()).toEqual([...Array(3).fill('failed'), ...Array(3).fill('queued')])

    works = true
    pass(4 * minute)
    await loop.idle()
    expect(await counts(store)).toEqual({ sent: 6 })
    expect(await store.readChannelPause('ops')).toBeNull()
    expect(lines.join()).toContain('channel ops works again')
  })

  test('one message that nobody can take does not keep the channel closed', async () => {
    const { channel } = scripted((address) => (address === 'a0' ? busy : delivered))
    const { loop, store, pass } = startLoop([channel])
    await store.saveChannelPause('ops', { until: noon, reason: 'endpoint down: busy', failures: 1 })
    await saveRouted(store, 'm1', toMany('ops', 5))
    loop.wake()
    await loop.idle()
    expect(await counts(store)).toEqual({ queued: 5 })
    pass(minute)
    await loop.idle()
    expect(await counts(store)).toEqual({ sent: 4, failed: 1 })
  })

  test('a lone delivery climbs its ladder and dies at its end', async () => {
    const { channel, tried } = scripted(() => busy)
    const { loop, store, pass } = startLoop([channel])
    await saveRouted(store, 'm1', [makeDelivery()])
    for (const waitMs of [0, minute, 5 * minute]) {
      pass(waitMs)
      await loop.idle()
    }
    expect(tried).toHaveLength(3)
    expect(await counts(store)).toEqual({ dead: 1 })
    expect(await store.readChannelPause('ops')).toBeNull()
  })

  test('for longer than the window: all that wait are dead letters, found out by the next probe', async () => {
    const { channel, tried } = scripted(() => busy)
    const { loop, store, pass } = startLoop([channel])
    await saveRouted(
      store,
      'm1',
      toMany('ops', 8).map((delivery) => ({ ...delivery, retryWindowMs: hour })),
    )
    loop.wake()
    await loop.idle()
    pass(hour + 1)
    await loop.idle()
    expect(tried).toHaveLength(3)
    expect(await counts(store)).toEqual({ dead: 8 })
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    expect(line?.last_error).toContain('not sent within 1h')
  })

  test('is remembered over a restart', async () => {
    const store = openStore()
    const before = startLoop([scripted(() => busy).channel], { store })
    await saveRouted(store, 'm1', toMany('ops', 6))
    before.loop.wake()
    await before.loop.idle()
    await before.loop.stop()
    const { channel, tried } = scripted(() => busy)
    const { loop, pass } = startLoop([channel], { store })
    loop.wake()
    await loop.idle()
    expect(tried).toEqual([])
    pass(30 * second)
    await loop.idle()
    expect(tried).toEqual(['a3'])
    expect(await store.readChannelPause('ops')).toMatchObject({ failures: 2 })
  })

  test('attempts that were under way when it was paused cost nothing', async () => {
    const gate = defer<void>()
    const channel = makeChannel('ops', () => gate.promise.then(() => busy), 8)
    const { loop, store } = startLoop([channel])
    await saveRouted(store, 'm1', toMany('ops', 8))
    loop.wake()
    gate.resolve()
    await loop.idle()
    expect(await counts(store)).toEqual({ failed: 8 })
    const claims = await store.claimDeliveries({ owner: 'me', channel: 'ops', now: noon + hour, leaseMs: 1, limit: 8 })
    expect(claims.map(({ counted }) => counted).sort()).toEqual([1, 1, 1, 1, 1, 2, 2, 2])
  })
})

describe('a person’s pause', () => {
  test('stops the channel until it is resumed, over restarts, without a probe', async () => {
    const { channel, tried } = scripted(() => delivered)
    const { loop, store, pass } = startLoop([channel])
    await saveRouted(store, 'm1', toMany('ops', 2))
    await loop.pause('ops', 'moving')
    for (const ms of [0, hour, 48 * hour]) {
      pass(ms)
      await loop.idle()
    }
    expect(tried).toEqual([])
    expect(await store.readChannelPause('ops')).toMatchObject({ until: Number.MAX_SAFE_INTEGER, reason: 'moving' })
    await loop.stop()
    const second = startLoop([channel], { store })
    second.pass(49 * hour)
    await second.loop.idle()
    expect(tried).toEqual([])
    await second.loop.resume('ops')
    await second.loop.idle()
    expect(tried).toEqual(['a0', 'a1'])
  })

  test('stands, whatever becomes of what was under way', async () => {
    for (const outcome of [delivered, badToken, busy]) {
      const gate = defer<Outcome>()
      const { loop, store, pass } = startLoop([makeChannel('ops', () => gate.promise, 1)])
      await store.saveChannelPause('ops', { until: noon, reason: 'endpoint down: busy', failures: 1 })
      await saveRouted(store, 'm1', toMany('ops', 3))
      loop.wake()
      pass(1)
      const paused = loop.pause('ops', 'moving')
      gate.resolve(outcome)
      await paused
      await loop.idle()
      expect(await store.readChannelPause('ops')).toMatchObject({ reason: 'moving' })
    }
  })
})

describe('rates', () => {
  test('a channel sends no more than its rate, oldest first', async () => {
    const { channel, tried } = scripted(() => delivered, 32)
    const { loop, store, pass } = startLoop([withLimits(channel, { rate: { count: 20, perMs: minute } })])
    await saveRouted(store, 'm1', toMany('ops', 30))
    const perMinute: number[] = []
    for (let n = 0; n < 2; n++) {
      const before = tried.length
      for (let s = 0; s < 60; s++) {
        pass(s === 0 && n === 0 ? 0 : second)
        await loop.idle()
      }
      perMinute.push(tried.length - before)
    }
    expect(perMinute[0]).toBeGreaterThanOrEqual(17)
    expect(perMinute[0]).toBeLessThanOrEqual(20)
    expect(perMinute[1]).toBe(30 - (perMinute[0] ?? 0))
    expect(tried).toEqual(Array.from({ length: 30 }, (_, n) => `a${n}`))
  })

  test('an address over its rate waits for its turn at no cost, and others do not', async () => {
    const { channel, tried } = scripted(() => delivered, 8)
    const { loop, store, pass } = startLoop([withLimits(channel, {}, { count: 5, perMs: 5 * second })])
    const one = Array.from({ length: 4 }, (_, n) =>
      makeDelivery({ address: 'busy', message: makeMessage({ title: `${n}` }) }),
    )
    await saveRouted(store, 'm1', [...one, makeDelivery({ address: 'quiet' })])
    loop.wake()
    await loop.idle()
    expect(tried.toSorted()).toEqual(['busy', 'quiet'])
    const waiting = (await store.listDeliveries({ limit: 9, status: 'queued' })).items
    expect(waiting.map(({ attempts }) => attempts)).toEqual([0, 0, 0])
    expect(waiting[0]?.last_error).toBe('waits for its turn: at most 5 in 5s to one address')
    for (let n = 3; n <= 5; n++) {
      pass(second)
      await loop.idle()
      expect(tried).toHaveLength(n)
    }
  })

  test('the timer comes back when the rate allows, without being woken', async () => {
    const { channel, tried } = scripted(() => delivered)
    const changes = { now: () => Math.round(performance.timeOrigin + performance.now()) }
    const { loop, store } = startLoop([withLimits(channel, { rate: { count: 20, perMs: second } })], changes)
    await saveRouted(store, 'm1', toMany('ops', 8), noon)
    loop.wake()
    await expect.poll(() => tried.length, { timeout: 4_000 }).toBe(8)
  })
})

describe('a daily cap', () => {
  const isoDay = '2025-06-06'

  test('lets so many through, holds the others until midnight UTC, and says so once', async () => {
    const told: [string, number][] = []
    const { channel, tried } = scripted(() => delivered)
    const onCapReached = (name: string, max: number) => told.push([name, max])
    const { loop, store, pass } = startLoop([withLimits(channel, { perDayMax: 3 })], { onCapReached, random: () => 0 })
    await saveRouted(store, 'm1', toMany('ops', 5))
    loop.wake()
    await loop.idle()
    expect(tried).toEqual(['a0', 'a1', 'a2'])
    expect(told).toEqual([['ops', 3]])
    expect((await store.listDeliveries({ limit: 1, status: 'queued' })).items[0]).toMatchObject({
      attempts: 0,
      next_attempt_at: '2025-06-07T00:00:00.000Z',
      last_error: '3 a day are sent on ops: waits until 2025-06-07 00:00 UTC',
    })
    pass(12 * hour - 1)
    await loop.idle()
    expect(tried).toHaveLength(3)
    pass(1)
    await loop.idle()
    expect(tried).toEqual(['a0', 'a1', 'a2', 'a3', 'a4'])
  })

  test('counts messages, not attempts, over restarts', async () => {
    const store = openStore()
    let works = false
    const channel = withLimits(scripted(() => (works ? delivered : { ...busy, statusCode: 429 })).channel, {
      perDayMax: 2,
    })
    const first = startLoop([channel], { store })
    await saveRouted(store, 'm1', toMany('ops', 3))
    first.loop.wake()
    await first.loop.idle()
    expect(await store.readCount('sent/ops', isoDay)).toBe(2)
    await first.loop.stop()
    works = true
    const { loop, pass } = startLoop([channel], { store })
    pass(2 * minute)
    await loop.idle()
    expect(await counts(store)).toEqual({ sent: 2, queued: 1 })
    expect(await store.readCount('sent/ops', isoDay)).toBe(2)
  })

  test('that was raised is looked at again', async () => {
    const { channel } = scripted(() => delivered)
    const { loop, store, channels } = startLoop([withLimits(channel, { perDayMax: 1 })])
    await saveRouted(store, 'm1', toMany('ops', 2))
    loop.wake()
    await loop.idle()
    channels.ops = withLimits(channel, { perDayMax: 5 })
    await saveRouted(store, 'm2', toMany('ops', 2))
    loop.wake()
    await loop.idle()
    expect(await store.readCount('sent/ops', isoDay)).toBe(3)
  })
})

describe('follow-ups', () => {
  /** A channel that shows which of its functions was asked, and whether it was to offer an acknowledgement. */
  function speaking(withUpdate: boolean) {
    const said: string[] = []
    const speak =
      (verb: string): Channel['kind']['send'] =>
      async (message, _address, _settings, { ack, sent }) => {
        said.push([verb, message.title, ack ? 'offers' : 'no offer', sent ? 'about it' : 'anew'].join(', '))
        return delivered
      }
    const channel = makeChannel('ops', async () => delivered)
    const kind = { ...channel.kind, send: speak('send'), resolve: speak('resolve') }
    return { said, channel: { ...channel, kind: withUpdate ? { ...kind, update: speak('update') } : kind } }
  }

  const acknowledgement = { by: 'cli:root', at: noon, note: null }

  test.each([
    [
      true,
      [
        'send, Disk full, offers, anew',
        'update, Disk full, no offer, anew',
        'resolve, Resolved: Disk full, no offer, anew',
      ],
    ],
    [false, ['send, Disk full, offers, anew', 'resolve, Resolved: Disk full, no offer, anew']],
  ])('go by their own calls, and ask nobody to acknowledge what is over (update: %s)', async (withUpdate, expected) => {
    const { said, channel } = speaking(withUpdate)
    const { loop, store } = startLoop([channel])
    await saveRouted(store, 'm1', [makeDelivery({ offersAck: true })])
    loop.wake()
    await loop.idle()
    const id = (await store.listNotifications({ limit: 1 })).items[0]?.id ?? ''
    await store.acknowledge({
      notificationId: id,
      deliveryId: null,
      acknowledgement,
      showOn: [{ channel: 'ops', display: 'each' }],
    })
    loop.wake()
    await loop.idle()
    await store.resolveNotifications([id], 'cli:root', noon)
    loop.wake()
    await loop.idle()
    expect(said).toEqual(expected)
    expect(await counts(store)).toEqual(withUpdate ? { sent: 3 } : { sent: 2, cancelled: 1 })
  })

  test('repeats come until somebody acknowledges; a silenced one is skipped, and the next one comes', async () => {
    const notes: (string | undefined)[] = []
    let silenced = false
    const { loop, store, pass } = startLoop(
      [
        makeChannel('ops', async (message) => {
          notes.push(message.notes.at(-1))
          return delivered
        }),
      ],
      {
        silences: () => [
          {
            id: 's1',
            matchers: { routes: silenced ? ['*'] : ['none'], channels: [], labels: {} },
            startsAt: noon,
            endsAt: noon + hour,
            comment: 'racks',
            createdBy: 'cli:root',
            createdAt: noon,
          },
        ],
      },
    )
    const repeat = { everyMs: 10 * minute, times: 5 }
    await saveRouted(store, 'm1', [makeDelivery({ repeat, offersAck: true })])
    for (const isSilenced of [false, false, true, false]) {
      silenced = isSilenced
      pass(notes.length === 0 ? 0 : 10 * minute)
      await loop.idle()
    }
    expect(notes).toEqual([
      undefined,
      'sent again (2nd time): nobody has acknowledged it yet',
      'sent again (4th time): nobody has acknowledged it yet',
    ])
    const id = (await store.listNotifications({ limit: 1 })).items[0]?.id ?? ''
    await store.acknowledge({ notificationId: id, deliveryId: null, acknowledgement, showOn: [] })
    pass(hour)
    await loop.idle()
    expect(notes).toHaveLength(3)
  })
})

test('quiet hours hold and release: all that waited goes, oldest first, and none of it lost an attempt', async () => {
  const { channel, tried } = scripted(() => delivered)
  const night = { timezone: 'UTC', days: null, between: { fromMinute: 11 * 60, toMinute: 14 * 60 }, except: [] }
  const tim = { address: 'tim@y.example', name: null, manager: null, channels: {} }
  const { loop, store, pass } = startLoop([channel], {
    hours: () => ({
      people: { [tim.address]: { ...tim, quietHours: { calendar: 'night', except: ['critical'] } } },
      calendars: { night: { name: 'night', spans: [night] } },
    }),
  })
  await store.raise([makeNotification(toMany('ops', 3), { control: noControl })], { source: 'system', key: 'k' }, noon)
  const urgent = makeNotification([makeDelivery({ address: 'now' })], { severity: 'critical', route: 'urgent' })
  await store.raise([urgent], { source: 'system', key: 'urgent' }, noon)
  loop.wake()
  await loop.idle()
  expect(tried).toEqual(['now'])
  expect(await counts(store)).toEqual({ sent: 1, queued: 3 })
  pass(2 * hour)
  await loop.idle()
  expect(tried).toEqual(['now', 'a0', 'a1', 'a2'])
})
