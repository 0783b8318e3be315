import type { MessagePort, Transferable, Worker } from 'node:worker_threads'
import { StoreError } from '../domain/errors.js'
import { type CarriedError, carryError, restoreError } from './carry-error.js'

/** Functions one thread offers another. Arguments and results cross by structured clone. */
export type Calls = { [name: string]: (...args: never[]) => Promise<unknown> }

interface CallMessage {
  type: 'call'
  id: number
  name: string
  args: unknown[]
}

interface AnswerMessage {
  type: 'answer'
  id: number
  value?: unknown
  error?: CarriedError
}

/** Answers the other thread's calls with these functions, until the port closes. Every call gets an answer. */
export function serveCalls(port: MessagePort, functions: Calls): void {
  const answer = async ({ id, name, args }: CallMessage): Promise<void> => {
    try {
      const work = Object.hasOwn(functions, name) ? functions[name] : undefined
      if (!work) throw new TypeError(`the other thread offers no "${name}"`)
      const value = await (work as (...args: unknown[]) => Promise<unknown>)(...args)
      // A value that cannot be cloned throws here, and that is an answer too.
      port.postMessage({ type: 'answer', id, value } satisfies AnswerMessage)
    } catch (error) {
      port.postMessage({ type: 'answer', id, error: carryError(error) } satisfies AnswerMessage)
    }
  }
  port.on('message', (message: CallMessage) => {
    if (message.type === 'call') void answer(message)
  })
}

/**
 * The other thread's functions as if they were here. What waits when the thread ends is rejected, so no caller waits
 * for ever. `transfer` moves buffers instead of copying them; the caller must not use them afterwards.
 */
export function callThread<Functions extends Calls>(
  port: MessagePort | Worker,
  transfer: (name: string, args: unknown[]) => Transferable[] = () => [],
): Functions {
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>()
  let lastId = 0
  let ended = false
  port.on('message', (message: AnswerMessage) => {
    if (message.type !== 'answer') return
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if (message.error) call?.reject(restoreError(message.error))
    else call?.resolve(message.value)
  })
  const end = () => {
    ended = true
    for (const call of waiting.values()) call.reject(new StoreError('the engine thread has ended'))
    waiting.clear()
  }
  port.on('close', end)
  port.on('exit', end)

  const call = (name: string, args: unknown[]): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (ended) return reject(new StoreError('the engine thread has ended'))
      const id = ++lastId
      port.postMessage({ type: 'call', id, name, args } satisfies CallMessage, transfer(name, args))
      waiting.set(id, { resolve, reject })
    })
  return new Proxy({} as Functions, {
    // A promise-like object would be awaited by accident, so `then` must stay undefined.
    get: (_, name) =>
      typeof name === 'string' && name !== 'then' ? (...args: unknown[]) => call(name, args) : undefined,
  })
}
