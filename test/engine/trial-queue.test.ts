import { expect, it } from 'vitest'
import { TrialQueue } from '#src/engine/trial-queue.js'

it('runs one at a time, in turn, lets four wait and refuses the next; a failure holds up nobody', async () => {
  const queue = new TrialQueue(4)
  const gates = Array.from({ length: 5 }, () => makeGate())
  const begun: number[] = []
  const results = gates.map((gate, index) =>
    queue.run(() => {
      begun.push(index)
      return gate.promise
    }),
  )
  await expect(queue.run(async () => 'too many')).rejects.toMatchObject({ status: 429 })
  expect(begun).toEqual([0])
  gates[0]?.reject(new Error('broken'))
  await expect(results[0]).rejects.toThrow('broken')
  for (const [index, gate] of gates.entries()) gate.resolve(`done ${index}`)
  expect(await Promise.all(results.slice(1))).toEqual(['done 1', 'done 2', 'done 3', 'done 4'])
  expect(begun).toEqual([0, 1, 2, 3, 4])
  expect(await queue.run(async () => 'free again')).toBe('free again')
})

function makeGate() {
  let resolve: (value: string) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<string>((open, refuse) => {
    resolve = open
    reject = refuse
  })
  return { promise, resolve, reject }
}
