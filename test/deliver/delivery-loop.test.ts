import { describe, expect, test } from 'vitest'
import type { Outcome } from '#src/domain/channel.js'
import { StoreError } from '#src/domain/errors.js'
import type { Store } from '#src/store/store.js'
import { until } from '../stand-ins/until.js'
import { claimDelivery, makeDelivery, makeFolder, noon, openStore, saveRouted } from '../store/store-fixture.js'
import { badToken, busy, defer, delivered, makeChannel, startLoop } from './loop-fixture.js'

const minute = 60_000

const toMany = (channel: string, count: number) =>
  Array.from({ length: count }, (_, n) => makeDelivery({ channel, address: `a${n}` }))

async function counts(store: Store): Promise<Record<string, number>> {
  return (await store.readStats(noon)).deliveries
}

describe('sending what is due', () => {
  test('with its message and address, and what became of it is kept', async () => {
    const sent: string[] = []
    const { loop, store, settled } = startLoop([
      makeChannel('ops', async (message, address, { attempt }) => {
        sent.push(`${message.title} to ${address}, attempt ${attempt}`)
        return delivered
      }),
    ])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake(['ops'])
    await until(() => settled.length === 1, 'it is settled')
    expect(sent).toEqual(['Disk full to 111, attempt 1'])
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    expect(await store.readDelivery(line?.id ?? '')).toMatchObject({
      status: 'sent',
      remote: { id: '1' },
      attempt_list: [{ number: 1, outcome: 'delivered', status_code: 200, excerpt: 'ok' }],
    })
  })

  test('more than a lane holds, without waiting for the clock, and never more at a time than the kind allows', async () => {
    let atOnce = 0
    let most = 0
    const { loop, store } = startLoop([
      makeChannel(
        'ops',
        async () => {
          most = Math.max(most, ++atOnce)
          await new Promise((resolve) => setImmediate(resolve))
          atOnce--
          return delivered
        },
        3,
      ),
    ])
    await saveRouted(store, 'm1', toMany('ops', 40))
    loop.wake()
    await until(async () => (await counts(store)).sent === 40, 'all are sent', 4_000)
    expect(most).toBe(3)
  })

  test('each once, however often it is woken', async () => {
    const sent: (string | null)[] = []
    const { loop, store } = startLoop([
      makeChannel('ops', async (_, address) => {
        sent.push(address)
        return delivered
      }),
    ])
    await saveRouted(store, 'm1', toMany('ops', 20))
    for (let n = 0; n < 50; n++) loop.wake(n % 2 ? ['ops'] : undefined)
    await until(async () => (await counts(store)).sent === 20, 'all are sent')
    expect(sent).toHaveLength(20)
    expect(new Set(sent).size).toBe(20)
  })

  test('secrets never reach the store or the watchers', async () => {
    const { loop, store, settled } = startLoop([
      makeChannel('ops', async () => ({ ...busy, text: 'POST /bot/hunter2-secret: busy' }) as Outcome),
    ])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    const everything = JSON.stringify([await store.readDelivery(line?.id ?? ''), settled[0]?.done])
    expect(everything).toContain('POST /bot/•••: busy')
    expect(everything).not.toContain('hunter2')
  })
})

