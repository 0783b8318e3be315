import { expect, test } from 'vitest'
import { createSingleFlight } from '#src/domain/single-flight.js'

const signal = new AbortController().signal

test('one run at a time for a key, a new one afterwards', async () => {
  const share = createSingleFlight<number>()
  let runs = 0
  const run = async () => ++runs
  expect(await Promise.all([share('a', signal, run), share('a', signal, run), share('b', signal, run)])).toEqual([
    1, 1, 2,
  ])
  expect(await share('a', signal, run)).toBe(3)
})

test('a failure is everybody’s, and not kept', async () => {
  const share = createSingleFlight<number>()
  const fail = () => Promise.reject(new Error('down'))
  const results = await Promise.allSettled([share('a', signal, fail), share('a', signal, fail)])
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await share('a', signal, async () => 1)).toBe(1)
})

test('the run is aborted when the last one leaves, not before', async () => {
  const share = createSingleFlight<never>()
  const callers = [new AbortController(), new AbortController()]
  const aborted: boolean[] = []
  let runSignal: AbortSignal | undefined
  const run = (shared: AbortSignal) => {
    runSignal = shared
    return new Promise<never>((_resolve, reject) => shared.addEventListener('abort', () => reject(shared.reason)))
  }
  const waiting = callers.map((caller) => share('a', caller.signal, run))
  for (const [at, caller] of callers.entries()) {
    caller.abort(new Error(`left ${at}`))
    await expect(waiting[at]).rejects.toThrow(`left ${at}`)
    aborted.push(runSignal?.aborted ?? false)
  }
  expect(aborted).toEqual([false, true])
})

test('who comes aborted starts nothing', async () => {
  let runs = 0
  const share = createSingleFlight<number>()
  await expect(share('a', AbortSignal.abort(new Error('late')), async () => ++runs)).rejects.toThrow('late')
  expect(runs).toBe(0)
})
