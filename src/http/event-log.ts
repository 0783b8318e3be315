import type { EngineEvent } from '../domain/events.js'

export interface NumberedEvent {
  id: number
  at: string
  event: EngineEvent
}

export interface EventLog {
  add: (event: EngineEvent) => void
  /** Whether one more may follow. */
  hasRoom: () => boolean
  /** Whether all that came after `lastId` is still known. It is not when it is too long ago, or of another process. */
  knowsSince: (lastId: number) => boolean
  /** Events after `lastId` that are still known, then every new one, until the signal fires. */
  follow: (lastId: number | null, onEvent: (event: NumberedEvent) => void, signal: AbortSignal) => void
}

const keptMax = 1_000
const followersMax = 100

/** The last thousand events, for watchers that come late or come back. */
export function createEventLog(now: () => number): EventLog {
  let lastId = 0
  const kept: NumberedEvent[] = []
  const followers = new Set<(event: NumberedEvent) => void>()
  const knowsSince = (after: number): boolean => after <= lastId && after >= lastId - kept.length
  return {
    add(event) {
      const numbered = { id: ++lastId, at: new Date(now()).toISOString(), event }
      kept.push(numbered)
      if (kept.length > keptMax) kept.shift()
      for (const follower of followers) follower(numbered)
    },
    hasRoom: () => followers.size < followersMax,
    knowsSince,
    follow(lastKnown, onEvent, signal) {
      if (signal.aborted || followers.size >= followersMax) return
      // Numbers of another process say nothing here: whoever brings one is given all there is.
      const after = lastKnown !== null && lastKnown > lastId ? 0 : lastKnown
      if (after !== null) for (const numbered of kept) if (numbered.id > after) onEvent(numbered)
      followers.add(onEvent)
      signal.addEventListener('abort', () => followers.delete(onEvent), { once: true })
    },
  }
}
