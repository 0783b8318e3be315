import { describe, expect, it } from 'vitest'
import { ByteBudget } from '#src/receive/byte-budget.js'

describe('the budget of bytes', () => {
  it('gives what is free, and no more', () => {
    const budget = new ByteBudget(100, 10)
    expect([budget.take(60), budget.take(60), budget.take(40), budget.take(1)]).toEqual([true, false, true, false])
    budget.give(40)
    expect([budget.take(41), budget.take(40), budget.used]).toEqual([false, true, 100])
  })

  it('lets those who wait in by their turn, and passes none of them', async () => {
    const budget = new ByteBudget(100, 10)
    budget.take(80)
    const order: string[] = []
    const large = budget.takeWithin(90, 10_000).then((taken) => order.push(`large ${taken}`))
    const small = budget.takeWithin(10, 10_000).then((taken) => order.push(`small ${taken}`))
    // There would be room for it, but two were here before.
    expect(budget.take(5)).toBe(false)
    budget.give(80)
    await Promise.all([large, small])
    expect(order).toEqual(['large true', 'small true'])
    expect(budget.used).toBe(100)
  })

  it('lets in what is larger than all of it when it is alone', async () => {
    const budget = new ByteBudget(100, 10)
    budget.take(1)
    const huge = budget.takeWithin(1_000, 10_000)
    budget.give(1)
    expect(await huge).toBe(true)
    expect(budget.take(1)).toBe(false)
    budget.give(1_000)
    expect(budget.used).toBe(0)
  })

  it('says no after the time, or to one too many, and forgets them', async () => {
    const budget = new ByteBudget(100, 1)
    budget.take(100)
    const patient = budget.takeWithin(100, 20)
    expect(await budget.takeWithin(1, 10_000)).toBe(false)
    expect(await patient).toBe(false)
    budget.give(100)
    expect([budget.used, budget.take(100)]).toEqual([0, true])
  })

  it('lets the next in when the first gives up', async () => {
    const budget = new ByteBudget(100, 10)
    budget.take(50)
    const tooLarge = budget.takeWithin(80, 20)
    const next = budget.takeWithin(30, 10_000)
    expect([await tooLarge, await next, budget.used]).toEqual([false, true, 80])
  })
})
