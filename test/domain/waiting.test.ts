import { describe, expect, test } from 'vitest'
import type { Calendar } from '#src/domain/calendar.js'
import type { Person } from '#src/domain/config.js'
import type { Severity } from '#src/domain/message.js'
import { waitsUntil } from '#src/domain/waiting.js'

const at = (text: string): number => Date.parse(`${text}Z`)
const between = (from: number, to: number) => ({ fromMinute: from * 60, toMinute: to * 60 })

function makeCalendar(name: string, spans: Partial<Calendar['spans'][number]>[]): Calendar {
  return { name, spans: spans.map((span) => ({ days: null, between: null, timezone: 'UTC', except: [], ...span })) }
}

const calendars = {
  'office hours': makeCalendar('office hours', [
    { days: ['mon', 'tue', 'wed', 'thu', 'fri'], between: between(9, 17), except: ['2026-11-20'] },
  ]),
  nights: makeCalendar('nights', [{ between: between(22, 10) }]),
  always: makeCalendar('always', [{}]),
  never: makeCalendar('never', []),
}

function makePerson(calendar: string | null, except: Severity[] = ['critical']): Person {
  const quietHours = calendar === null ? null : { calendar, except }
  return { address: 'tim@y.example', name: null, manager: null, channels: {}, quietHours }
}

function wait(
  during: string | null,
  quiet: string | null,
  now: string,
  options: { severity?: Severity; recipient?: string | null } = {},
) {
  const { severity = 'warning', recipient = 'tim@y.example' } = options
  const people = { 'tim@y.example': makePerson(quiet) }
  const found = waitsUntil({ recipient, during }, severity, { people, calendars }, at(now))
  return found && `${new Date(found.until).toISOString().slice(0, 16)} ${found.reason}`
}

describe('a delivery waits', () => {
  // 2026-11-19 is a Thursday, and the Friday after it a holiday.
  test.each([
    ['nothing to wait for', null, null, '2026-11-19T03:00', null],
    ['within its hours', 'office hours', null, '2026-11-19T12:00', null],
    ['before its hours', 'office hours', null, '2026-11-19T08:59', '2026-11-19T09:00'],
    ['over a holiday and a weekend', 'office hours', null, '2026-11-19T17:00', '2026-11-23T09:00'],
    ['in quiet hours', null, 'nights', '2026-11-19T23:00', '2026-11-20T10:00'],
    ['at the moment they end', null, 'nights', '2026-11-19T10:00', null],
    ['until both agree', 'office hours', 'nights', '2026-11-19T03:00', '2026-11-19T10:00'],
    ['until both agree, over a holiday', 'office hours', 'nights', '2026-11-19T23:00', '2026-11-23T10:00'],
    ['not for a calendar that never opens', 'never', null, '2026-11-19T03:00', null],
    ['not for quiet hours that never end', null, 'always', '2026-11-19T03:00', null],
    ['not for calendars that never agree', 'nights', 'nights', '2026-11-19T12:00', null],
    ['not for a calendar that is gone', 'gone', 'gone', '2026-11-19T12:00', null],
  ])('%s', (_name, during, quiet, now, until) => {
    expect(wait(during, quiet, now)?.slice(0, 16) ?? null).toBe(until)
  })

  test('with words for what it waits for', () => {
    expect(wait('office hours', 'nights', '2026-11-19T03:00')).toBe(
      '2026-11-19T10:00 waits for the end of nights of tim@y.example until 2026-11-19 10:00 UTC',
    )
    expect(wait('office hours', 'nights', '2026-11-19T23:00')).toContain(
      'waits for the end of nights of tim@y.example and office hours until 2026-11-23 10:00 UTC',
    )
  })

  test('not when it is urgent enough, nor where nobody has a night', () => {
    expect(wait(null, 'nights', '2026-11-19T23:00', { severity: 'critical' })).toBeNull()
    expect(wait(null, 'nights', '2026-11-19T23:00', { recipient: null })).toBeNull()
    expect(wait(null, 'nights', '2026-11-19T23:00', { recipient: 'stranger@y.example' })).toBeNull()
  })
})
