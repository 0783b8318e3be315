import { describe, expect, it } from 'vitest'
import { type DigestSchedule, nextDigestAt } from '#src/domain/calendar.js'
import type { Route, Step } from '#src/domain/route.js'
import { findDigestPlan, listKeptDigests, previousDigestAt } from '#src/follow/digest-plan.js'

const position = { file: 'routes.yaml', line: 1, column: 1 }
const hourly: DigestSchedule = { type: 'every', everyMs: 3_600_000 }
const now = Date.UTC(2026, 10, 20, 9, 30)

it.each<[string, Partial<Extract<Step, { verb: 'digest' }>>, unknown]>([
  ['of a whole route', { key: null }, [{ route: 'Monit', key: '', dueAt: now + 3_600_000 }]],
  ['with a constant key', { key: ['daily'] }, [{ route: 'Monit', key: 'daily', dueAt: now + 3_600_000 }]],
  [
    'with a constant key of two parts',
    { key: ['daily', ' of  ops'] },
    [{ route: 'Monit', key: 'daily · of ops', dueAt: now + 3_600_000 }],
  ],
  ['with a key of each mail', { key: ['daily', '{{ host }}'] }, []],
  ['with a tag in its key', { key: ['{% if a %}x{% endif %}'] }, []],
  ['that is not sent when empty', { key: ['daily'], sendEmpty: false }, []],
])('a digest %s', (_, step, kept) => {
  expect(listKeptDigests([makeRoute('Monit', step)], now)).toEqual(kept)
})

it('is planned by the route of its name, unless that is switched off or gathers no more', () => {
  const routes = [
    makeRoute('Monit', {}),
    { ...makeRoute('off', {}), enabled: false },
    { ...makeRoute('plain', {}), steps: [] },
  ]
  expect(findDigestPlan(routes, 'Monit')).toEqual({ schedule: hourly, sendEmpty: true })
  expect(['off', 'plain', 'gone'].map((name) => findDigestPlan(routes, name))).toEqual([null, null, null])
  expect(listKeptDigests(routes, now).map(({ route }) => route)).toEqual(['Monit'])
})

describe('the time before', () => {
  const at = (days: DigestSchedule & { type: 'at' }) => nextDigestAt(days, now)
  it.each<[string, DigestSchedule, number, number]>([
    ['an hour', hourly, now, now - 3_600_000],
    [
      'a day',
      { type: 'at', days: null, minute: 540, timezone: 'UTC' },
      Date.UTC(2026, 10, 21, 9),
      Date.UTC(2026, 10, 20, 9),
    ],
    [
      'a week',
      { type: 'at', days: ['mon'], minute: 540, timezone: 'UTC' },
      Date.UTC(2026, 10, 23, 9),
      Date.UTC(2026, 10, 16, 9),
    ],
    [
      'a weekend',
      { type: 'at', days: ['mon', 'tue', 'wed', 'thu', 'fri'], minute: 540, timezone: 'UTC' },
      Date.UTC(2026, 10, 23, 9),
      Date.UTC(2026, 10, 20, 9),
    ],
  ])('of a digest after %s', (_, schedule, dueAt, before) => {
    expect(previousDigestAt(schedule, dueAt)).toBe(before)
  })

  it('reaches over the end of summer time', () => {
    const daily = { type: 'at' as const, days: null, minute: 540, timezone: 'Europe/Berlin' }
    const dueAt = Date.UTC(2026, 9, 25, 8)
    expect(nextDigestAt(daily, dueAt - 1)).toBe(dueAt)
    expect(previousDigestAt(daily, dueAt)).toBe(Date.UTC(2026, 9, 24, 7))
    expect(at(daily)).toBeGreaterThan(now)
  })
})

function makeRoute(name: string, step: Partial<Extract<Step, { verb: 'digest' }>>): Route {
  return {
    name,
    enabled: true,
    when: { kind: 'all', of: [], position },
    steps: [{ verb: 'digest', key: null, schedule: hourly, sendEmpty: true, position, ...step }],
    stop: false,
    severity: null,
    event: null,
    labels: {},
    onError: 'send',
    retryMs: null,
    retryWindowMs: null,
    position,
  }
}
