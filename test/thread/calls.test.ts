import { MessageChannel, Worker } from 'node:worker_threads'
import { afterEach, describe, expect, test } from 'vitest'
import { ApiError, ConfigError, type ConfigIssue, SandboxError, StoreError } from '#src/domain/errors.js'
import { type Calls, callThread, serveCalls } from '#src/thread/calls.js'
import { carryError, restoreError } from '#src/thread/carry-error.js'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** These functions behind a message port, and the other side of it. */
function connect<Functions extends Calls>(functions: Functions) {
  const { port1, port2 } = new MessageChannel()
  closers.push(() => port1.close())
  serveCalls(port1, functions)
  return { calls: callThread<Functions>(port2), near: port2, far: port1 }
}

const issue: ConfigIssue = {
  message: 'unknown key',
  code: 'unknown-key',
  severity: 'error',
  position: { file: 'routes.yaml', line: 3, column: 5 },
  hint: 'did you mean "when"?',
  frame: null,
}

describe('calling another thread', () => {
  test('arguments and results cross, also bytes and nothing at all', async () => {
    const { calls } = connect({
      add: async (a: number, b: number) => a + b,
      reverse: async (bytes: Uint8Array) => bytes.toReversed(),
      nothing: async () => undefined,
    })
    expect(await calls.add(2, 3)).toBe(5)
    expect(await calls.reverse(new Uint8Array([1, 2, 3]))).toEqual(new Uint8Array([3, 2, 1]))
    expect(await calls.nothing()).toBeUndefined()
  })

  test('answers find their calls, in whatever order they come', async () => {
    const gates: ((value: string) => void)[] = []
    const { calls } = connect({ ask: (n: number) => new Promise<string>((resolve) => (gates[n] = resolve)) })
    const answers = [0, 1, 2].map((n) => calls.ask(n))
    while (gates.length < 3) await new Promise((resolve) => setImmediate(resolve))
    for (const n of [2, 0, 1]) gates[n]?.(`answer ${n}`)
    expect(await Promise.all(answers)).toEqual(['answer 0', 'answer 1', 'answer 2'])
  })

  test('it may be awaited by mistake', async () => {
    const { calls } = connect({ add: async (a: number) => a })
    expect(await (await Promise.resolve(calls)).add(1)).toBe(1)
  })

  test('buffers are moved when asked to be', async () => {
    const { port1, port2 } = new MessageChannel()
    closers.push(() => port1.close())
    serveCalls(port1, { size: async (bytes: Uint8Array) => bytes.byteLength })
    const calls = callThread<{ size: (bytes: Uint8Array) => Promise<number> }>(port2, (_, [bytes]) => [
      (bytes as Uint8Array<ArrayBuffer>).buffer,
    ])
    const bytes = new Uint8Array(1_000)
    expect(await calls.size(bytes)).toBe(1_000)
    expect(bytes.byteLength).toBe(0)
  })
})

describe('every call gets an answer', () => {
  test.each<[string, Calls, RegExp]>([
    ['a function that rejects', { work: () => Promise.reject(new RangeError('too big')) }, /too big/],
    [
      'a function that throws before it returns a promise',
      {
        work: () => {
          throw new RangeError('too big')
        },
      },
      /too big/,
    ],
    ['a function that rejects with no error', { work: () => Promise.reject('words') }, /words/],
    ['a result that cannot cross', { work: async () => () => undefined }, /could not be cloned/],
    ['no such function', {}, /offers no "work"/],
  ])('%s', async (_, functions, message) => {
    const { calls } = connect<Calls>(functions)
    await expect((calls.work as () => Promise<unknown>)()).rejects.toThrow(message)
  })

  test('a name that only JavaScript knows is no function', async () => {
    const { calls } = connect<Calls>({})
    await expect((calls.toString as unknown as () => Promise<unknown>)()).rejects.toThrow('offers no "toString"')
  })

  test('arguments that cannot cross reject, and the next call goes through', async () => {
    const { calls } = connect({ echo: async (value: unknown) => value })
    await expect(calls.echo(() => undefined)).rejects.toThrow(/could not be cloned/)
    expect(await calls.echo(1)).toBe(1)
  })

  test('when the port closes, what waits is rejected, and so is what is asked later', async () => {
    const { calls, far } = connect({ hang: () => new Promise<void>(() => undefined) })
    const hanging = calls.hang()
    far.close()
    await expect(hanging).rejects.toThrow(StoreError)
    await expect(calls.hang()).rejects.toThrow('the engine thread has ended')
  })

  test.each([
    ['ends by itself', 'process.exit(3)'],
    ['throws', 'throw new Error("boom")'],
    ['is terminated', ''],
  ])('when the thread %s, what waits is rejected', async (_, end) => {
    const module = JSON.stringify(import.meta.resolve('#src/thread/calls.js'))
    const code = `const { parentPort } = require('node:worker_threads')
      import(${module}).then(({ serveCalls }) => {
        serveCalls(parentPort, { die: () => { setImmediate(() => { ${end} }); return new Promise(() => {}) }, ready: async () => 1 })
      })`
    const worker = new Worker(code, { eval: true })
    worker.on('error', () => undefined)
    closers.push(() => worker.terminate())
    const calls = callThread<{ die: () => Promise<void>; ready: () => Promise<number> }>(worker)
    expect(await calls.ready()).toBe(1)
    const waiting = expect(calls.die()).rejects.toThrow('the engine thread has ended')
    if (end === '') await worker.terminate()
    await waiting
    await expect(calls.ready()).rejects.toThrow(StoreError)
  })
})

describe('errors cross with their types', () => {
  const across = (error: unknown): Error => restoreError(structuredClone(carryError(error)))

  test('ConfigError with its issues', () => {
    const error = across(new ConfigError([issue]))
    expect(error).toBeInstanceOf(ConfigError)
    expect(error).toMatchObject({ issues: [issue], message: 'routes.yaml:3:5 unknown key' })
  })

  test('ApiError with status, code and hint', () => {
    const error = across(new ApiError(404, 'not_found', 'no such mail', 'look again'))
    expect(error).toBeInstanceOf(ApiError)
    expect(error).toMatchObject({ status: 404, code: 'not_found', message: 'no such mail', hint: 'look again' })
  })

  test('StoreError', () => {
    const error = across(new StoreError('disk full'))
    expect(error).toBeInstanceOf(StoreError)
    expect(error.message).toBe('disk full')
  })

  test('any other with its name, message and stack', () => {
    const original = new SandboxError('trap', 'unreachable')
    expect(across(original)).toMatchObject({ name: 'SandboxError', message: 'unreachable', stack: original.stack })
    expect(across('words')).toMatchObject({ name: 'Error', message: 'words' })
  })
})
