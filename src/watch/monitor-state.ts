import type { MonitorState, PingKind } from '../domain/monitor.js'

/** A monitor that is watched from now on. */
export function startMonitor(name: string, token: string, now: number): MonitorState {
  return {
    name,
    status: 'new',
    token,
    watchedSince: now,
    lastSeenAt: null,
    startedAt: null,
    failedAt: null,
    changedAt: now,
    reason: null,
  }
}

/** What a ping says. `start` is no sign of life by itself: what begins may never end. */
export function takePing(state: MonitorState, kind: PingKind, now: number): MonitorState {
  if (kind === 'start') return { ...state, startedAt: now }
  if (kind === 'fail') return { ...state, startedAt: null, failedAt: now }
  return { ...state, lastSeenAt: now, startedAt: null, failedAt: null }
}
