import { setTimeout as wait } from 'node:timers/promises'

/** Waits as long as told, or until the signal fires. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

export async function pauseUntilAborted(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await wait(ms, undefined, { signal })
  } catch (error) {
    // Being stopped is the normal end of a wait, and whoever waits asks the signal next.
    if (!signal.aborted) throw error
  }
}

/** Resolves when the signal fires, at once when it already has. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
