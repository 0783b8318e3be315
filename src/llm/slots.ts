import { LlmError } from '../domain/errors.js'

/** Runs something when a slot is free. Rejects with the signal's reason when that fires while waiting. */
export type WithSlot = <Value>(signal: AbortSignal, run: () => Promise<Value>) => Promise<Value>

/** At most `runningMax` at once; with `waitingMax` waiting already, the next is refused as `LlmError('down')`. */
export function createSlots(runningMax: number, waitingMax: number): WithSlot {
  let running = 0
  const waiting = new Set<() => void>()

  function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (running < runningMax) {
      running++
      return Promise.resolve()
    }
    if (waiting.size >= waitingMax) throw new LlmError('down', `${waitingMax} questions wait already`)
    return new Promise((resolve, reject) => {
      const go = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        waiting.delete(go)
        reject(signal.reason)
      }
      waiting.add(go)
      signal.addEventListener('abort', leave, { once: true })
    })
  }

  /** The slot goes straight to who waits longest, so `running` stays as it is. */
  function exit(): void {
    const [next] = waiting
    if (next === undefined) {
      running--
      return
    }
    waiting.delete(next)
    next()
  }

  return async (signal, run) => {
    await enter(signal)
    try {
      return await run()
    } finally {
      exit()
    }
  }
}
