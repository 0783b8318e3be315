import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '#src/domain/errors.js'
import type { RoutedMail } from '#src/pipeline.js'
import { PipelineLoop, type PipelineLoopParts } from '#src/pipeline-loop.js'
import type { ClaimedMail, Store } from '#src/store/store.js'
import { defer } from '../deliver/loop-fixture.js'
import { until } from '../stand-ins/until.js'
import { claimMail, makeFolder, makeRaw, makeRouting, noon, openStore } from '../store/store-fixture.js'

const loops: PipelineLoop[] = []
afterEach(async () => {
  for (const loop of loops.splice(0)) await loop.stop()
})

function routedMail(mailId: string): RoutedMail {
  return { mailId, subject: '', status: 'routed', reason: null, routes: [], channels: [] }
}

/** A loop over a real store with a clock of its own; by default it routes each mail to nobody. */
function startLoop(changes: Partial<PipelineLoopParts> & { store?: Store } = {}) {
  const clock = { now: noon }
  const store = changes.store ?? openStore()
  const routed: string[] = []
  const lines: string[] = []
  const loop = new PipelineLoop({
    owner: 'loop',
    route: async (claimed) => {
      await store.commitRouting(makeRouting(claimed))
      return routedMail(claimed.id)
    },
    onRouted: ({ mailId }) => routed.push(mailId),
    now: () => clock.now,
    log: (level, message, facts) => lines.push(`${level} ${message} ${JSON.stringify(facts)}`),
    ...changes,
    store,
  })
  loops.push(loop)
  const pass = (ms: number): void => {
    clock.now += ms
    loop.wake()
  }
  return { loop, store, clock, pass, routed, lines }
}

const names = (count: number) => Array.from({ length: count }, (_, n) => `m${String(n).padStart(3, '0')}`)

describe('routing what waits', () => {
  test('each mail once, many at a time but within bounds', async () => {
    let atOnce = 0
    let most = 0
    const store = openStore()
    const { loop, routed } = startLoop({
      store,
      route: async (claimed) => {
        most = Math.max(most, ++atOnce)
        await new Promise((resolve) => setImmediate(resolve))
        await store.commitRouting(makeRouting(claimed))
        atOnce--
        return routedMail(claimed.id)
      },
    })
    await store.saveMails(names(600).map((id) => makeRaw(id)))
    loop.added(600, 0)
    await until(() => routed.length === 600, 'all are routed')
    expect(routed.toSorted()).toEqual(names(600))
    expect(most).toBeGreaterThan(1)
    expect(most).toBeLessThanOrEqual(256)
  })

  test('large mails wait for each other, so that memory is bounded', async () => {
    let bytes = 0
    let most = 0
    const store = openStore()
    const { loop, routed } = startLoop({
      store,
      route: async (claimed) => {
        bytes += claimed.raw.byteLength
        most = Math.max(most, bytes)
        await store.commitRouting(makeRouting(claimed))
        bytes -= claimed.raw.byteLength
        return routedMail(claimed.id)
      },
    })
    await store.saveMails(names(8).map((id) => makeRaw(id, { raw: new Uint8Array(10_000_000) })))
    loop.wake()
    await until(() => routed.length === 8, 'all are routed')
    expect(most).toBeLessThanOrEqual(32_000_000)
  })

  test('what could not be routed is held and tried again in a minute', async () => {
    const store = openStore()
    let works = false
    const { loop, routed, lines, pass } = startLoop({
      store,
      route: async (claimed) => {
        if (!works) throw new Error('the parser broke')
        await store.commitRouting(makeRouting(claimed))
        return routedMail(claimed.id)
      },
    })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await until(async () => (await store.readMail('m1'))?.status === 'held', 'it is held')
    expect(await store.readMail('m1')).toMatchObject({ reason: 'the parser broke' })
    expect(lines[0]).toContain('a mail could not be routed')
    expect(await store.nextMailDueAt()).toBe(noon + 60_000)
    works = true
    pass(60_000)
    await until(() => routed.length === 1, 'it is routed')
  })

  test('a full disk is no fault of the mail: it waits for the next sweep, and it costs no attempt', async () => {
    const store = openStore()
    let isFull = true
    let releases = 0
    const full: Store = {
      ...store,
      releaseMail: async (release) => {
        releases++
        return store.releaseMail(release)
      },
    }
    const { loop, routed, lines, pass } = startLoop({
      store: full,
      route: async (claimed) => {
        expect(claimed.attempts).toBe(1)
        if (isFull) throw new StoreError('database or disk is full', { isPassing: true })
        await store.commitRouting(makeRouting(claimed))
        return routedMail(claimed.id)
      },
    })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    for (let sweep = 1; sweep <= 10; sweep++) {
      await until(() => releases === sweep, 'it is given back')
      expect(await store.readMail('m1')).toMatchObject({ status: 'stored', reason: null })
      if (sweep === 10) isFull = false
      pass(5_000)
    }
    await until(() => routed.length === 1, 'it is routed')
    expect(lines[0]).toContain('database or disk is full')
  })

  test('a mail that somebody else routes is told to nobody', async () => {
    const store = openStore()
    const { loop, routed, lines } = startLoop({
      store,
      route: async (claimed) => {
        await store.commitRouting(makeRouting(claimed))
        return false
      },
    })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await until(async () => (await store.readMail('m1'))?.status === 'routed', 'it is routed')
    expect([...routed, ...lines]).toEqual([])
  })

  test('a claim that fails is told, and asked for again', async () => {
    const store = openStore()
    let fails = 1
    const broken: Store = {
      ...store,
      claimMails: async (claim) => {
        if (fails-- > 0) throw new Error('database or disk is full')
        return store.claimMails(claim)
      },
    }
    const { loop, routed, lines } = startLoop({ store: broken })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await until(() => lines.length > 0, 'it complains')
    expect(lines[0]).toContain('cannot claim mails')
    loop.wake()
    await until(() => routed.length === 1, 'it is routed')
  })

  test('a mail stored while the loop works out when to look again is not left for seconds', async () => {
    const store = openStore()
    const gate = defer<void>()
    let asked = false
    const slow: Store = {
      ...store,
      nextMailDueAt: async () => {
        const dueAt = await store.nextMailDueAt()
        if (asked) return dueAt
        asked = true
        await gate.promise
        return dueAt
      },
    }
    const { loop, routed } = startLoop({ store: slow })
    loop.wake()
    await until(() => asked, 'it asks when the next mail is due')
    await store.saveMails([makeRaw('m1')])
    loop.added(1, 10)
    gate.resolve()
    await until(() => routed.length === 1, 'it is routed', 2_000)
  })
})

