import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Breaker, closedBreaker, judgeAttempt, kindOfPause } from '#src/deliver/breaker.js'
import type { Outcome } from '#src/domain/channel.js'
import type { ChannelPause } from '#src/store/store.js'

const noon = Date.UTC(2025, 5, 6, 12)
const minute = 60_000

const transient = (statusCode: number | null, waitMs: number | null = null): Outcome => ({
  kind: 'transient',
  waitMs,
  waitScope: 'delivery',
  statusCode,
  text: 'x',
})
const permanent = (scope: 'message' | 'address' | 'channel'): Outcome => ({
  kind: 'permanent',
  scope,
  statusCode: 400,
  text: 'x',
})
const works: Outcome = { kind: 'delivered', remote: {}, statusCode: 200, text: 'ok' }
const refused = transient(null)
const lost: Outcome = { kind: 'unknown', text: 'x' }
const locked = permanent('channel')

/** A channel that goes through attempts, one after the other; with `random` at one half there is no jitter. */
function follow(breaker: Breaker = closedBreaker) {
  let state = breaker
  const attempt = (deliveryId: string, outcome: Outcome, at = noon, probeOf = state.pause) => {
    const judged = judgeAttempt(state, { deliveryId, outcome, reason: 'refused', probeOf }, at, 0.5)
    state = judged.breaker
    return judged.ruling
  }
  return { attempt, pause: () => state.pause }
}

const downFor = (ms: number, failures: number): ChannelPause => ({
  until: noon + ms,
  reason: 'endpoint down: refused',
  failures,
})

describe('nobody answers', () => {
  test.each([
    ['no connection', refused],
    ['no answer in time', lost],
    ['a server error', transient(500)],
    ['a gateway error', transient(502)],
  ])('three deliveries in a row pause the channel: %s', (_, outcome) => {
    const channel = follow()
    expect(['a', 'b'].map((id) => channel.attempt(id, outcome))).toEqual([{ type: 'own' }, { type: 'own' }])
    expect(channel.pause()).toBeNull()
    expect(channel.attempt('c', outcome)).toEqual({ type: 'own' })
    expect(channel.pause()).toEqual(downFor(30_000, 1))
  })

  test.each<[string, Outcome]>([
    ['one that is sent', works],
    ['one that is refused for good', permanent('message')],
    ['one whose address is gone', permanent('address')],
    ['being told to wait', transient(429, 1_000)],
    ['another answer of the application', transient(409)],
    ['an SMTP server that says later', transient(451)],
  ])('%s in between is a sign of life', (_, sign) => {
    const channel = follow()
    for (const id of ['a', 'b']) channel.attempt(id, refused)
    channel.attempt('c', sign)
    for (const id of ['d', 'e']) channel.attempt(id, refused)
    expect(channel.pause()).toBeNull()
  })

  test('being told to wait by whom stands in front of it is neither', () => {
    const channel = follow()
    for (const id of ['a', 'b']) channel.attempt(id, refused)
    channel.attempt('c', transient(503, 5_000))
    expect(channel.pause()).toBeNull()
    channel.attempt('d', refused)
    expect(channel.pause()).not.toBeNull()
  })

  test('a lone delivery never pauses the channel, however often it fails', () => {
    const channel = follow()
    for (let n = 0; n < 50; n++) expect(channel.attempt('a', refused, noon + n * minute)).toEqual({ type: 'own' })
    expect(channel.pause()).toBeNull()
  })

  test('two do when they fail in turn for a minute', () => {
    const channel = follow()
    for (let n = 0; n < 5; n++) {
      expect(channel.pause()).toBeNull()
      channel.attempt(n % 2 ? 'a' : 'b', refused, noon + n * 15_000)
    }
    expect(channel.pause()).toMatchObject({ failures: 1 })
  })

  test('what was under way when it was paused gets its attempt back', () => {
    const channel = follow()
    for (const id of ['a', 'b', 'c']) channel.attempt(id, refused, noon, null)
    expect(channel.attempt('d', refused, noon, null)).toEqual({ type: 'spared' })
    expect(channel.attempt('d', lost, noon + 31_000, null)).toEqual({ type: 'spared' })
    expect(channel.pause()).toEqual(downFor(30_000, 1))
  })
})

