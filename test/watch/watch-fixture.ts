import type { MonitorSettings, MonitorState } from '#src/domain/monitor.js'

export const minuteMs = 60_000
export const hourMs = 60 * minuteMs
/** Nine in the morning of a day in 2026. */
export const nine = Date.UTC(2026, 10, 20, 9)

/** Expected every hour, with ten minutes to spare. */
export function makeSettings(changes: Partial<MonitorSettings> = {}): MonitorSettings {
  return {
    name: 'backup',
    when: { kind: 'all', of: [], position: null },
    everyMs: hourMs,
    graceMs: 10 * minuteMs,
    onDown: ['ops'],
    onRecovery: ['ops'],
    ...changes,
  }
}

/** Watched since nine, seen at nine. */
export function makeState(changes: Partial<MonitorState> = {}): MonitorState {
  return {
    name: 'backup',
    status: 'up',
    token: 'token-of-backup',
    watchedSince: nine,
    lastSeenAt: nine,
    startedAt: null,
    failedAt: null,
    changedAt: nine,
    reason: null,
    ...changes,
  }
}
