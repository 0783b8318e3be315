import { describe, expect, it } from 'vitest'
import { type Calendar, isOpen, nextChange } from '#src/domain/calendar.js'
import { findMoment, hangWallClock, nextTimeOfDay } from '#src/domain/wall-clock.js'

const at = (text: string): number => Date.parse(text)
const iso = (moment: number | null): string | null => (moment === null ? null : new Date(moment).toISOString())

const office: Calendar = {
  name: 'office',
  spans: [
    {
      days: ['mon', 'tue', 'wed', 'thu', 'fri'],
      between: { fromMinute: 540, toMinute: 1_080 },
      timezone: 'Asia/Taipei',
      except: ['2026-12-25'],
    },
  ],
}
const nights: Calendar = {
  name: 'nights',
  spans: [{ days: null, between: { fromMinute: 1_320, toMinute: 420 }, timezone: 'Europe/Berlin', except: [] }],
}

describe('a calendar', () => {
  it.each([
    ['within', office, '2026-11-20T02:00:00Z', true],
    ['at its end', office, '2026-11-20T10:00:00Z', false],
    ['at the weekend', office, '2026-11-21T02:00:00Z', false],
    ['on a holiday', office, '2026-12-25T02:00:00Z', false],
    ['over midnight', nights, '2026-11-20T23:30:00Z', true],
    ['before the end over midnight', nights, '2026-11-20T05:59:00Z', true],
    ['after the end over midnight', nights, '2026-11-20T06:00:00Z', false],
  ])('%s', (_, calendar, moment, expected) => {
    expect(isOpen(calendar, at(moment))).toBe(expected)
  })

  it.each([
    ['already open', office, '2026-11-20T02:00:00Z', 'open', '2026-11-20T02:00:00.000Z'],
    ['over the weekend', office, '2026-11-20T10:00:00Z', 'open', '2026-11-23T01:00:00.000Z'],
    ['over a holiday and a weekend', office, '2026-12-24T10:00:00Z', 'open', '2026-12-28T01:00:00.000Z'],
    ['to the end of the night', nights, '2026-11-20T23:30:00Z', 'closed', '2026-11-21T06:00:00.000Z'],
    [
      'to the end of the night in which summer time begins',
      nights,
      '2026-03-28T23:30:00Z',
      'closed',
      '2026-03-29T05:00:00.000Z',
    ],
  ] as const)('changes: %s', (_, calendar, moment, to, expected) => {
    expect(iso(nextChange(calendar, at(moment), to))).toBe(expected)
  })

  it('has no change when it never closes', () => {
    const always: Calendar = { name: 'always', spans: [{ days: null, between: null, timezone: 'UTC', except: [] }] }
    expect(nextChange(always, at('2026-11-20T02:00:00Z'), 'closed')).toBeNull()
  })
})

describe('the time of day', () => {
  it.each([
    ['today', '2026-11-20T00:30:00Z', { days: null, minute: 540, timezone: 'Asia/Taipei' }, '2026-11-20T01:00:00.000Z'],
    [
      'tomorrow',
      '2026-11-20T01:00:00Z',
      { days: null, minute: 540, timezone: 'Asia/Taipei' },
      '2026-11-21T01:00:00.000Z',
    ],
    [
      'next week',
      '2026-11-23T09:00:00Z',
      { days: ['mon' as const], minute: 540, timezone: 'UTC' },
      '2026-11-30T09:00:00.000Z',
    ],
    [
      'left out by summer time',
      '2026-03-29T00:00:00Z',
      { days: null, minute: 150, timezone: 'Europe/Berlin' },
      '2026-03-29T01:30:00.000Z',
    ],
    [
      'twice in autumn',
      '2026-10-24T22:30:00Z',
      { days: null, minute: 150, timezone: 'Europe/Berlin' },
      '2026-10-25T00:30:00.000Z',
    ],
  ])('%s', (_, after, when, expected) => {
    expect(iso(nextTimeOfDay(at(after), when))).toBe(expected)
  })

  it('reads back what it found', () => {
    const clock = hangWallClock('America/New_York')
    expect(clock(findMoment(clock, '2026-07-04', 615))).toEqual({ weekday: 'sat', minute: 615, date: '2026-07-04' })
  })
})