describe('failing', () => {
  test('climbs the ladder and ends as a dead letter', async () => {
    const { loop, store, settled, pass, lines } = startLoop([makeChannel('ops', async () => busy)])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    for (const [attempts, wait] of [minute, 5 * minute].entries()) {
      await until(() => settled.length === attempts + 1, 'the attempt is settled')
      pass(wait - 1)
      await until(async () => (await store.nextDeliveryDueAt()).length === 1, 'it waits')
      expect(settled).toHaveLength(attempts + 1)
      pass(1)
    }
    await until(() => settled.length === 3, 'the last attempt is settled')
    expect(settled.map(({ done }) => done.status)).toEqual(['failed', 'failed', 'dead'])
    expect(lines.join()).toContain('dead letter')
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    expect(line).toMatchObject({ attempts: 3, last_error: 'given up after 3 attempts: busy', next_attempt_at: null })
  })

  test('a chat that moved is remembered for this delivery', async () => {
    const asked: (string | null)[] = []
    const { loop, store, settled } = startLoop([
      makeChannel('ops', async (_, address) => {
        asked.push(address)
        return address === '111' ? { kind: 'retarget', address: '-100111', text: 'migrated' } : busy
      }),
    ])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    expect(asked).toEqual(['111', '-100111'])
    expect((await store.listDeliveries({ limit: 1 })).items[0]).toMatchObject({ address: '-100111', status: 'failed' })
  })

  test('a fraction of a millisecond from a vendor does not make it go out for ever', async () => {
    const told: Outcome = { ...busy, waitMs: 1_234.567 } as Outcome
    const { loop, store, settled } = startLoop([makeChannel('ops', async () => told)])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    expect(await store.nextDeliveryDueAt()).toEqual([{ channel: 'ops', dueAt: noon + 1_235 }])
  })

  test.each([
    ['delivery' as const, ['a1', 'a2', 'a0']],
    ['address' as const, ['a1', 'a2']],
    ['channel' as const, []],
  ])('being told to wait for the %s makes what is behind the same limit wait along', async (waitScope, others) => {
    const sent: (string | null)[] = []
    const { loop, store, settled, pass } = startLoop([
      makeChannel(
        'ops',
        async (_message, address) => {
          sent.push(address)
          if (sent.length > 1) return delivered
          return { kind: 'transient', waitMs: 30_000, waitScope, statusCode: 429, text: 'slow down' }
        },
        1,
      ),
    ])
    await saveRouted(store, 'm1', toMany('ops', 3))
    await saveRouted(store, 'm2', [makeDelivery({ address: 'a0' })], noon)
    loop.wake()
    await until(() => settled.length === 1 + others.length, 'the others are sent')
    pass(29_999)
    await until(async () => (await counts(store)).processing === undefined, 'nothing is under way')
    expect(sent).toEqual(['a0', ...others])
    pass(1)
    await until(async () => (await counts(store)).sent === 4, 'all are sent')
  })

  test('a wait of the whole channel is over when a person resumes it', async () => {
    let calls = 0
    const { loop, store, settled } = startLoop([
      makeChannel(
        'ops',
        async () => {
          if (++calls > 1) return delivered
          return { kind: 'transient', waitMs: 30_000, waitScope: 'channel', statusCode: 429, text: 'slow down' }
        },
        1,
      ),
    ])
    await saveRouted(store, 'm1', toMany('ops', 3))
    loop.wake()
    await until(() => settled.length === 1, 'it is told to wait')
    await loop.resume('ops')
    await until(async () => (await counts(store)).sent === 2, 'the others are sent')
  })

  test('a channel that is gone from the config makes a dead letter that says so, and is told', async () => {
    const { loop, store, settled } = startLoop([])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    expect(settled[0]?.done).toMatchObject({ status: 'dead', detail: 'channel "ops" is no longer in the config' })
    expect((await store.listDeliveries({ limit: 1 })).items[0]).toMatchObject({
      status: 'dead',
      attempts: 0,
      last_error: 'channel "ops" is no longer in the config',
    })
  })

  test('a delivery that brings the program down each time runs out of attempts', async () => {
    const folder = makeFolder()
    let before = openStore(folder)
    await saveRouted(before, 'm1', [makeDelivery({ retryMs: [] })])
    for (let crashes = 0; crashes < 4; crashes++) {
      await claimDelivery(before)
      await before.close()
      before = openStore(folder)
    }
    let calls = 0
    const { loop, settled } = startLoop(
      [
        makeChannel('ops', async () => {
          calls++
          return delivered
        }),
      ],
      { store: before },
    )
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    expect(settled[0]?.done).toMatchObject({ status: 'dead', detail: expect.stringContaining('given up after 4') })
    expect(calls).toBe(0)
  })
})

