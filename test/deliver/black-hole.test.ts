import { rmSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Channel, Outcome } from '#src/domain/channel.js'
import type { Store } from '#src/store/store.js'
import { makeFastFolder } from '../stand-ins/fast-folder.js'
import { makeDelivery, makeMessage, makeNotification, noon, openStore, saveRouted } from '../store/store-fixture.js'
import { delivered, makeChannel, startLoop } from './loop-fixture.js'

/*
 * Ten hours on a fake clock in which channel A takes connections and never answers, with 5,000 deliveries waiting for
 * it, while B is used as ever; then A is back. The timers are the loop's own: time goes from one to the next of them.
 */
const second = 1_000
const minute = 60 * second
const hour = 60 * minute
const backAt = noon + 10 * hour
const waiting = 5_000
const everyMs = minute
const rate = { count: 300, perMs: minute }

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: noon })
})
const folders: string[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

/** The store, and whether it has anything to do: time must not go on before it answered. */
function watchStore(store: Store): { store: Store; quiet: () => Promise<void> } {
  let pending = 0
  const watched = new Proxy(store, {
    get(target, name: keyof Store) {
      const call = target[name] as (...args: unknown[]) => Promise<unknown>
      return async (...args: unknown[]) => {
        pending++
        try {
          return await call(...args)
        } finally {
          pending--
        }
      }
    },
  })
  const quiet = async (): Promise<void> => {
    for (let still = 0; still < 3; still = pending === 0 ? still + 1 : 0) await turn()
  }
  return { store: watched, quiet }
}

interface Run {
  /** Milliseconds from birth to arrival of B's deliveries. */
  waitsOfB: number[]
  /** What A took: which of the 5,000, when. */
  sentOnA: { n: number; at: number }[]
  /** Which of the 5,000 were tried in vain. */
  triedOnA: number[]
  counts: Record<string, number>
}

async function simulate(isHoled: boolean, until: (run: Run) => boolean): Promise<Run> {
  vi.setSystemTime(noon)
  const run: Run = { waitsOfB: [], sentOnA: [], triedOnA: [], counts: {} }
  const answer = (ms: number): Promise<Outcome> => new Promise((done) => setTimeout(() => done(delivered), ms))
  const a = makeChannel(
    'a',
    async (_, address) => {
      if (Date.now() < backAt) {
        run.triedOnA.push(Number(address))
        return new Promise<Outcome>(() => undefined)
      }
      const outcome = await answer(150)
      run.sentOnA.push({ n: Number(address), at: Date.now() })
      return outcome
    },
    16,
  )
  const b = makeChannel('b', async (_, address) => {
    const [n, bornAt] = (address ?? '').split('@').map(Number)
    const outcome = await answer(80 + (((n ?? 0) * 37) % 240))
    run.waitsOfB.push(Date.now() - (bornAt ?? 0))
    return outcome
  })
  const limited: Channel = { ...a, limits: { ...a.limits, rate } }
  const folder = makeFastFolder('black-hole')
  folders.push(folder)
  const { store, quiet } = watchStore(openStore(folder, Date.now))
  const { loop } = startLoop([limited, b], { store, now: Date.now, random: makeRandom() })
  if (isHoled) {
    const many = Array.from({ length: waiting }, (_, n) =>
      makeDelivery({ channel: 'a', address: String(n), message: makeMessage({ title: `${n}` }) }),
    )
    await saveRouted(store, 'm1', many, noon)
  }
  let born = 0
  const arrive = (): void => {
    const now = Date.now()
    const delivery = makeDelivery({ channel: 'b', address: `${born}@${now}` })
    const origin = { source: 'system' as const, key: `b/${born++}` }
    void store.raise([makeNotification([delivery], { route: 'b' })], origin, now).then(() => loop.wake(['b']))
    setTimeout(arrive, everyMs)
  }
  setTimeout(arrive, 1)
  loop.wake()
  for (await quiet(); !until(run); await quiet()) vi.advanceTimersToNextTimer()
  run.counts = (await store.readStats(Date.now())).deliveries
  const stopped = loop.stop()
  for (let n = 0; n < 20; n++) {
    await quiet()
    if (vi.getTimerCount() > 0) vi.advanceTimersToNextTimer()
  }
  await stopped
  vi.clearAllTimers()
  return run
}

test('a channel that is a black hole for ten hours costs the others nothing, and drains at its rate when it is back', async () => {
  const alone = await simulate(false, () => Date.now() >= backAt)
  const beside = await simulate(true, (run) => run.sentOnA.length === waiting)
  const during = beside.waitsOfB.slice(0, alone.waitsOfB.length)
  const ratio = percentile(during, 0.99) / percentile(alone.waitsOfB, 0.99)
  console.info(
    `B's p99: ${percentile(alone.waitsOfB, 0.99)} ms alone, ${percentile(during, 0.99)} ms beside the black hole; ratio ${ratio.toFixed(3)}`,
  )
  expect(during.length).toBeGreaterThan(590)
  expect(ratio).toBeLessThanOrEqual(1.05)

  const perMinute = groupBy(beside.sentOnA, ({ at }) => Math.floor((at - backAt) / minute))
  const table = [...perMinute].map(([after, sent]) => ({
    minute: after,
    sent: sent.length,
    'most in one second': Math.max(...[...groupBy(sent, ({ at }) => Math.floor(at / second)).values()].map(lengthOf)),
    first: sent[0]?.n,
    last: sent.at(-1)?.n,
  }))
  console.table(table)
  expect(beside.counts).toMatchObject({ sent: expect.any(Number) })
  expect(beside.counts.dead).toBeUndefined()
  expect(new Set(beside.sentOnA.map(({ n }) => n)).size).toBe(waiting)
  // The probe that finds it works comes at most a pause after it does.
  expect((beside.sentOnA[0]?.at ?? 0) - backAt).toBeLessThanOrEqual(12 * minute)
  for (const line of table) {
    expect(line.sent).toBeLessThanOrEqual(rate.count)
    expect(line['most in one second']).toBeLessThanOrEqual(20)
  }
  for (const line of table.slice(1, -1)) expect(line.sent).toBeGreaterThanOrEqual(0.8 * rate.count)
  // What was never tried goes in the order in which it came.
  const probes = new Set(beside.triedOnA)
  console.info(`${beside.triedOnA.length} attempts in ten hours, of ${probes.size} of ${waiting} deliveries`)
  const untried = beside.sentOnA.filter(({ n }) => !probes.has(n)).map(({ n }) => n)
  expect(untried.filter((n, at) => n < (untried[at - 1] ?? -1))).toEqual([])
  expect(probes.size).toBeLessThanOrEqual(100)
}, 240_000)

function percentile(values: number[], share: number): number {
  return values.toSorted((one, other) => one - other)[Math.ceil(share * values.length) - 1] ?? Number.NaN
}

function groupBy<Item>(items: Item[], keyOf: (item: Item) => number): Map<number, Item[]> {
  const groups = new Map<number, Item[]>()
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item])
  return groups
}

const lengthOf = ({ length }: unknown[]): number => length

/** The same jitter each time (a linear congruential generator, Numerical Recipes). */
function makeRandom(): () => number {
  let state = 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
