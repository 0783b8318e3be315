import { expect, test } from 'vitest'
import { createPace } from '#src/store/sqlite/expiry-pace.js'

/** A commit that waits for others before its own part, works, and is written. */
async function takeTurns(turns: { waitMs?: number; tookMs: number }[]): Promise<number[]> {
  let clock = 0
  const pace = createPace(() => clock)
  const shares: number[] = []
  for (const { waitMs = 0, tookMs } of turns) {
    await pace.take(async (turn) => {
      clock += waitMs
      shares.push(turn().share)
      clock += tookMs
    })
  }
  return [...shares, pace.share()]
}

const times = (count: number, tookMs: number) => Array.from({ length: count }, () => ({ tookMs }))

test.each([
  ['a quick machine does whole commits', times(3, 5), [1, 1, 1, 1]],
  ['one that takes its time does half, and half again', times(2, 51), [1, 0.5, 0.25]],
  ['what is neither quick nor slow stays as it is', [{ tookMs: 60 }, ...times(2, 40)], [1, 0.5, 0.5, 0.5]],
  ['it does more again when it is quick', [{ tookMs: 60 }, ...times(2, 10)], [1, 0.5, 0.75, 1]],
  ['waiting for others is not counted', [{ waitMs: 500, tookMs: 10 }], [1, 1]],
])('%s', async (_, turns, shares) => {
  expect(await takeTurns(turns)).toEqual(shares)
})

test('something is done however slow it is', async () => {
  expect((await takeTurns(times(20, 1_000))).at(-1)).toBe(1 / 64)
})

test('a turn is over after half of the time others may wait: the commit needs the rest', async () => {
  let clock = 0
  const pace = createPace(() => clock)
  await pace.take(async (begin) => {
    clock = 1_000
    const turn = begin()
    expect(turn.isOver()).toBe(false)
    clock += 24
    expect(turn.isOver()).toBe(false)
    clock += 1
    expect(turn.isOver()).toBe(true)
  })
})
