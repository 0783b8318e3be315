import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Ruling } from '#src/deliver/breaker.js'
import { type DeliveryFacts, decideNext, type NextStep } from '#src/deliver/decide-next.js'
import type { Outcome, WaitScope } from '#src/domain/channel.js'

const now = Date.UTC(2025, 5, 6, 12)
const minute = 60_000
const hour = 60 * minute

const facts: DeliveryFacts = {
  counted: 1,
  attempts: 1,
  retryMs: [minute, 5 * minute],
  retryWindowMs: 3 * 24 * hour,
  createdAt: now - minute,
  address: '111',
  ruling: { type: 'own' },
}
/** With `random` at one half there is no jitter. */
const decide = (outcome: Outcome, changes: Partial<DeliveryFacts> = {}, random = 0.5): NextStep =>
  decideNext(outcome, { ...facts, ...changes }, now, random)

const still = { refund: false, holdBack: null, goesOn: false }
const transient = (changes: Partial<Extract<Outcome, { kind: 'transient' }>> = {}): Outcome => ({
  kind: 'transient',
  waitMs: null,
  waitScope: 'delivery',
  statusCode: 503,
  text: 'busy',
  ...changes,
})
const permanent = (scope: 'message' | 'address' | 'channel'): Outcome => ({
  kind: 'permanent',
  scope,
  statusCode: 400,
  text: 'no',
})

describe('each outcome', () => {
  const dead = { ...still, status: 'dead', dueAt: null }
  const table: [string, Outcome, Partial<DeliveryFacts>, NextStep][] = [
    [
      'delivered',
      { kind: 'delivered', remote: {}, statusCode: 200, text: 'ok' },
      {},
      { ...still, status: 'sent', dueAt: null, error: null },
    ],
    [
      'accepted, even on the last attempt',
      { kind: 'accepted', remote: {}, statusCode: 202, text: 'ok' },
      { counted: 99 },
      { ...still, status: 'sent', dueAt: null, error: null },
    ],
    ['never, this message', permanent('message'), {}, { ...dead, error: 'no' } as NextStep],
    ['never, this address', permanent('address'), {}, { ...dead, error: 'no' } as NextStep],
    ['later', transient(), {}, { ...still, status: 'failed', dueAt: now + minute, error: 'busy' }],
    [
      'later, on the second rung',
      transient(),
      { counted: 2, attempts: 9 },
      { ...still, status: 'failed', dueAt: now + 5 * minute, error: 'busy' },
    ],
    [
      'later, with no rung left',
      transient(),
      { counted: 3 },
      { ...dead, goesOn: true, error: 'given up after 3 attempts: busy' } as NextStep,
    ],
    [
      'later, without any ladder',
      transient(),
      { retryMs: [] },
      { ...dead, goesOn: true, error: 'given up after one attempt: busy' } as NextStep,
    ],
    [
      'nobody knows',
      { kind: 'unknown', text: 'reset' },
      {},
      {
        ...still,
        status: 'failed',
        dueAt: now + minute,
        error: 'reset (it may have arrived all the same)',
      },
    ],
    [
      'turning in circles: forms',
      { kind: 'degrade', to: 'plain', statusCode: 400, text: 'bad markup' },
      {},
      {
        ...dead,
        error: 'bad markup',
      } as NextStep,
    ],
    [
      'turning in circles: addresses',
      { kind: 'retarget', address: '222', text: 'moved' },
      {},
      {
        ...dead,
        error: 'moved',
      } as NextStep,
    ],
  ]
  test.each(table)('%s', (_, outcome, changes, expected) => {
    expect(decide(outcome, changes)).toEqual(expected)
  })
})