describe('a probe', () => {
  test.each([
    [1, minute],
    [2, 2 * minute],
    [3, 4 * minute],
    [4, 8 * minute],
    [5, 10 * minute],
    [3_000, 10 * minute],
  ])('that finds nobody after %i pauses makes the next one longer, and goes behind', (failures, waits) => {
    const channel = follow({ pause: downFor(-1, failures), unanswered: null })
    expect(channel.attempt('a', refused)).toEqual({ type: 'behind', until: noon + waits })
    expect(channel.pause()).toEqual(downFor(waits, failures + 1))
  })

  test.each<[string, Outcome, 'ended' | 'longer' | 'same']>([
    ['is sent', works, 'ended'],
    ['is refused for good', permanent('message'), 'ended'],
    ['is told to wait by the vendor', transient(429, 1_000), 'ended'],
    ['is told to wait by whom stands in front', transient(503, 1_000), 'longer'],
    ['hears nothing', lost, 'longer'],
  ])('of an endpoint that was down and %s: the pause is %s', (_, outcome, expected) => {
    const channel = follow({ pause: downFor(0, 1), unanswered: null })
    channel.attempt('a', outcome)
    const pause = channel.pause()
    expect(pause === null ? 'ended' : pause.failures > 1 ? 'longer' : 'same').toBe(expected)
  })

  test('of credentials that failed ends the pause only when it is sent', () => {
    const pause = { until: noon, reason: 'Unauthorized', failures: 1 }
    const channel = follow({ pause, unanswered: null })
    expect(channel.attempt('a', permanent('message'))).toEqual({ type: 'own' })
    expect(channel.pause()).toBe(pause)
    channel.attempt('b', works)
    expect(channel.pause()).toBeNull()
  })

  test('begun before the pause is none', () => {
    const channel = follow({ pause: downFor(30_000, 1), unanswered: null })
    channel.attempt('a', works, noon, null)
    expect(channel.pause()).toEqual(downFor(30_000, 1))
  })

  test('never ends what a person began meanwhile, whatever becomes of it', () => {
    const person: ChannelPause = { until: Number.MAX_SAFE_INTEGER, reason: 'maintenance', failures: 0 }
    for (const outcome of [works, refused, locked, permanent('message'), transient(503, 1)]) {
      const channel = follow({ pause: person, unanswered: null })
      const ruling = channel.attempt('a', outcome, noon, downFor(0, 1))
      expect(channel.pause()).toBe(person)
      expect(ruling.type).not.toBe('behind')
    }
  })
})

describe('credentials fail', () => {
  test('the first delivery to find out keeps its failure, and the channel is paused', () => {
    const channel = follow()
    expect(channel.attempt('a', locked)).toEqual({ type: 'own' })
    expect(channel.pause()).toEqual({ until: noon + minute, reason: 'refused', failures: 1 })
    expect(channel.attempt('b', locked, noon, null)).toEqual({ type: 'behind', until: noon + minute })
    expect(channel.pause()?.failures).toBe(1)
  })

  test.each([
    [1, 2 * minute],
    [2, 4 * minute],
    [3, 8 * minute],
    [4, 10 * minute],
    [5_000, 10 * minute],
  ])('after %i pauses it is paused for longer, and the probe waits along', (failures, waits) => {
    const channel = follow({ pause: { until: noon, reason: 'no', failures }, unanswered: null })
    expect(channel.attempt('a', locked)).toEqual({ type: 'behind', until: noon + waits })
    expect(channel.pause()).toEqual({ until: noon + waits, reason: 'refused', failures: failures + 1 })
  })

  test('behind an endpoint that was down: a person has to see that, too', () => {
    const channel = follow({ pause: downFor(0, 7), unanswered: null })
    expect(channel.attempt('a', locked)).toEqual({ type: 'own' })
    expect(channel.pause()).toEqual({ until: noon + minute, reason: 'refused', failures: 1 })
  })
})

test('kinds of pauses are told apart by what is kept of them', () => {
  expect(kindOfPause(downFor(0, 1))).toBe('down')
  expect(kindOfPause({ until: noon, reason: 'Unauthorized', failures: 1 })).toBe('locked')
  expect(kindOfPause({ until: Number.MAX_SAFE_INTEGER, reason: 'endpoint down: no', failures: 0 })).toBe('person')
})

test('whatever happens, pauses end within 11 minutes, jitter included, and at whole milliseconds', () => {
  const anyOutcome = fc.constantFrom(
    works,
    refused,
    lost,
    locked,
    permanent('message'),
    transient(503, 1e12),
    transient(429, 1),
  )
  const step = fc.record({
    id: fc.constantFrom('a', 'b', 'c', 'd'),
    outcome: anyOutcome,
    isEarly: fc.boolean(),
    ms: fc.nat(minute),
  })
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (steps, random) => {
        let state = closedBreaker
        let now = noon
        for (const { id, outcome, isEarly, ms } of steps) {
          now += ms
          const probeOf = isEarly ? null : state.pause
          const judged = judgeAttempt(state, { deliveryId: id, outcome, reason: 'r', probeOf }, now, random)
          const { pause } = judged.breaker
          if (pause !== null && pause !== state.pause) {
            expect(Number.isInteger(pause.until)).toBe(true)
            expect(pause.until - now).toBeGreaterThanOrEqual(27_000)
            expect(pause.until - now).toBeLessThanOrEqual(11 * minute)
          }
          if (judged.ruling.type === 'behind') expect(judged.ruling.until).toBeGreaterThanOrEqual(now)
          expect(judged.breaker.unanswered?.deliveryIds.length ?? 0).toBeLessThanOrEqual(3)
          state = judged.breaker
        }
      },
    ),
  )
})
