import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { AddressRates, countFree, freeAt, giveBack, type Meter, take } from '#src/deliver/rates.js'
import type { Rate } from '#src/domain/channel.js'

const noon = Date.UTC(2025, 5, 6, 12)

/** Takes what is free at each moment; the moments at which something went. */
function drain(rate: Rate, moments: number[], meter: Meter = { evenAt: 0 }): number[] {
  return moments.flatMap((now) => {
    const free = countFree(meter, rate, now)
    take(meter, rate, free, now)
    return Array.from({ length: free }, () => now)
  })
}

function mostWithin(times: number[], perMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + perMs).length))
}

describe('a meter', () => {
  test.each<[string, Rate, number]>([
    ['one a second', { count: 1, perMs: 1_000 }, 1],
    ['five a minute, evenly', { count: 5, perMs: 60_000 }, 1],
    ['twenty a minute', { count: 20, perMs: 60_000 }, 4],
    ['thirty a second', { count: 30, perMs: 1_000 }, 6],
    ['a thousand an hour, no herd', { count: 1_000, perMs: 3_600_000 }, 10],
  ])('begins with a burst: %s', (_, rate, burst) => {
    expect(countFree({ evenAt: 0 }, rate, noon)).toBe(burst)
  })

  test('says when the next one may go, to the millisecond', () => {
    fc.assert(
      fc.property(anyRate, fc.nat(20), (rate, count) => {
        const meter = { evenAt: 0 }
        take(meter, rate, count, noon)
        const at = freeAt(meter, rate)
        if (at > noon) expect(countFree(meter, rate, at - 1)).toBe(0)
        expect(countFree(meter, rate, Math.max(noon, at))).toBeGreaterThan(0)
      }),
    )
  })

  test('never lets more through in any span than the rate says', () => {
    fc.assert(
      fc.property(anyRate, fc.array(fc.nat(5_000), { maxLength: 40 }), (rate, gaps) => {
        let now = noon
        const moments = gaps.map((gap) => {
          now += gap
          return now
        })
        expect(mostWithin(drain(rate, moments), rate.perMs)).toBeLessThanOrEqual(rate.count)
      }),
    )
  })

  test.each<Rate>([
    { count: 1, perMs: 1_000 },
    { count: 20, perMs: 60_000 },
    { count: 30, perMs: 1_000 },
  ])('lets through at least four fifths of the rate when more is there: $count in $perMs ms', (rate) => {
    const moments = Array.from({ length: 60_000 }, (_, n) => noon + n * 10)
    const sent = drain(rate, moments).length
    expect(sent / (rate.count * (600_000 / rate.perMs))).toBeGreaterThanOrEqual(0.8)
  })

  test('what was not sent after all is given back', () => {
    const rate = { count: 20, perMs: 60_000 }
    const meter = { evenAt: 0 }
    take(meter, rate, 4, noon)
    giveBack(meter, rate)
    expect(countFree(meter, rate, noon)).toBe(1)
  })

  test('a clock that was set back does not close it for as long', () => {
    const rate = { count: 1, perMs: 1_000 }
    const meter = { evenAt: noon + 3_600_000 }
    take(meter, rate, 1, noon)
    expect(freeAt(meter, rate)).toBeLessThanOrEqual(noon + 2_000)
  })
})

describe('addresses', () => {
  const rate = { count: 5, perMs: 5_000 }

  test('each has a limit of its own', () => {
    const rates = new AddressRates()
    expect(rates.takeTurn('d1', 'a', rate, noon)).toBeNull()
    expect(rates.takeTurn('d2', 'b', rate, noon)).toBeNull()
    expect(rates.takeTurn('d3', 'a', rate, noon)).toBe(noon + 1_000)
  })

  test('of many that wait each has a turn of its own, and is put off once', () => {
    const rates = new AddressRates()
    const ids = Array.from({ length: 500 }, (_, n) => `d${n}`)
    const turns = ids.map((id) => rates.takeTurn(id, 'a', rate, noon) ?? noon)
    expect(turns).toEqual(ids.map((_, n) => noon + n * 1_000))
    for (const [n, id] of ids.entries()) {
      if (n > 0) expect(rates.takeTurn(id, 'a', rate, noon + n * 1_000)).toBeNull()
    }
  })

  test('who comes before its turn is told the same turn again, and nobody takes it meanwhile', () => {
    const rates = new AddressRates()
    rates.takeTurn('d1', 'a', rate, noon)
    expect(rates.takeTurn('d2', 'a', rate, noon)).toBe(noon + 1_000)
    expect(rates.takeTurn('d2', 'a', rate, noon + 500)).toBe(noon + 1_000)
    expect(rates.takeTurn('d3', 'a', rate, noon + 1_000)).toBe(noon + 2_000)
    expect(rates.takeTurn('d2', 'a', rate, noon + 1_000)).toBeNull()
  })

  test('those that come late together are no herd: their turns have passed', () => {
    const rates = new AddressRates()
    const ids = Array.from({ length: 50 }, (_, n) => `d${n}`)
    for (const id of ids) rates.takeTurn(id, 'a', rate, noon)
    const later = noon + 3_600_000
    expect(ids.filter((id) => rates.takeTurn(id, 'a', rate, later) === null)).toHaveLength(1)
  })

  test('forgotten ones cost no memory, and at worst another wait', () => {
    const rates = new AddressRates()
    for (let n = 0; n < 30_000; n++) {
      rates.takeTurn(`d${n}`, `a${n}`, rate, noon)
      rates.takeTurn(`e${n}`, 'busy', rate, noon)
    }
    expect(rates.takeTurn('d0', 'a0', rate, noon)).toBeNull()
    expect(rates.takeTurn('e0', 'busy', rate, noon)).toBeGreaterThan(noon)
  })
})

const anyRate: fc.Arbitrary<Rate> = fc.record({
  count: fc.integer({ min: 1, max: 100 }),
  perMs: fc.constantFrom(1_000, 60_000, 3_600_000, 7_001),
})
