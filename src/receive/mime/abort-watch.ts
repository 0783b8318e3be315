/**
 * Lets many waiters hear one AbortSignal through one listener. A signal that lives as long as the program is handed in
 * with every mail, and Node warns of a leak from the eleventh listener on.
 */
export class AbortWatch {
  readonly #watched = new Map<AbortSignal, { waiters: Set<(reason: unknown) => void>; listener: () => void }>()

  /** Calls `onAbort` once with the signal's reason, unless the returned function is called before. */
  add(signal: AbortSignal, onAbort: (reason: unknown) => void): () => void {
    const { waiters } = this.#watched.get(signal) ?? this.#watch(signal)
    waiters.add(onAbort)
    return () => {
      waiters.delete(onAbort)
      if (waiters.size === 0) this.#unwatch(signal)
    }
  }

  #watch(signal: AbortSignal): { waiters: Set<(reason: unknown) => void> } {
    const waiters = new Set<(reason: unknown) => void>()
    const listener = (): void => {
      this.#watched.delete(signal)
      for (const onAbort of waiters) onAbort(signal.reason)
      waiters.clear()
    }
    signal.addEventListener('abort', listener, { once: true })
    this.#watched.set(signal, { waiters, listener })
    return { waiters }
  }

  #unwatch(signal: AbortSignal): void {
    const watched = this.#watched.get(signal)
    if (!watched) return
    signal.removeEventListener('abort', watched.listener)
    this.#watched.delete(signal)
  }
}
