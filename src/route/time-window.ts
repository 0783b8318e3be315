import { type Condition, type Weekday, weekdays } from '../domain/route.js'

type TimeCondition = Extract<Condition, { kind: 'time' }>

const minutesPerDay = 1_440

/** Tells whether a moment lies in the window, and how the clock there reads: `Fri 23:10 in Asia/Taipei`. */
export type TimeWindow = (now: number) => { holds: boolean; seen: string }

/**
 * Compiles days and hours in a time zone. `between` takes its start and leaves out its end; a window over midnight
 * belongs to the day it starts on, so `days: [fri], between: 22:00–06:00` still holds on Saturday at 02:00. Equal ends
 * are the whole day.
 */
export function compileTimeWindow({ days, between, timezone }: TimeCondition): TimeWindow {
  const clock = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
  return (now) => {
    const { day, minute, text } = readClock(clock, now)
    return { holds: isInWindow(day, minute, days, between), seen: `${text} in ${timezone}` }
  }
}

/** `mon, tue 22:00–06:00 in Asia/Taipei` */
export function describeTimeWindow({ days, between, timezone }: TimeCondition): string {
  const parts: string[] = []
  if (days !== null) parts.push(days.join(', '))
  if (between !== null) parts.push(`${formatMinute(between.fromMinute)}–${formatMinute(between.toMinute)}`)
  return [...parts, `in ${timezone}`].join(' ')
}

function isInWindow(day: number, minute: number, days: TimeCondition['days'], between: TimeCondition['between']) {
  const isChosen = (index: number) => days === null || days.includes(weekdayAt(index))
  if (between === null || between.fromMinute === between.toMinute) return isChosen(day)
  const { fromMinute, toMinute } = between
  if (fromMinute < toMinute) return isChosen(day) && minute >= fromMinute && minute < toMinute
  return (isChosen(day) && minute >= fromMinute) || (isChosen(day - 1) && minute < toMinute)
}

function weekdayAt(index: number): Weekday {
  return weekdays[(index + 7) % 7] ?? 'mon'
}

function readClock(clock: Intl.DateTimeFormat, now: number): { day: number; minute: number; text: string } {
  const parts = new Map(clock.formatToParts(now).map(({ type, value }) => [type, value]))
  const weekday = parts.get('weekday') ?? ''
  const hour = Number(parts.get('hour'))
  const minute = Number(parts.get('minute'))
  const day = weekdays.map(String).indexOf(weekday.toLowerCase())
  const minuteOfDay = (hour * 60 + minute) % minutesPerDay
  return { day, minute: minuteOfDay, text: `${weekday} ${formatMinute(minuteOfDay)}` }
}

function formatMinute(minute: number): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`
}