describe('being told to wait', () => {
  const told = (waitMs: number, waitScope: WaitScope = 'delivery') => transient({ waitMs, waitScope, statusCode: 429 })

  test.each([
    ['a wait in bounds', 30_000, 30_000],
    ['nothing', 0, 1_000],
    ['less than nothing', -5, 1_000],
    ['a year', 365 * 24 * hour, 6 * hour],
    ['for ever', Number.POSITIVE_INFINITY, 6 * hour],
    ['no number', Number.NaN, 1_000],
    ['a fraction', 1_500.25, 1_501],
  ])('%s costs no attempt', (_, waitMs, waits) => {
    expect(decide(told(waitMs))).toMatchObject({ status: 'failed', dueAt: now + waits, refund: true })
  })

  test.each([
    ['address' as const, { address: '111', until: now + 30_000 }],
    ['channel' as const, { address: null, until: now + 30_000 }],
    ['delivery' as const, null],
  ])('moves what waits behind the same limit: %s', (waitScope, holdBack) => {
    expect(decide(told(30_000, waitScope)).holdBack).toEqual(holdBack)
  })

  test('says so', () => {
    expect(decide(told(90_000)).error).toBe('busy; told to wait 1m 30s')
  })

  test.each([
    ['after 50 attempts', { attempts: 50 }],
    ['after a day', { createdAt: now - 24 * hour }],
  ])('%s costs attempts like any failure, and still no shorter wait', (_, changes) => {
    expect(decide(told(3 * minute), changes)).toMatchObject({ refund: false, dueAt: now + 3 * minute })
    expect(decide(told(10), changes)).toMatchObject({ refund: false, dueAt: now + minute })
    expect(decide(told(1e12), changes)).toMatchObject({ refund: false, dueAt: now + 6 * hour })
    expect(decide(told(10), { ...changes, counted: 3 })).toMatchObject({ status: 'dead' })
  })
})

describe('a channel in trouble', () => {
  const behind = { type: 'behind' as const, until: now + 2 * minute }

  test('makes a dead letter of the delivery that found out; what repeats it goes on, for a person can mend it', () => {
    expect(decide(permanent('channel'))).toEqual({ ...still, status: 'dead', dueAt: null, error: 'no', goesOn: true })
  })

  test.each<[string, Outcome, string]>([
    ['credentials', permanent('channel'), 'no'],
    ['nobody there', transient(), 'busy'],
    ['told to wait by whom stands in front of it', transient({ waitMs: 5_000, waitScope: 'channel' }), 'busy'],
    ['the answer lost', { kind: 'unknown', text: 'reset' }, 'reset (it may have arrived all the same)'],
  ])('puts the others behind its pause at no cost: %s', (_, outcome, error) => {
    const counted = { counted: 99, attempts: 99 }
    const expected = { ...still, status: 'queued', dueAt: behind.until, refund: true, error }
    expect(decide(outcome, { ...counted, ruling: behind })).toEqual(expected)
  })

  test.each([
    ['on its own rung', { counted: 2 }, 5 * minute],
    ['on the last rung when there is none left', { counted: 3 }, 5 * minute],
    ['in a minute without a ladder', { retryMs: [] }, minute],
  ])('gives back what was under way: due %s', (_, changes, waits) => {
    const next = decide(transient(), { ...changes, ruling: { type: 'spared' } })
    expect(next).toEqual({ ...still, status: 'failed', dueAt: now + waits, refund: true, error: 'busy' })
  })
})

describe('the retry window', () => {
  const born = (agoMs: number): Partial<DeliveryFacts> => ({ retryWindowMs: hour, createdAt: now - agoMs })

  test('lets the last rung within it be climbed', () => {
    expect(decide(transient(), born(59 * minute))).toMatchObject({ status: 'failed', dueAt: now + minute })
  })

  test.each<[string, Outcome, Partial<DeliveryFacts>, string]>([
    ['the next rung is behind its end', transient(), { counted: 2 }, 'not sent within 1h: busy'],
    ['the wait it was told is', transient({ waitMs: 2 * hour }), {}, 'not sent within 1h: busy; told to wait 2h'],
    ['the pause is', permanent('channel'), { ruling: { type: 'behind', until: now + hour } }, 'not sent within 1h: no'],
    ['it is over', transient(), born(2 * hour), 'not sent within 1h: busy'],
  ])('ends it where %s', (_, outcome, changes, error) => {
    const next = decide(outcome, { ...born(59 * minute), ...changes })
    expect(next).toEqual({ ...still, status: 'dead', dueAt: null, error, goesOn: true })
  })

  test('what arrives after it has arrived', () => {
    expect(decide({ kind: 'accepted', remote: {}, statusCode: 202, text: '' }, born(9 * hour)).status).toBe('sent')
  })

  test('the others behind a limit wait, whatever becomes of the one that met it', () => {
    const next = decide(transient({ waitMs: 2 * hour, waitScope: 'channel' }), born(0))
    expect(next).toMatchObject({ status: 'dead', holdBack: { address: null, until: now + 2 * hour } })
  })
})