describe('a channel in trouble', () => {
  test('does not delay another', async () => {
    const never = defer<Outcome>()
    const hanging = ['h1', 'h2', 'h3'].map((name) => makeChannel(name, () => never.promise, 32))
    const { loop, store } = startLoop([...hanging, makeChannel('ops', async () => delivered)])
    for (const { name } of hanging) await saveRouted(store, name, toMany(name, 50))
    loop.wake()
    await until(async () => ((await counts(store)).processing ?? 0) >= 64, 'the others hang')
    await saveRouted(store, 'm1', toMany('ops', 5))
    loop.wake(['ops'])
    await until(async () => (await counts(store)).sent === 5, 'ours are sent', 4_000)
    never.resolve(delivered)
  })

  test('is paused once for all that was under way, probed by one, and resumed', async () => {
    let works = false
    let calls = 0
    const gate = defer<void>()
    const { loop, store, settled, pass, lines } = startLoop([
      makeChannel(
        'ops',
        async () => {
          calls++
          if (calls <= 4) await gate.promise
          return works ? delivered : badToken
        },
        4,
      ),
    ])
    await saveRouted(store, 'm1', toMany('ops', 10))
    loop.wake()
    await until(() => calls === 4, 'four are under way')
    gate.resolve()
    await until(() => settled.length === 4, 'the four are settled')
    expect(await counts(store)).toEqual({ dead: 1, queued: 9 })
    await until(async () => (await store.readChannelPause('ops')) !== null, 'it is paused')
    expect(await store.readChannelPause('ops')).toEqual({ until: noon + minute, reason: 'Unauthorized', failures: 1 })
    expect(lines.filter((line) => line.includes('is paused'))).toHaveLength(1)

    pass(minute - 1)
    pass(1)
    await until(() => settled.length === 5, 'one has tried')
    expect(calls).toBe(5)
    await until(async () => (await store.readChannelPause('ops'))?.failures === 2, 'it is paused for longer')
    expect(await counts(store)).toEqual({ dead: 1, queued: 9 })

    works = true
    pass(2 * minute)
    await until(async () => (await counts(store)).sent === 9, 'all are sent')
    expect(await store.readChannelPause('ops')).toBeNull()
    const lists = await store.listDeliveries({ limit: 20, status: 'sent' })
    const attempts = await Promise.all(lists.items.map((line) => store.readDelivery(line.id)))
    expect(Math.max(...attempts.map((line) => line?.attempts ?? 0))).toBeGreaterThan(1)
  })

  test('is tried at once when a person resumes it', async () => {
    let works = false
    const { loop, store, settled } = startLoop([makeChannel('ops', async () => (works ? delivered : badToken), 1)])
    await saveRouted(store, 'm1', toMany('ops', 3))
    loop.wake()
    await until(() => settled.length === 1, 'it is paused')
    works = true
    await loop.resume('ops')
    await until(async () => (await counts(store)).sent === 2, 'the others are sent')
    expect(await store.readChannelPause('ops')).toBeNull()
  })

  test('stays paused over a restart', async () => {
    let calls = 0
    const store = openStore()
    await store.saveChannelPause('ops', { until: noon + minute, reason: 'token', failures: 3 })
    await saveRouted(store, 'm1', toMany('ops', 2))
    const { loop, settled, pass } = startLoop(
      [
        makeChannel('ops', async () => {
          calls++
          return badToken
        }),
      ],
      { store },
    )
    loop.wake()
    loop.wake(['ops'])
    await saveRouted(store, 'm2', [makeDelivery({ channel: 'other' })])
    loop.wake(['other'])
    await until(() => settled.length === 1, 'another channel is looked at')
    expect(calls).toBe(0)
    pass(minute)
    await until(() => calls === 1, 'one tries')
    await until(async () => (await store.readChannelPause('ops'))?.failures === 4, 'it is paused for longer')
  })

  test('a message that was under way before the pause does not end it', async () => {
    const slow = defer<Outcome>()
    const { loop, store, settled } = startLoop([
      makeChannel('ops', (_, address) => (address === 'a0' ? slow.promise : Promise.resolve(badToken)), 2),
    ])
    await saveRouted(store, 'm1', toMany('ops', 2))
    loop.wake()
    await until(() => settled.length === 1, 'the channel is paused')
    slow.resolve(delivered)
    await until(() => settled.length === 2, 'the slow one is sent')
    expect(await store.readChannelPause('ops')).not.toBeNull()
  })
})

