import { type MessagePort, receiveMessageOnPort, type Transferable } from 'node:worker_threads'
import { type CarriedError, carryError, restoreError } from './carry-error.js'

/** Functions a thread offers to one that waits for their results without letting anything else happen. */
export type BlockingCalls = { [name: string]: (...args: never[]) => Promise<unknown> }

/** The same functions as the waiting thread sees them. */
export type Blocking<Functions extends BlockingCalls> = {
  [Name in keyof Functions]: (...args: Parameters<Functions[Name]>) => Awaited<ReturnType<Functions[Name]>>
}

/** What the serving thread is given: its end of the channel (to be transferred), and the bell it rings. */
export interface BlockingEnd {
  port: MessagePort
  bell: SharedArrayBuffer
}

interface Answer {
  value?: unknown
  error?: CarriedError
}

/**
 * Calls another thread and blocks this one until it answers: for code that cannot await, such as a guest's host call.
 * `timeoutMs` bounds each call. Errors of the other side are thrown here.
 */
export function createBlockingCalls<Functions extends BlockingCalls>(
  timeoutMs: number,
): { calls: Blocking<Functions>; end: BlockingEnd; transfer: Transferable[] } {
  const { port1, port2 } = new MessageChannel() as unknown as { port1: MessagePort; port2: MessagePort }
  const bell = new SharedArrayBuffer(4)
  const rung = new Int32Array(bell)
  port1.unref()

  const call = (name: string, args: unknown[]): unknown => {
    Atomics.store(rung, 0, 0)
    port1.postMessage({ name, args })
    if (Atomics.wait(rung, 0, 0, timeoutMs) === 'timed-out') throw new Error(`no answer within ${timeoutMs} ms`)
    const answer = receiveMessageOnPort(port1)?.message as Answer | undefined
    if (!answer) throw new Error('the other thread gave no answer')
    if (answer.error) throw restoreError(answer.error)
    return answer.value
  }
  const calls = new Proxy({} as Blocking<Functions>, {
    get:
      (_, name) =>
      (...args: unknown[]) =>
        call(String(name), args),
  })
  return { calls, end: { port: port2, bell }, transfer: [port2] }
}

/** Answers the waiting thread, one call at a time. Every call gets an answer. */
export function serveBlockingCalls(end: BlockingEnd, functions: BlockingCalls): void {
  const rung = new Int32Array(end.bell)
  const answer = async ({ name, args }: { name: string; args: unknown[] }): Promise<void> => {
    let said: Answer
    try {
      const work = Object.hasOwn(functions, name) ? functions[name] : undefined
      if (!work) throw new TypeError(`the other thread offers no "${name}"`)
      said = { value: await (work as (...args: unknown[]) => Promise<unknown>)(...args) }
    } catch (error) {
      said = { error: carryError(error) }
    }
    end.port.postMessage(said)
    Atomics.store(rung, 0, 1)
    Atomics.notify(rung, 0)
  }
  end.port.on('message', (message) => void answer(message))
}
