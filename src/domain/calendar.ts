import type { Weekday } from './route.js'
import { addDays, findMoment, hangWallClock, nextTimeOfDay, type WallClock, type WallTime } from './wall-clock.js'

/** Named hours: office hours, nights. Open while any of its spans is. */
export interface Calendar {
  name: string
  spans: CalendarSpan[]
}

export interface CalendarSpan extends Hours {
  timezone: string
  /** Dates without it, `2026-12-25`: holidays of office hours. A span over midnight belongs to the date it starts on. */
  except: string[]
}

/** `between` takes its start and leaves out its end; equal ends, or null, are the whole day. Null days are all of them. */
export interface Hours {
  days: Weekday[] | null
  between: { fromMinute: number; toMinute: number } | null
}

/** When a digest goes out. */
export type DigestSchedule =
  | { type: 'every'; everyMs: number }
  | { type: 'at'; days: Weekday[] | null; minute: number; timezone: string }

/** Further ahead nobody plans: a calendar without a change until then has none. */
const daysAheadMax = 400

export function isOpen(calendar: Calendar, at: number): boolean {
  return isOpenBy(hangClocks(calendar), at)
}

/** The first moment from `at` on at which the calendar is open (or closed); null when there is none within a year. */
export function nextChange(calendar: Calendar, at: number, to: 'open' | 'closed'): number | null {
  const clocks = hangClocks(calendar)
  const isWanted = (moment: number): boolean => isOpenBy(clocks, moment) === (to === 'open')
  if (isWanted(at)) return at
  for (let days = -1; days <= daysAheadMax; days++) {
    const moments = clocks.flatMap(({ span, clock }) => boundariesOf(span, clock, addDays(clock(at).date, days)))
    const found = moments.filter((moment) => moment > at && isWanted(moment))
    if (found.length > 0) return Math.min(...found)
  }
  return null
}

/** When a digest that is begun now goes out. */
export function nextDigestAt(schedule: DigestSchedule, now: number): number {
  return schedule.type === 'every' ? now + schedule.everyMs : nextTimeOfDay(now, schedule)
}

/** Tells whether the wall clock is within the hours; a window over midnight belongs to the day it starts on. */
export function isWithin(
  { days, between }: Hours,
  { weekday, minute, date }: WallTime,
  except: readonly string[] = [],
) {
  const isDay = (day: Weekday, on: string): boolean => (days === null || days.includes(day)) && !except.includes(on)
  if (between === null || between.fromMinute === between.toMinute) return isDay(weekday, date)
  const { fromMinute, toMinute } = between
  if (fromMinute < toMinute) return isDay(weekday, date) && minute >= fromMinute && minute < toMinute
  if (minute >= fromMinute) return isDay(weekday, date)
  return minute < toMinute && isDay(dayBefore(weekday), addDays(date, -1))
}

interface HungSpan {
  span: CalendarSpan
  clock: WallClock
}

function hangClocks(calendar: Calendar): HungSpan[] {
  return calendar.spans.map((span) => ({ span, clock: hangWallClock(span.timezone) }))
}

function isOpenBy(clocks: HungSpan[], at: number): boolean {
  return clocks.some(({ span, clock }) => isWithin(span, clock(at), span.except))
}

/** Moments of a date at which a span may begin or end. */
function boundariesOf({ between }: CalendarSpan, clock: WallClock, date: string): number[] {
  const minutes = between === null ? [0] : [0, between.fromMinute, between.toMinute]
  return minutes.map((minute) => findMoment(clock, date, minute))
}

const previous: Record<Weekday, Weekday> = {
  mon: 'sun',
  tue: 'mon',
  wed: 'tue',
  thu: 'wed',
  fri: 'thu',
  sat: 'fri',
  sun: 'sat',
}

function dayBefore(weekday: Weekday): Weekday {
  return previous[weekday]
}
