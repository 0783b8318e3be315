import { isWithin } from '../domain/calendar.js'
import type { Condition } from '../domain/route.js'
import { formatMinute, hangWallClock } from '../domain/wall-clock.js'

type TimeCondition = Extract<Condition, { kind: 'time' }>

/** Tells whether a moment lies in the window, and how the clock there reads: `Fri 23:10 in Asia/Taipei`. */
export type TimeWindow = (now: number) => { holds: boolean; seen: string }

/**
 * Compiles days and hours in a time zone. `between` takes its start and leaves out its end; a window over midnight
 * belongs to the day it starts on, so `days: [fri], between: 22:00–06:00` still holds on Saturday at 02:00. Equal ends
 * are the whole day.
 */
export function compileTimeWindow({ days, between, timezone }: TimeCondition): TimeWindow {
  const clock = hangWallClock(timezone)
  return (now) => {
    const shown = clock(now)
    const weekday = shown.weekday.replace(/^./, (letter) => letter.toUpperCase())
    return {
      holds: isWithin({ days, between }, shown),
      seen: `${weekday} ${formatMinute(shown.minute)} in ${timezone}`,
    }
  }
}

/** `mon, tue 22:00–06:00 in Asia/Taipei` */
export function describeTimeWindow({ days, between, timezone }: TimeCondition): string {
  const parts: string[] = []
  if (days !== null) parts.push(days.join(', '))
  if (between !== null) parts.push(`${formatMinute(between.fromMinute)}–${formatMinute(between.toMinute)}`)
  return [...parts, `in ${timezone}`].join(' ')
}
