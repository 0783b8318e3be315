import fc from 'fast-check'
import { expect, test } from 'vitest'
import { readClockRange, readDays, readDigestTime } from '#src/config/normalise/hours.js'
import { parseRate } from '#src/config/rate.js'
import { weekdays } from '#src/domain/route.js'
import { formatMinute } from '#src/domain/wall-clock.js'

test.each([
  ['mon', ['mon']],
  ['mon-fri', ['mon', 'tue', 'wed', 'thu', 'fri']],
  ['sat-mon', ['mon', 'sat', 'sun']],
  ['wed-wed', ['wed']],
])('%s is these days', (written, days) => {
  expect(readDays([written])).toEqual(days)
})

test('spans of days join, in the order of the week and each day once', () => {
  const spans = fc.array(fc.tuple(fc.constantFrom(...weekdays), fc.constantFrom(...weekdays)), { minLength: 1 })
  fc.assert(
    fc.property(spans, (written) => {
      const days = readDays(written.map(([first, last]) => `${first}-${last}`))
      expect(days).toEqual(weekdays.filter((day) => days.includes(day)))
      expect(written.flat().every((day) => days.includes(day))).toBe(true)
    }),
  )
})

test('times of day are read as they are written', () => {
  const minute = fc.nat(1_439)
  fc.assert(
    fc.property(minute, minute, fc.constantFrom(...weekdays), (from, to, day) => {
      const range = { fromMinute: from, toMinute: to }
      expect(readClockRange(`${formatMinute(from)}-${formatMinute(to)}`)).toEqual(range)
      expect(readClockRange(` ${formatMinute(from)} - ${formatMinute(to)} `)).toEqual(range)
      expect(readDigestTime(formatMinute(from))).toEqual({ days: null, minute: from })
      expect(readDigestTime(`${day}  ${formatMinute(to)}`)).toEqual({ days: [day], minute: to })
    }),
  )
  expect(readClockRange('00:00-24:00')).toEqual({ fromMinute: 0, toMinute: 1_440 })
})

test.each([
  ['30/1m', { count: 30, perMs: 60_000 }],
  [' 1/1s ', { count: 1, perMs: 1_000 }],
  ['1000000/24h', { count: 1_000_000, perMs: 86_400_000 }],
  ['5/1m30s', { count: 5, perMs: 90_000 }],
  ['0/1m', null],
  ['5/0s', null],
  ['5/25h', null],
  ['5/m', null],
  ['5', null],
  ['-5/1m', null],
  ['1.5/1m', null],
  ['99999999/1m', null],
  ['5/1m/1m', null],
])('the rate %j', (text, rate) => {
  expect(parseRate(text)).toEqual(rate)
})

test('whatever the text, a rate has a count and a time, or is none', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^\d+\/\d+(ms|[smhdw])$/)), (text) => {
      const rate = parseRate(text)
      if (rate === null) return
      expect(rate.count).toBeGreaterThan(0)
      expect(rate.perMs).toBeGreaterThan(0)
      expect(rate.perMs).toBeLessThanOrEqual(86_400_000)
    }),
  )
})