describe('a store in trouble', () => {
  /** The real store, of which one function fails for a while. */
  function failing(store: Store, name: keyof Store, times: number): Store {
    let left = times
    const broken = async (...args: never[]): Promise<unknown> => {
      if (left-- > 0) throw new StoreError('database or disk is full')
      return (store[name] as (...args: never[]) => Promise<unknown>)(...args)
    }
    return { ...store, [name]: broken }
  }

  test('settling is tried again, so that nothing goes out twice', async () => {
    let calls = 0
    const store = openStore()
    const { loop, settled } = startLoop(
      [
        makeChannel('ops', async () => {
          calls++
          return delivered
        }),
      ],
      { store: failing(store, 'settleDelivery', 4) },
    )
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => settled.length === 1, 'it is settled')
    expect(await counts(store)).toEqual({ sent: 1 })
    expect(calls).toBe(1)
  })

  test('giving up says so, and the lease brings it back', async () => {
    const store = openStore()
    const { loop, lines, pass } = startLoop([makeChannel('ops', async () => delivered)], {
      store: failing(store, 'settleDelivery', 5),
    })
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(() => lines.length > 0, 'it complains')
    expect(lines[0]).toMatch(/could not be settled; its lease will end .*disk is full/)
    pass(120_000)
    await until(async () => (await counts(store)).sent === 1, 'it is sent again')
  })

  test.each(['claimDeliveries', 'readChannelPause', 'nextDeliveryDueAt'] as const)(
    'a lane goes on after %s failed',
    async (name) => {
      const store = openStore()
      const { loop, lines } = startLoop([makeChannel('ops', async () => delivered)], { store: failing(store, name, 1) })
      await saveRouted(store, 'm1', [makeDelivery()])
      loop.wake()
      await until(() => lines.length > 0, 'it complains')
      loop.wake()
      await until(async () => (await counts(store)).sent === 1, 'it is sent')
    },
  )

  test('who lost the lease says nothing of the delivery', async () => {
    const gate = defer<Outcome>()
    const { loop, store, settled } = startLoop([makeChannel('ops', () => gate.promise)])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(async () => (await counts(store)).processing === 1, 'it is under way')
    await store.deleteMails(['m1'])
    gate.resolve(delivered)
    await loop.stop()
    expect(settled).toEqual([])
  })
})

describe('stopping', () => {
  test('waits for what is being sent, and starts nothing more', async () => {
    const gate = defer<Outcome>()
    let calls = 0
    const { loop, store } = startLoop([
      makeChannel(
        'ops',
        () => {
          calls++
          return gate.promise
        },
        1,
      ),
    ])
    await saveRouted(store, 'm1', toMany('ops', 2))
    loop.wake()
    await until(() => calls === 1, 'one is under way')
    const stopped = loop.stop()
    gate.resolve(delivered)
    await stopped
    loop.wake()
    loop.wake(['ops'])
    expect(await counts(store)).toEqual({ sent: 1, queued: 1 })
    expect(calls).toBe(1)
  })

  test('in the middle of a claim gives back what was claimed, at no cost', async () => {
    let calls = 0
    const claimed = defer<void>()
    const store = openStore()
    const slowClaims: Store = {
      ...store,
      claimDeliveries: async (claim) => {
        const deliveries = await store.claimDeliveries(claim)
        claimed.resolve()
        return deliveries
      },
    }
    const channel = makeChannel('ops', async () => {
      calls++
      return delivered
    })
    const { loop } = startLoop([channel], { store: slowClaims })
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake(['ops'])
    const stopped = claimed.promise.then(() => loop.stop())
    await stopped
    expect(calls).toBe(0)
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    expect(line).toMatchObject({ status: 'queued', attempts: 0 })
  })

  test('cuts off what takes too long; it is due again at no cost', async () => {
    const { loop, store, abort } = startLoop([
      makeChannel(
        'ops',
        (_message, _address, { signal }) =>
          new Promise((_, reject) => {
            signal.addEventListener('abort', () => reject(signal.reason))
          }),
      ),
    ])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(async () => (await counts(store)).processing === 1, 'it is under way')
    const stopped = loop.stop()
    abort.abort(new Error('the program is stopping'))
    await stopped
    const [line] = (await store.listDeliveries({ limit: 1 })).items
    expect(line).toMatchObject({ status: 'queued', last_error: expect.stringContaining('interrupted by a restart') })
    expect(await claimDelivery(store)).toMatchObject({ counted: 1, attempts: 2 })
  })

  test('what arrived in the last moment counts as sent', async () => {
    const gate = defer<Outcome>()
    const { loop, store, abort } = startLoop([makeChannel('ops', () => gate.promise)])
    await saveRouted(store, 'm1', [makeDelivery()])
    loop.wake()
    await until(async () => (await counts(store)).processing === 1, 'it is under way')
    abort.abort(new Error('the program is stopping'))
    gate.resolve(delivered)
    await loop.stop()
    expect(await counts(store)).toEqual({ sent: 1 })
  })
})
