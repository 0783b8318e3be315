import type { MonitorSettings, MonitorState } from '../domain/monitor.js'
import { formatMoment } from '../domain/waiting.js'

/** What has begun is given this long to end, however short the monitor's grace is. */
const runMsMin = 60_000

export interface MonitorJudgement {
  /** The state as it should be kept; the very same object when nothing has changed. */
  state: MonitorState
  event: 'down' | 'recovery' | null
  /** When to look again if nothing happens before, in milliseconds since the epoch; null while it is down. */
  dueAt: number | null
}

/**
 * Tells whether a monitor is up or down at `now`. Pure: a mail or a ping changes the state, time does the rest.
 *
 * It goes down when nothing was seen for `every` and `grace`, when it said that it failed, and when it said that it
 * began and nothing followed. It comes back when it is seen again, and only then: that its interval starts anew, since
 * nobody could watch it, is no sign of life.
 */
export function judgeMonitor(settings: MonitorSettings, before: MonitorState, now: number): MonitorJudgement {
  const state = settleSigns(before, now)
  const trouble = findTrouble(settings, state, now)
  if (state.status === 'down') {
    if (trouble !== null || !wasSeenInTime(settings, state, now)) return { state, event: null, dueAt: null }
    return {
      state: { ...state, status: 'up', changedAt: now, reason: null },
      event: 'recovery',
      dueAt: troubleAt(settings, state),
    }
  }
  if (trouble !== null) {
    return { state: { ...state, status: 'down', changedAt: now, reason: trouble }, event: 'down', dueAt: null }
  }
  const dueAt = troubleAt(settings, state)
  if (state.status === 'up' || state.lastSeenAt === null) return { state, event: null, dueAt }
  return { state: { ...state, status: 'up', changedAt: now, reason: null }, event: null, dueAt }
}

/** When its interval, with grace, is over: counted from the last sign of life, or from when it began to be watched. */
export function intervalEnd({ everyMs, graceMs }: MonitorSettings, state: MonitorState): number {
  return intervalStart(state) + everyMs + graceMs
}

export function intervalStart({ lastSeenAt, watchedSince }: MonitorState): number {
  return Math.max(lastSeenAt ?? 0, watchedSince)
}

/**
 * A sign of life ends what it came after. Times ahead of the clock are drawn back to it: a clock that was set back must
 * neither alarm nor leave a monitor unwatched until it is past them again.
 */
function settleSigns(state: MonitorState, now: number): MonitorState {
  const lastSeenAt = orEarlier(state.lastSeenAt, now)
  const startedAt = orEarlier(state.startedAt, now)
  const failedAt = orEarlier(state.failedAt, now)
  const settled: MonitorState = {
    ...state,
    lastSeenAt,
    startedAt: startedAt !== null && lastSeenAt !== null && lastSeenAt > startedAt ? null : startedAt,
    failedAt: failedAt !== null && lastSeenAt !== null && lastSeenAt > failedAt ? null : failedAt,
    watchedSince: Math.min(state.watchedSince, now),
    changedAt: Math.min(state.changedAt, now),
  }
  return isSame(settled, state) ? state : settled
}

function findTrouble(settings: MonitorSettings, state: MonitorState, now: number): string | null {
  const { startedAt, failedAt, lastSeenAt, watchedSince } = state
  if (failedAt !== null) return `it said at ${formatMoment(failedAt)} that it failed`
  if (startedAt !== null && now >= runEnd(settings, startedAt)) {
    return `it began at ${formatMoment(startedAt)} and has not ended`
  }
  if (now < intervalEnd(settings, state)) return null
  const sign = settings.when === null ? 'ping' : 'mail'
  if (lastSeenAt === null) return `no ${sign} was ever seen, watched since ${formatMoment(watchedSince)}`
  return `no ${sign} since ${formatMoment(lastSeenAt)}`
}

/** When it goes down unless something is seen before. */
export function troubleAt(settings: MonitorSettings, state: MonitorState): number {
  const end = intervalEnd(settings, state)
  return state.startedAt === null ? end : Math.min(end, runEnd(settings, state.startedAt))
}

function runEnd({ graceMs }: MonitorSettings, startedAt: number): number {
  return startedAt + Math.max(graceMs, runMsMin)
}

function wasSeenInTime({ everyMs, graceMs }: MonitorSettings, { lastSeenAt }: MonitorState, now: number): boolean {
  return lastSeenAt !== null && now < lastSeenAt + everyMs + graceMs
}

function orEarlier(at: number | null, now: number): number | null {
  return at === null ? null : Math.min(at, now)
}

function isSame(one: MonitorState, other: MonitorState): boolean {
  return (
    one.lastSeenAt === other.lastSeenAt &&
    one.startedAt === other.startedAt &&
    one.failedAt === other.failedAt &&
    one.watchedSince === other.watchedSince &&
    one.changedAt === other.changedAt
  )
}
