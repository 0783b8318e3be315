import type { MonitorSettings, MonitorState } from '../domain/monitor.js'
import { intervalEnd, intervalStart } from './judge-monitor.js'

/** A time in which the gateway heard nothing: it was down or asleep, or its clock jumped ahead. */
export interface Absence {
  from: number
  to: number
}

/** The wall clock beside one that only ever goes on, both in milliseconds. */
export interface ClockReading {
  wall: number
  steady: number
}

/** Longer without a sign of the gateway itself, and mails may have been missed. */
const gapMsMax = 90_000
/** A wall clock that gains more than this on the steady one was set, or slept. */
const jumpMsMax = 60_000

/** Whether the gateway was absent between two looks at the clocks. A clock that jumps backwards is no absence. */
export function findAbsence(before: ClockReading, now: ClockReading): Absence | null {
  const wallMs = now.wall - before.wall
  const steadyMs = now.steady - before.steady
  const isAbsent = wallMs > gapMsMax || (wallMs > 0 && wallMs - steadyMs > jumpMsMax)
  return isAbsent ? { from: before.wall, to: now.wall } : null
}

/**
 * The state of a monitor whose sign of life may have been missed: its interval starts anew at the end of the absence.
 * Null when the absence is no excuse: it is down already, or nothing was due, which is from half of `every` on.
 */
export function excuseAbsence(
  settings: MonitorSettings,
  state: MonitorState,
  { from, to }: Absence,
): MonitorState | null {
  if (state.status === 'down') return null
  const expectedFrom = intervalStart(state) + settings.everyMs / 2
  const isExpected = from < intervalEnd(settings, state) && to > expectedFrom
  // What had begun may have ended meanwhile without being heard.
  const isRunning = state.startedAt !== null && state.startedAt <= to
  if (!isExpected && !isRunning) return null
  const watchedSince = isExpected ? to : state.watchedSince
  return { ...state, watchedSince, startedAt: isRunning ? null : state.startedAt }
}
