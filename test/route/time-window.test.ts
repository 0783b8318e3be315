import { expect, test } from 'vitest'
import type { Weekday } from '../../src/domain/route.js'
import { judge, makeMail } from './sample.js'

const h = (hour: number, minute = 0) => hour * 60 + minute

test.each<[string, Weekday[] | null, [number, number] | null, string, string, boolean]>([
  ['a weekday', ['fri'], null, 'UTC', '2025-06-06T12:00Z', true],
  ['another weekday', ['sat', 'sun'], null, 'UTC', '2025-06-06T12:00Z', false],
  ['the day is the zone’s', ['sat'], null, 'Asia/Taipei', '2025-06-06T16:00Z', true],
  ['the start is in', null, [h(9), h(17)], 'UTC', '2025-06-06T09:00Z', true],
  ['the end is out', null, [h(9), h(17)], 'UTC', '2025-06-06T17:00Z', false],
  ['the last minute', null, [h(9), h(17)], 'UTC', '2025-06-06T16:59:59Z', true],
  ['until midnight', null, [h(9), 1_440], 'UTC', '2025-06-06T23:59Z', true],
  ['over midnight, before', null, [h(22), h(6)], 'UTC', '2025-06-06T23:00Z', true],
  ['over midnight, at', null, [h(22), h(6)], 'UTC', '2025-06-06T00:00Z', true],
  ['over midnight, after', null, [h(22), h(6)], 'UTC', '2025-06-06T06:00Z', false],
  ['the night belongs to its evening', ['fri'], [h(22), h(6)], 'UTC', '2025-06-07T02:00Z', true],
  ['the morning before does not', ['fri'], [h(22), h(6)], 'UTC', '2025-06-06T02:00Z', false],
  ['sunday night is monday morning', ['sun'], [h(22), h(6)], 'UTC', '2025-06-09T05:59Z', true],
  ['equal ends are the whole day', ['fri'], [h(8), h(8)], 'UTC', '2025-06-06T03:00Z', true],
  ['summer time', null, [h(9), h(10)], 'Europe/Berlin', '2025-07-01T07:30Z', true],
  ['winter time', null, [h(9), h(10)], 'Europe/Berlin', '2025-01-01T08:30Z', true],
  ['a half-hour zone', null, [h(17, 30), h(17, 31)], 'Asia/Kolkata', '2025-06-06T12:00Z', true],
])('%s', async (_name, days, between, timezone, now, expected) => {
  const window = between && { fromMinute: between[0], toMinute: between[1] }
  const match = await judge({ kind: 'time', days, between: window, timezone, position: null }, makeMail(), {
    now: Date.parse(now),
  })
  expect(match.verdict).toBe(expected ? 'matched' : 'not_matched')
})

test('the trace says what the clock there read', async () => {
  const between = { fromMinute: h(22), toMinute: h(6) }
  const condition = { kind: 'time' as const, days: ['fri' as const], between, timezone: 'Asia/Taipei', position: null }
  const { condition: trace } = await judge(condition, makeMail(), { now: Date.parse('2025-06-06T15:10Z') })
  expect(trace).toMatchObject({ expected: 'fri 22:00–06:00 in Asia/Taipei', seen: 'Fri 23:10 in Asia/Taipei' })
})
