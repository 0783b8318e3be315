import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MonitorSettings, MonitorState } from '#src/domain/monitor.js'
import { judgeMonitor } from '#src/watch/judge-monitor.js'
import { startMonitor, takePing } from '#src/watch/monitor-state.js'
import { hourMs, makeSettings, makeState, minuteMs, nine } from './watch-fixture.js'

const due = nine + hourMs + 10 * minuteMs

describe('a monitor', () => {
  it.each<[string, Partial<MonitorState>, number, Partial<MonitorState>, 'down' | 'recovery' | null, number | null]>([
    ['is up until its interval and grace are over', {}, due - 1, { status: 'up' }, null, due],
    ['is down then', {}, due, { status: 'down', reason: 'no mail since 2026-11-20 09:00 UTC' }, 'down', null],
    ['stays new until it is seen', { status: 'new', lastSeenAt: null }, due - 1, { status: 'new' }, null, due],
    [
      'is down when it never was seen in its first interval',
      { status: 'new', lastSeenAt: null },
      due,
      { status: 'down', reason: 'no mail was ever seen, watched since 2026-11-20 09:00 UTC' },
      'down',
      null,
    ],
    ['comes up without a word when seen first', { status: 'new' }, nine + 1, { status: 'up' }, null, due],
    ['is not down twice', { status: 'down', reason: 'x' }, due + hourMs, { status: 'down', reason: 'x' }, null, null],
    [
      'recovers when it is seen',
      { status: 'down', lastSeenAt: nine + 2 * hourMs, reason: 'x' },
      nine + 2 * hourMs + 5,
      { status: 'up', reason: null, changedAt: nine + 2 * hourMs + 5 },
      'recovery',
      nine + 3 * hourMs + 10 * minuteMs,
    ],
    [
      'does not recover because its interval began anew',
      { status: 'down', watchedSince: nine + 5 * hourMs },
      nine + 5 * hourMs,
      { status: 'down' },
      null,
      null,
    ],
    [
      'is down at once when it says that it failed',
      { failedAt: nine + 5 },
      nine + 5,
      { status: 'down', reason: 'it said at 2026-11-20 09:00 UTC that it failed' },
      'down',
      null,
    ],
    [
      'is up again when a mail came after it failed',
      { status: 'down', failedAt: nine - 1 },
      nine + 1,
      { status: 'up' },
      'recovery',
      due,
    ],
    [
      'stays down when the mail came before it failed',
      { status: 'down', failedAt: nine + 1 },
      nine + 2,
      { status: 'down' },
      null,
      null,
    ],
    [
      'is up while what it began is under way',
      { startedAt: nine + minuteMs },
      nine + 10 * minuteMs,
      { status: 'up', startedAt: nine + minuteMs },
      null,
      nine + 11 * minuteMs,
    ],
    [
      'is down when what it began does not end in time',
      { startedAt: nine + minuteMs },
      nine + 11 * minuteMs,
      { status: 'down', reason: 'it began at 2026-11-20 09:01 UTC and has not ended' },
      'down',
      null,
    ],
    ['forgets what it began when it is seen', { startedAt: nine - minuteMs }, nine + 1, { startedAt: null }, null, due],
    [
      'draws what is ahead of a clock that was set back to it',
      { lastSeenAt: nine + 48 * hourMs, watchedSince: nine + 48 * hourMs },
      nine,
      { lastSeenAt: nine, watchedSince: nine, status: 'up' },
      null,
      due,
    ],
  ])('%s', (_, state, now, after, event, dueAt) => {
    const judgement = judgeMonitor(makeSettings(), makeState(state), now)
    expect(judgement.state).toMatchObject(after)
    expect(judgement).toMatchObject({ event, dueAt })
  })

  it('is left as it was when nothing has changed, by identity', () => {
    const state = makeState()
    expect(judgeMonitor(makeSettings(), state, due - 1).state).toBe(state)
  })

  it('gives what has begun a minute at least', () => {
    const settings = makeSettings({ graceMs: 0 })
    const state = makeState({ startedAt: nine + 1 })
    expect(judgeMonitor(settings, state, nine + minuteMs).event).toBeNull()
    expect(judgeMonitor(settings, state, nine + minuteMs + 1).event).toBe('down')
  })

  it('that no mail is expected for speaks of pings', () => {
    const { state } = judgeMonitor(makeSettings({ when: null }), makeState(), due)
    expect(state.reason).toBe('no ping since 2026-11-20 09:00 UTC')
  })
})

