import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairQueue } from '#src/wasm/fair-queue.js'
import { Strikes } from '#src/wasm/strikes.js'

const anyone = () => true

describe('a fair queue', () => {
  it('lets owners take turns, each in its own order', () => {
    const queue = new FairQueue<{ owner: string; n: number }>()
    for (const [owner, n] of [
      ['a', 1],
      ['a', 2],
      ['a', 3],
      ['b', 1],
      ['c', 1],
      ['b', 2],
    ] as const)
      queue.push({ owner, n })
    const taken = Array.from({ length: 6 }, () => queue.take(anyone)).map((item) => `${item?.owner}${item?.n}`)
    expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3'])
    expect(queue.take(anyone)).toBeUndefined()
  })

  it('lets whoever had the least time be next, and nobody catch up on time it slept', () => {
    const queue = new FairQueue<{ owner: string }>()
    const taken = () => queue.take(anyone)?.owner
    for (const owner of ['slow', 'slow', 'quick', 'quick', 'quick']) queue.push({ owner })
    const order: (string | undefined)[] = []
    for (let round = 0; round < 5; round++) {
      const owner = taken()
      order.push(owner)
      queue.charge(owner ?? '', owner === 'slow' ? 1_000 : 1)
    }
    expect(order).toEqual(['slow', 'quick', 'quick', 'quick', 'slow'])
    // It slept while the slow one worked, and gets its turn, not all the turns.
    for (const owner of ['slow', 'late', 'late']) queue.push({ owner })
    expect(taken()).toBe('late')
    queue.charge('late', 5_000)
    expect(taken()).toBe('slow')
  })

  it('passes over those who may not, and keeps their turn', () => {
    const queue = new FairQueue<{ owner: string }>()
    for (const owner of ['a', 'b', 'b']) queue.push({ owner })
    expect(queue.take((owner) => owner !== 'a')).toEqual({ owner: 'b' })
    expect(queue.take(anyone)).toEqual({ owner: 'a' })
  })

  it('gives out what was put in, each once, and knows how much waits', () => {
    const owners = fc.array(fc.constantFrom('a', 'b', '__proto__', 'constructor'), { maxLength: 30 })
    fc.assert(
      fc.property(owners, fc.nat(29), (names, removed) => {
        const queue = new FairQueue<{ owner: string; n: number }>()
        const items = names.map((owner, n) => ({ owner, n }))
        for (const item of items) queue.push(item)
        const gone = items[removed]
        if (gone) expect([queue.remove(gone), queue.remove(gone)]).toEqual([true, false])
        const left = items.filter((item) => item !== gone)
        expect(queue.size).toBe(left.length)
        const ofA = queue.takeAllOf('a')
        expect(ofA).toEqual(left.filter(({ owner }) => owner === 'a'))
        expect([...ofA, ...queue.takeAll()].sort((one, other) => one.n - other.n)).toEqual(left)
        expect(queue.size).toBe(0)
      }),
    )
  })
})

describe('strikes', () => {
  it('make an owner rest after three in a row, ever longer, up to a minute', () => {
    let now = 0
    const strikes = new Strikes(() => now)
    const rests = Array.from({ length: 9 }, () => {
      strikes.noteKill('a')
      const rest = strikes.remainingRestMs('a')
      now += rest
      return rest
    })
    expect(rests).toEqual([0, 0, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000])
    expect(strikes.remainingRestMs('b')).toBe(0)
  })

  it('are cleared by a call that ends, but leave a suspect for a minute', () => {
    let now = 0
    const strikes = new Strikes(() => now)
    for (let round = 0; round < 5; round++) {
      strikes.noteKill('a')
      strikes.noteEnd('a')
    }
    expect(strikes.remainingRestMs('a')).toBe(0)
    expect(strikes.isSuspect('a')).toBe(true)
    now += 60_000
    expect(strikes.isSuspect('a')).toBe(false)
  })

  it('remember a bounded number of owners', () => {
    const strikes = new Strikes(() => 0)
    for (let owner = 0; owner < 5_000; owner++) strikes.noteKill(String(owner))
    expect([strikes.isSuspect('0'), strikes.isSuspect('4999')]).toEqual([false, true])
  })
})
