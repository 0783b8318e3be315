import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { attemptDelivery } from '#src/deliver/attempt.js'
import type { Form, Outcome } from '#src/domain/channel.js'
import { makeMessage } from '../store/store-fixture.js'
import { delivered, noContext, type Send } from './loop-fixture.js'

const attempt = (send: Send, signal = new AbortController().signal) =>
  attemptDelivery(send, makeMessage(), '111', { context: noContext, measure: () => 0, signal })

describe('what the vendor asks for at once is followed', () => {
  test('a simpler form, then another address', async () => {
    const calls: [string | null, Form][] = []
    const answers: Outcome[] = [
      { kind: 'degrade', to: 'plain', statusCode: 400, text: 'bad markup' },
      { kind: 'retarget', address: '-100111', text: 'migrated' },
      delivered,
    ]
    const { outcome, movedTo } = await attempt(async (_, address, { form }) => {
      calls.push([address, form])
      return answers.shift() ?? delivered
    })
    expect(calls).toEqual([
      ['111', 'full'],
      ['111', 'plain'],
      ['-100111', 'plain'],
    ])
    expect(outcome).toEqual(delivered)
    expect(movedTo).toBe('-100111')
  })

  test('but not in circles', async () => {
    let calls = 0
    const { outcome } = await attempt(async () => {
      calls++
      return { kind: 'degrade', to: 'short', statusCode: 400, text: 'too long' }
    })
    expect(calls).toBe(4)
    expect(outcome).toMatchObject({ kind: 'degrade', text: 'too long' })
  })
})

test.each<[string, Send]>([
  ['rejects', () => Promise.reject(new TypeError('x is undefined'))],
  [
    'throws before it returns a promise',
    () => {
      throw new TypeError('x is undefined')
    },
  ],
])('a channel that %s is tried again', async (_, send) => {
  const { outcome } = await attempt(send)
  expect(outcome).toEqual({
    kind: 'transient',
    waitMs: null,
    waitScope: 'delivery',
    statusCode: null,
    text: 'TypeError: x is undefined',
  })
})

test('words of a broken channel are bounded', async () => {
  const { outcome } = await attempt(() => Promise.reject(new Error('x'.repeat(5_000))))
  expect(outcome.text).toHaveLength(1_000)
})

describe('a channel that hangs', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  test('sees its signal fire after 30 s', async () => {
    const attempted = attempt(
      (_message, _address, { signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason))
        }),
    )
    await vi.advanceTimersByTimeAsync(30_000)
    expect((await attempted).outcome).toMatchObject({ kind: 'transient', text: 'TimeoutError: no answer within 30 s' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('and does not listen is left after 32 s, with nobody knowing whether it arrived', async () => {
    const attempted = attempt(() => new Promise(() => undefined))
    await vi.advanceTimersByTimeAsync(32_000)
    expect((await attempted).outcome).toEqual({ kind: 'unknown', text: 'no answer within 30 s' })
    expect(vi.getTimerCount()).toBe(0)
  })

  test('has 32 s for all its rounds together', async () => {
    const attempted = attempt(
      () =>
        new Promise((resolve) => {
          setTimeout(() => resolve({ kind: 'degrade', to: 'plain', statusCode: 400, text: 'slowly' }), 20_000)
        }),
    )
    await vi.advanceTimersByTimeAsync(32_000)
    expect((await attempted).outcome).toMatchObject({ kind: 'unknown' })
  })
})

test('nothing is left running after an attempt', async () => {
  vi.useFakeTimers()
  await attempt(async () => delivered)
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})
