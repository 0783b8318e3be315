import { type Weekday, weekdays } from '../../domain/route.js'

/** Reads days and spans of them: `mon-fri` is five days, `sat-mon` three. In the order of the week, each once. */
export function readDays(written: string[]): Weekday[] {
  const days = new Set<Weekday>()
  for (const span of written) {
    const [first = '', last = first] = span.split('-')
    const start = indexOfDay(first)
    const count = (indexOfDay(last) - start + 7) % 7
    for (let offset = 0; offset <= count; offset++) {
      const day = weekdays[(start + offset) % 7]
      if (day) days.add(day)
    }
  }
  return weekdays.filter((day) => days.has(day))
}

/** Reads `22:00-06:30`. */
export function readClockRange(range: string): { fromMinute: number; toMinute: number } {
  const [from = '', to = ''] = range.split('-')
  return { fromMinute: minuteOf(from), toMinute: minuteOf(to) }
}

/** Reads `09:00`, `mon 09:00` or `mon-fri 09:00`; without days it is every day. */
export function readDigestTime(text: string): { days: Weekday[] | null; minute: number } {
  const [first = '', second] = text.trim().split(/ +/)
  return second === undefined
    ? { days: null, minute: minuteOf(first) }
    : { days: readDays([first]), minute: minuteOf(second) }
}

function minuteOf(clock: string): number {
  const [hours = 0, minutes = 0] = clock.trim().split(':').map(Number)
  return hours * 60 + minutes
}

function indexOfDay(name: string): number {
  return weekdays.map(String).indexOf(name)
}
