import { describe, expect, it } from 'vitest'
import type { MonitorState } from '#src/domain/monitor.js'
import { excuseAbsence, findAbsence } from '#src/watch/absence.js'
import { hourMs, makeSettings, makeState, minuteMs, nine } from './watch-fixture.js'

describe('between two looks at the clocks the gateway', () => {
  it.each<[string, number, number, boolean]>([
    ['was there', 5_000, 5_000, false],
    ['was busy for a minute', 80_000, 80_000, false],
    ['was stopped', 91_000, 91_000, true],
    ['slept, while the steady clock stood', hourMs, 5_000, true],
    ['had its clock set by less than a minute', 59_000, 0, false],
    ['had its clock set ahead by more', 66_000, 5_000, true],
    ['had its clock set back', -hourMs, 5_000, false],
    ['had its clock set back while it was stopped', -minuteMs, hourMs, false],
  ])('%s', (_, wallMs, steadyMs, isAbsent) => {
    const absence = findAbsence({ wall: nine, steady: 100 }, { wall: nine + wallMs, steady: 100 + steadyMs })
    expect(absence).toEqual(isAbsent ? { from: nine, to: nine + wallMs } : null)
  })
})

describe('an absence', () => {
  const settings = makeSettings()
  const due = nine + 70 * minuteMs

  it.each<[string, Partial<MonitorState>, number, number, boolean]>([
    ['in the first half of the interval is no matter', {}, nine + minuteMs, nine + 30 * minuteMs, false],
    ['that reaches into the second half is', {}, nine + minuteMs, nine + 30 * minuteMs + 1, true],
    ['within the second half is', {}, nine + 40 * minuteMs, nine + 45 * minuteMs, true],
    ['that began before it was due is', {}, due - 1, due + hourMs, true],
    ['that began when it was overdue is no excuse', {}, due, due + hourMs, false],
    ['over all of it is', {}, nine - hourMs, nine + 24 * hourMs, true],
    ['of one that is down is no matter', { status: 'down' }, nine, nine + 24 * hourMs, false],
    ['counts from when it began to be watched', { lastSeenAt: null, status: 'new' }, nine, nine + 20 * minuteMs, false],
    ['before one that was seen afterwards is no matter', { lastSeenAt: nine + hourMs }, nine, nine + hourMs, false],
  ])('%s', (_, changes, from, to, isExcused) => {
    const state = makeState(changes)
    expect(excuseAbsence(settings, state, { from, to })).toEqual(isExcused ? { ...state, watchedSince: to } : null)
  })

  it('excuses what had begun, as its end may have been missed', () => {
    const state = makeState({ startedAt: nine + minuteMs })
    const absence = { from: nine + 2 * minuteMs, to: nine + 5 * minuteMs }
    expect(excuseAbsence(settings, state, absence)).toEqual({ ...state, startedAt: null })
  })
})
