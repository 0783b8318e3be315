import { setTimeout as pause } from 'node:timers/promises'

/** Waits for something that happens elsewhere: asks every few milliseconds, and fails by name when it takes too long. */
export async function until(
  condition: () => unknown | Promise<unknown>,
  what: string,
  timeoutMs = 10_000,
): Promise<void> {
  const end = performance.now() + timeoutMs
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`)
    await pause(5)
  }
}
