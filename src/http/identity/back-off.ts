/** How tries that fail are slowed down. */
export interface BackOffRule {
  /** So many cost no wait: people mistype. */
  freeMax: number
  /** After the first that does; each further one doubles it. */
  waitMs: number
  waitMsMax: number
  /** Without a failure for so long, all is forgotten. */
  forgetMs: number
}

export interface BackOff {
  /**
   * Counts a try as failed, before it is made, so that many at once are no way around. Milliseconds to wait when it comes
   * too early and must not be made, else null.
   */
  take: (key: string) => number | null
  /** The try was none, or did not fail. */
  giveBack: (key: string) => void
  forget: (key: string) => void
}

interface Failures {
  count: number
  lastAt: number
  waitsUntil: number
}

/** Beyond so many keys the one that is longest quiet is forgotten. */
const keysMax = 10_000

/** In memory: after a restart all begin anew. `now` is in milliseconds since the epoch. */
export function createBackOff({ freeMax, waitMs, waitMsMax, forgetMs }: BackOffRule, now: () => number): BackOff {
  const keys = new Map<string, Failures>()
  const waitAfter = (count: number): number =>
    count <= freeMax ? 0 : Math.min(waitMsMax, waitMs * 2 ** Math.min(40, count - freeMax - 1))

  function save(key: string, failures: Failures): void {
    // Put last again, so that the first is always the one that is longest quiet.
    keys.delete(key)
    keys.set(key, failures)
    const [first] = keys.keys()
    if (keys.size > keysMax && first !== undefined) keys.delete(first)
  }

  return {
    take(key) {
      const at = now()
      const known = keys.get(key)
      // A clock that was set back must not make anybody wait for what is left of an hour that was.
      const isOver = !known || at - known.lastAt >= forgetMs || at < known.lastAt
      const count = (isOver ? 0 : known.count) + 1
      if (!isOver && known.waitsUntil > at) return known.waitsUntil - at
      save(key, { count, lastAt: at, waitsUntil: at + waitAfter(count) })
      return null
    },
    giveBack(key) {
      const known = keys.get(key)
      if (known) keys.set(key, { ...known, count: Math.max(0, known.count - 1), waitsUntil: 0 })
    },
    forget: (key) => void keys.delete(key),
  }
}
