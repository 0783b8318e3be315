import { type Weekday, weekdays } from './route.js'

const minuteMs = 60_000
const dayMs = 86_400_000
const minutesPerDay = 1_440

/** What the clock on a wall shows. */
export interface WallTime {
  weekday: Weekday
  /** Minutes since midnight. */
  minute: number
  /** `2026-12-25` */
  date: string
}

export type WallClock = (at: number) => WallTime

/** A clock in a time zone. Making one costs more than reading it. Throws a `RangeError` for a zone nobody knows. */
export function hangWallClock(timezone: string): WallClock {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    const date = `${parts.get('year')}-${parts.get('month')}-${parts.get('day')}`
    const minute = (Number(parts.get('hour')) * 60 + Number(parts.get('minute'))) % minutesPerDay
    return { weekday: weekdayOf(date), minute, date }
  }
}

/**
 * When the clock shows this minute of this date; a minute that the change to summer time leaves out is taken when the
 * clock is past it, one that comes twice is taken the first time. Milliseconds since the epoch.
 */
export function findMoment(clock: WallClock, date: string, minute: number): number {
  const wanted = Date.parse(`${date}T00:00:00Z`) + minute * minuteMs
  const candidates = [wanted - dayMs, wanted + dayMs].map((at) => wanted - offsetMs(clock, at))
  const exact = candidates.filter((at) => showsMs(clock, at) === wanted)
  return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates)
}

/** The next moment, after `after`, at which the clock shows the minute on one of the days (null: every day). */
export function nextTimeOfDay(
  after: number,
  when: { days: Weekday[] | null; minute: number; timezone: string },
): number {
  const clock = hangWallClock(when.timezone)
  const today = clock(after).date
  for (let days = 0; days <= 8; days++) {
    const date = addDays(today, days)
    if (when.days !== null && !when.days.includes(weekdayOf(date))) continue
    const moment = findMoment(clock, date, when.minute)
    if (moment > after) return moment
  }
  throw new RangeError('a list of days names at least one')
}

export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10)
}

export function weekdayOf(date: string): Weekday {
  // The first of January 1970 was a Thursday.
  const day = Math.floor(Date.parse(`${date}T00:00:00Z`) / dayMs) + 3
  return weekdays[((day % 7) + 7) % 7] ?? 'mon'
}

export function formatMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}

/** What the clock shows, read as if it were UTC. */
function showsMs(clock: WallClock, at: number): number {
  const { date, minute } = clock(at)
  return Date.parse(`${date}T00:00:00Z`) + minute * minuteMs
}

function offsetMs(clock: WallClock, at: number): number {
  return showsMs(clock, at) - Math.floor(at / minuteMs) * minuteMs
}
