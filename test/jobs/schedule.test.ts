import { afterEach, describe, expect, it, test, vi } from 'vitest'
import { checkSchedule, countScheduled, listNextRuns, startSchedule } from '#src/jobs/schedule.js'

afterEach(() => void vi.useRealTimers())

const at = (iso: string): void => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(new Date(iso))
}
const runs = (schedule: string, timezone: string, count = 3): string[] =>
  listNextRuns(schedule, timezone, count).map((time) => new Date(time).toISOString())

describe('the next runs', () => {
  it('are told in the schedule’s own time zone', () => {
    at('2026-06-01T00:00:00Z')
    expect(runs('30 8 * * *', 'Asia/Taipei')).toEqual([
      '2026-06-01T00:30:00.000Z',
      '2026-06-02T00:30:00.000Z',
      '2026-06-03T00:30:00.000Z',
    ])
    expect(runs('0 9 * * 1', 'Asia/Kolkata', 2)).toEqual(['2026-06-01T03:30:00.000Z', '2026-06-08T03:30:00.000Z'])
  })

  it('leave out a time that does not exist when clocks go forward', () => {
    at('2026-03-28T12:00:00Z')
    expect(runs('30 2 * * *', 'Europe/Berlin', 2)).toEqual(['2026-03-30T00:30:00.000Z', '2026-03-31T00:30:00.000Z'])
  })

  it('are one for a time that comes twice when clocks go back', () => {
    at('2026-10-24T12:00:00Z')
    expect(runs('30 2 * * *', 'Europe/Berlin', 2).map((time) => time.slice(0, 10))).toEqual([
      '2026-10-25',
      '2026-10-26',
    ])
  })

  it('are far away where a day and a weekday rarely meet', () => {
    at('2026-01-01T00:00:00Z')
    expect(runs('0 0 29 2 1', 'UTC', 1)).toEqual(['2044-02-29T00:00:00.000Z'])
  })
})

describe('times that passed', () => {
  test.each([
    ['*/30 * * * *', 'Asia/Taipei', '2026-06-01T00:00:00Z', '2026-06-01T02:00:00Z', 4],
    ['*/30 * * * *', 'UTC', '2026-06-01T00:00:00Z', '2026-06-01T00:29:59Z', 0],
    ['15 8 * * *', 'Asia/Kathmandu', '2026-06-01T00:00:00Z', '2026-06-03T00:00:00Z', 2],
    ['0 0 1 1 *', 'UTC', '2026-06-01T00:00:00Z', '2026-06-03T00:00:00Z', 0],
    ['* * * * *', 'UTC', '2026-01-01T00:00:00Z', '2026-06-03T00:00:00Z', 1_000],
    ['0 8 * * *', 'UTC', '2025-01-01T00:00:00Z', '2026-06-03T00:00:00Z', 31],
  ])('%s in %s from %s to %s are %i', (schedule, timezone, since, until, count) => {
    expect(countScheduled(schedule, timezone, Date.parse(since), Date.parse(until))).toBe(count)
  })
})

it('a schedule calls back at its times until it is stopped, and tells which it missed', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] })
  vi.setSystemTime(new Date('2026-06-01T00:20:30Z'))
  const due: string[] = []
  const missed: string[] = []
  const schedule = startSchedule('*/30 * * * *', 'Asia/Taipei', {
    due: (at) => due.push(new Date(at).toISOString()),
    missed: (at) => missed.push(new Date(at).toISOString()),
  })
  await vi.advanceTimersByTimeAsync(45 * 60_000)
  expect(due).toEqual(['2026-06-01T00:30:00.000Z', '2026-06-01T01:00:00.000Z'])
  vi.setSystemTime(new Date('2026-06-01T03:10:00Z'))
  await vi.advanceTimersByTimeAsync(25 * 60_000)
  expect(missed.map((time) => time.slice(11, 16))).toEqual(['01:30', '02:00', '02:30', '03:00'])
  expect(due.at(-1)).toBe('2026-06-01T03:30:00.000Z')
  schedule.stop()
  await vi.advanceTimersByTimeAsync(3_600_000)
  expect(due).toHaveLength(3)
})

test.each([
  ['* * * * * *', 'UTC'],
  ['@daily', 'UTC'],
  ['60 * * * *', 'UTC'],
  ['', 'UTC'],
  ['0 0 31 2 *', 'UTC'],
  ['0 8 * * *', 'Mars/Base'],
])('%j in %s is refused', (schedule, timezone) => {
  expect(checkSchedule(schedule, timezone)).not.toBeNull()
})

it('five fields in a time zone that exists are a schedule', () => {
  expect(checkSchedule('*/30 8-18 * * mon-fri', 'Asia/Taipei')).toBeNull()
})