describe('back-pressure', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A loop with one mail under way, until the loop is stopped. */
  async function startSlowLoop() {
    const parts = startLoop({
      route: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    await parts.store.saveMails([makeRaw('m1')])
    return parts
  }

  async function isHeld(promise: Promise<void>): Promise<boolean> {
    let held = true
    void promise.then(() => {
      held = false
    })
    for (let n = 0; n < 20; n++) await Promise.resolve()
    return held
  }

  test.each([
    ['too many mails', 500, 0, true],
    ['too many bytes', 1, 32_000_000, true],
    ['just not too much', 499, 31_999_999, false],
  ])('%s hold the 250 back', async (_, mails, bytes, held) => {
    const { loop } = await startSlowLoop()
    loop.added(mails, bytes)
    const room = loop.waitForRoom()
    expect(await isHeld(room)).toBe(held)
    await loop.stop()
    await room
  })

  test('five seconds at the most', async () => {
    const { loop } = await startSlowLoop()
    loop.added(500, 0)
    const room = loop.waitForRoom()
    await vi.advanceTimersByTimeAsync(4_999)
    expect(await isHeld(room)).toBe(true)
    await vi.advanceTimersByTimeAsync(1)
    expect(await isHeld(room)).toBe(false)
  })

  test('ends when the program stops, and holds nobody after that', async () => {
    const { loop } = await startSlowLoop()
    loop.added(500, 0)
    const room = loop.waitForRoom()
    await loop.stop()
    await room
    await loop.waitForRoom()
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('room', () => {
  test('is there again once mails are routed', async () => {
    const store = openStore()
    const gate = defer<void>()
    const { loop, routed } = startLoop({
      store,
      route: async (claimed: ClaimedMail) => {
        await gate.promise
        await store.commitRouting(makeRouting(claimed))
        return routedMail(claimed.id)
      },
    })
    await store.saveMails(names(510).map((id) => makeRaw(id)))
    loop.added(510, 0)
    let hasRoom = false
    const room = loop.waitForRoom().then(() => {
      hasRoom = true
    })
    gate.resolve()
    await until(() => hasRoom, 'there is room', 3_000)
    await room
    await until(() => routed.length === 510, 'all are routed')
  })

  test('is not lost for ever to mails that were deleted before they were routed', async () => {
    const { loop } = startLoop()
    loop.added(1_000, 0)
    let hasRoom = false
    void loop.waitForRoom().then(() => {
      hasRoom = true
    })
    await until(() => hasRoom, 'there is room', 3_000)
  })
})

describe('stopping', () => {
  test('does not wait for a step that hangs and does not listen', async () => {
    const store = openStore()
    const hung = defer<RoutedMail>()
    const { loop, routed } = startLoop({ store, route: () => hung.promise })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await until(async () => (await store.nextMailDueAt()) !== noon, 'it is claimed')
    await loop.stop()
    hung.resolve(routedMail('m1'))
    expect(await store.readMail('m1')).toMatchObject({ status: 'stored' })
    expect(routed).toEqual([])
  })

  test('cuts off what is being routed and gives it back, at no cost and as it was', async () => {
    const store = openStore()
    const { loop, lines } = startLoop({
      store,
      route: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await until(async () => (await store.nextMailDueAt()) !== noon, 'it is claimed')
    await loop.stop()
    expect(lines).toEqual([])
    expect(await store.readMail('m1')).toMatchObject({ status: 'stored', reason: null })
    expect((await claimMail(store)).attempts).toBe(1)
  })

  test('in the middle of a claim waits for it, and gives back what was claimed', async () => {
    const folder = makeFolder()
    const store = openStore(folder)
    const claimed = defer<void>()
    const slow: Store = {
      ...store,
      claimMails: async (claim) => {
        const mails = await store.claimMails(claim)
        claimed.resolve()
        return mails
      },
    }
    const { loop, routed } = startLoop({
      store: slow,
      route: async (_, signal) => {
        signal.throwIfAborted()
        return false
      },
    })
    await store.saveMails([makeRaw('m1')])
    loop.wake()
    await claimed.promise.then(() => loop.stop())
    expect(routed).toEqual([])
    expect((await claimMail(store)).attempts).toBe(1)
    loop.wake()
    expect(await store.nextMailDueAt()).toBe(noon + 1_000)
  })
})
