import { describe, expect, it } from 'vitest'
import { createBackOff } from '#src/http/identity/back-off.js'
import { isOwnRequest } from '#src/http/identity/same-origin.js'

const rule = { freeMax: 2, waitMs: 1_000, waitMsMax: 5_000, forgetMs: 60_000 }

function makeBackOff() {
  const clock = { now: 1_000_000 }
  return { clock, ...createBackOff(rule, () => clock.now) }
}

describe('a back-off', () => {
  it('lets some fail, then doubles the wait, up to its longest', () => {
    const { clock, take } = makeBackOff()
    const waits: (number | null)[] = [take('a'), take('a'), take('a')]
    for (let tries = 0; tries < 4; tries++) {
      const waitMs = take('a')
      waits.push(waitMs)
      clock.now += waitMs ?? 0
      expect(take('a')).toBeNull()
    }
    expect(waits).toEqual([null, null, null, 1_000, 2_000, 4_000, 5_000])
    expect(take('b')).toBeNull()
  })

  it('counts tries that are made at once, and not those it refused', () => {
    const { clock, take } = makeBackOff()
    const outcomes = Array.from({ length: 50 }, () => take('a'))
    expect(outcomes.filter((waitMs) => waitMs === null)).toHaveLength(3)
    clock.now += 1_000
    expect(take('a')).toBeNull()
    expect(take('a')).toBe(2_000)
  })

  it('forgets after a while, when told to, and when the clock is set back', () => {
    for (const [passedMs, isForgotten] of [
      [60_000, false],
      [-60_000, false],
      [0, true],
    ] as const) {
      const made = makeBackOff()
      for (let tries = 0; tries < 5; tries++) made.take('a')
      made.clock.now += passedMs
      if (isForgotten) made.forget('a')
      expect([made.take('a'), made.take('a')]).toEqual([null, null])
    }
  })

  it('takes a try back that was none', () => {
    const { take, giveBack } = makeBackOff()
    for (let tries = 0; tries < 20; tries++) {
      expect(take('a')).toBeNull()
      giveBack('a')
    }
    giveBack('nobody')
  })

  it('keeps the last ten thousand', () => {
    const { take } = makeBackOff()
    for (let tries = 0; tries < 3; tries++) take('first')
    for (let key = 0; key < 9_999; key++) take(String(key))
    expect(take('first')).toBe(1_000)
    take('one more')
    expect(take('first')).toBeNull()
  })
})

describe('a change', () => {
  const post = { method: 'POST', fetchSite: undefined, origin: undefined, host: 'a.example:8025', publicUrl: null }
  it.each([
    [{ method: 'GET' }, true],
    [{ method: 'HEAD', fetchSite: 'cross-site' }, true],
    [{ method: 'DELETE' }, false],
    [{ fetchSite: 'same-origin' }, true],
    [{ fetchSite: 'same-origin', origin: 'https://proxied.example' }, true],
    [{ fetchSite: 'same-site', origin: 'http://a.example:8025' }, false],
    [{ origin: 'http://a.example:8025' }, true],
    [{ origin: 'http://A.example:8025', host: 'A.EXAMPLE:8025' }, true],
    [{ origin: 'http://a.example' }, false],
    [{ origin: 'null' }, false],
    [{ origin: '' }, false],
    [{ origin: 'http://b.example', host: undefined }, false],
    [{ origin: 'https://public.example', publicUrl: 'https://public.example/mail' }, true],
    [{ origin: 'http://public.example', publicUrl: 'https://public.example/mail' }, false],
  ])('of %j: %j', (request, expected) => {
    expect(isOwnRequest({ ...post, ...request })).toBe(expected)
  })
})