const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constantFrom<Outcome>(
    { kind: 'delivered', remote: {}, statusCode: 200, text: '' },
    { kind: 'unknown', text: 'x' },
    { kind: 'retarget', address: 'x', text: 'x' },
    { kind: 'degrade', to: 'short', statusCode: null, text: 'x' },
    permanent('message'),
    permanent('address'),
    permanent('channel'),
  ),
  fc.record({
    kind: fc.constant('transient' as const),
    waitMs: fc.option(fc.double()),
    waitScope: fc.constantFrom<WaitScope>('delivery', 'address', 'channel'),
    statusCode: fc.constant(429),
    text: fc.constant('x'),
  }),
)
const anyFacts: fc.Arbitrary<DeliveryFacts> = fc.record({
  counted: fc.integer({ min: 1, max: 20 }),
  attempts: fc.integer({ min: 1, max: 200 }),
  retryMs: fc.array(fc.integer({ min: 0, max: 7 * 24 * hour }), { maxLength: 8 }),
  retryWindowMs: fc.integer({ min: 0, max: 7 * 24 * hour }),
  createdAt: fc.integer({ min: now - 1e10, max: now }),
  address: fc.option(fc.constantFrom('111', '222')),
  ruling: fc.oneof(
    fc.constantFrom<Ruling>({ type: 'own' }, { type: 'spared' }),
    fc.record({ type: fc.constant('behind' as const), until: fc.integer({ min: now, max: now + 1e6 }) }),
  ),
})
const anyRandom = fc.double({ min: 0, max: 1, noNaN: true })

describe('always', () => {
  test('what will be tried again is due at a whole millisecond that is not in the past, the rest is not due', () => {
    fc.assert(
      fc.property(anyOutcome, anyFacts, anyRandom, (outcome, delivery, random) => {
        const next = decideNext(outcome, delivery, now, random)
        const waits = next.status === 'failed' || next.status === 'queued'
        expect(next.dueAt === null).toBe(!waits)
        for (const at of [next.dueAt, next.holdBack?.until]) {
          if (at === null || at === undefined) continue
          expect(Number.isSafeInteger(at)).toBe(true)
          expect(at).toBeGreaterThanOrEqual(now)
        }
        expect(next.error === null).toBe(next.status === 'sent')
        if (next.dueAt !== null) expect(next.dueAt).toBeLessThanOrEqual(delivery.createdAt + delivery.retryWindowMs)
        if (next.goesOn) expect(next.status).toBe('dead')
      }),
    )
  })

  test('the ladder ends: a delivery that only fails is dead after its rungs', () => {
    fc.assert(
      fc.property(anyFacts, anyRandom, (delivery, random) => {
        let counted = 1
        const climbing = { ...delivery, ruling: { type: 'own' as const }, createdAt: now, retryWindowMs: 1e12 }
        while (decideNext(transient(), { ...climbing, counted }, now, random).status === 'failed') counted++
        expect(counted).toBe(delivery.retryMs.length + 1)
      }),
    )
  })

  test('being told to wait ends too: within 50 refunds and the ladder', () => {
    let counted = 1
    let attempts = 1
    for (; attempts < 1_000; attempts++) {
      const next = decide(transient({ waitMs: 1_000 }), { counted, attempts })
      if (next.status === 'dead') break
      if (!next.refund) counted++
    }
    expect(attempts).toBe(50 + facts.retryMs.length)
  })

  test('the jitter is a tenth either way', () => {
    expect(decide(transient(), {}, 0).dueAt).toBe(now + 54_000)
    expect(decide(transient(), {}, 1).dueAt).toBe(now + 66_000)
  })
})
