import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SlidingWindows } from '#src/receive/sliding-windows.js'

/** The most that fall into any time of `perMs`. */
function densest(times: number[], perMs: number): number {
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + perMs).length))
}

describe('a rate', () => {
  it('is never exceeded in any window, whenever mails come', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 5_000 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 600 }),
        (count, perMs, gaps) => {
          const windows = new SlidingWindows(10)
          const taken: number[] = []
          let now = 1_700_000_000_000
          for (const gap of gaps) {
            now += gap
            const waitMs = windows.take('a', { count, perMs }, now)
            if (waitMs === 0) taken.push(now)
            else {
              expect(waitMs).toBeLessThanOrEqual(perMs)
              expect(windows.waitFor('a', { count, perMs }, now + waitMs)).toBe(0)
            }
          }
          expect(densest(taken, perMs)).toBeLessThanOrEqual(count)
        },
      ),
      { numRuns: 200 },
    )
  })

  it('lets everything through that keeps to it, when it is of at most 64', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 100, max: 5_000 }), (count, stepMs) => {
        const windows = new SlidingWindows(10)
        const rate = { count, perMs: count * stepMs }
        for (let n = 0; n < 300; n++) expect(windows.take('a', rate, n * stepMs)).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('holds for each key by itself, and a clock that is set back silences nobody', () => {
    const windows = new SlidingWindows(10)
    const rate = { count: 1, perMs: 60_000 }
    expect(windows.take('a', rate, 100_000)).toBe(0)
    expect(windows.take('b', rate, 100_000)).toBe(0)
    expect(windows.take('a', rate, 130_000)).toBe(30_000)
    expect(windows.take('a', rate, 50_000)).toBe(0)
    windows.forget('a')
    expect(windows.take('a', rate, 50_001)).toBe(0)
  })

  it('is bounded in memory: of too many keys the one that was silent longest goes', () => {
    const windows = new SlidingWindows(1_000)
    const rate = { count: 1, perMs: 1e9 }
    let largest = 0
    let busy = 0
    for (let n = 0; n < 50_000; n++) {
      windows.add(`k${n}`, rate, n)
      if (windows.take('busy', rate, n) === 0) busy++
      largest = Math.max(largest, windows.size)
    }
    expect([largest, busy]).toEqual([1_000, 1])
    expect(windows.waitFor('k0', rate, 50_000)).toBe(0)
    expect(windows.waitFor('k49999', rate, 50_000)).toBeGreaterThan(0)
  })
})