it('says what a ping does', () => {
  const state = makeState({ startedAt: 1, failedAt: 2 })
  expect(takePing(state, 'seen', nine + 1)).toMatchObject({ lastSeenAt: nine + 1, startedAt: null, failedAt: null })
  expect(takePing(state, 'start', nine + 1)).toMatchObject({ lastSeenAt: nine, startedAt: nine + 1, failedAt: 2 })
  expect(takePing(state, 'fail', nine + 1)).toMatchObject({ lastSeenAt: nine, startedAt: null, failedAt: nine + 1 })
})

/** What happens to a monitor, each so many milliseconds after the one before: somebody looks, or it is seen. */
const occasions = fc.array(
  fc.record({ afterMs: fc.integer({ min: 0, max: 3 * hourMs }), what: fc.constantFrom('look', 'seen', 'mail') }),
  { maxLength: 60 },
)
const intervals = fc.record({
  everyMs: fc.integer({ min: minuteMs, max: 2 * hourMs }),
  graceMs: fc.integer({ min: 0, max: hourMs }),
})

describe('whatever happens, and whenever somebody looks', () => {
  it('it is never down while signs of life come in time', () => {
    fc.assert(
      fc.property(intervals, occasions, (interval, things) => {
        const settings = makeSettings(interval)
        const allowedMs = settings.everyMs + settings.graceMs
        let state = startMonitor('backup', 't', nine)
        let now = nine
        for (const { afterMs, what } of things) {
          now += afterMs % allowedMs
          // In time by construction: somebody looks only when less than the interval has passed since the last sign.
          const sinceMs = now - Math.max(state.lastSeenAt ?? 0, state.watchedSince)
          const isSeen = what !== 'look' || sinceMs >= allowedMs
          if (sinceMs >= allowedMs) now -= sinceMs - allowedMs + 1
          state = observe(settings, isSeen ? { ...state, lastSeenAt: now } : state, now, (event) => {
            expect(event).toBeNull()
          })
        }
        expect(state.status).not.toBe('down')
      }),
    )
  })

  it('each absence is told once, and each return', () => {
    fc.assert(
      fc.property(intervals, occasions, (interval, things) => {
        const settings = makeSettings(interval)
        let state = startMonitor('backup', 't', nine)
        let now = nine
        const events: string[] = []
        for (const { afterMs, what } of things) {
          now += afterMs
          const before = what === 'seen' ? takePing(state, 'seen', now) : state
          state = observe(settings, what === 'mail' ? { ...before, lastSeenAt: now } : before, now, (event) => {
            if (event) events.push(event)
          })
          // Looking again at the same moment changes nothing.
          expect(judgeMonitor(settings, state, now)).toMatchObject({ state, event: null })
        }
        expect(events).toEqual(events.map((_, at) => (at % 2 === 0 ? 'down' : 'recovery')))
      }),
    )
  })

  it('it goes down exactly when it said it would, if nothing happens before', () => {
    fc.assert(
      fc.property(intervals, fc.option(fc.integer({ min: 0, max: hourMs })), (interval, startedAfterMs) => {
        const settings = makeSettings(interval)
        const startedAt = startedAfterMs === null ? null : nine + startedAfterMs
        const now = startedAt ?? nine
        const { dueAt, state } = judgeMonitor(settings, makeState({ startedAt }), now)
        if (dueAt === null) return
        expect(judgeMonitor(settings, state, dueAt - 1).event).toBeNull()
        expect(judgeMonitor(settings, state, dueAt).event).toBe('down')
      }),
    )
  })

  it('a clock that is set back alarms nobody', () => {
    fc.assert(
      fc.property(intervals, fc.integer({ min: 0, max: 1_000 * hourMs }), (interval, backMs) => {
        const settings = makeSettings(interval)
        const judgement = judgeMonitor(settings, makeState(), nine - backMs)
        expect(judgement.event).toBeNull()
        // Nor does it leave the monitor unwatched until the clock is where it was.
        expect(judgement.dueAt).toBe(nine - backMs + settings.everyMs + settings.graceMs)
      }),
    )
  })
})

function observe(
  settings: MonitorSettings,
  before: MonitorState,
  now: number,
  tell: (event: 'down' | 'recovery' | null) => void,
): MonitorState {
  const { state, event } = judgeMonitor(settings, before, now)
  tell(event)
  return state
}
