import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toNetwork } from '#src/http/open/client-address.js'
import { limitRate } from '#src/http/open/rate-limit.js'

const minute = { callsMax: 3, windowMs: 60_000 }

describe('a limit', () => {
  it('lets so many through, says how long to wait, and begins anew', () => {
    const clock = { now: 1_000 }
    const take = limitRate(minute, () => clock.now)
    expect([take('a'), take('a'), take('a')]).toEqual([null, null, null])
    clock.now += 10_000
    expect(take('a')).toBe(50_000)
    expect(take('b')).toBeNull()
    clock.now += 50_000
    expect(take('a')).toBeNull()
  })

  it('is not stuck when the clock is set back', () => {
    const clock = { now: 1_000_000_000 }
    const take = limitRate(minute, () => clock.now)
    for (let calls = 0; calls < 4; calls++) take('a')
    clock.now -= 3_600_000
    expect(take('a')).toBeNull()
  })

  it('never lets more through in one window, whatever the order', () => {
    const calls = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.nat(30_000)), { maxLength: 100 })
    fc.assert(
      fc.property(calls, (made) => {
        const clock = { now: 0 }
        const take = limitRate(minute, () => clock.now)
        const let_through: Record<string, number[]> = { a: [], b: [] }
        for (const [address, waitMs] of made) {
          clock.now += waitMs
          if (take(address) === null) let_through[address]?.push(clock.now)
        }
        // A window begins with a call, so two windows may touch: never more than twice as many in any span.
        for (const times of Object.values(let_through)) {
          for (const [index, at] of times.entries()) {
            expect(times.slice(index).filter((time) => time < at + minute.windowMs).length).toBeLessThanOrEqual(6)
          }
        }
      }),
    )
  })

  it('forgets the first of too many addresses', () => {
    const take = limitRate({ callsMax: 1, windowMs: 60_000 }, () => 0)
    for (let index = 0; index <= 10_000; index++) expect(take(String(index))).toBeNull()
    expect(take('10000')).toBe(60_000)
    expect(take('0')).toBeNull()
  })
})

it.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '::ffff:192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:db8:1:2::9', '2001:db8:1:2::/64'],
  ['2001:0db8::9', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['nonsense', 'nonsense'],
  ['', ''],
])('%s counts as %s', (address, network) => {
  expect(toNetwork(address)).toBe(network)
})
