/**
 * A cron schedule of five fields as one would say it: `every 30 minutes`, `at 08:00, Monday to Friday`. The expression
 * itself when it is none, or says too much to be told in a line. Two schedules have the same words only when they have
 * the same times: a day and a weekday have to meet, as node-cron takes them.
 */
export function describeSchedule(expression: string): string {
  const fields = expression.trim().split(/\s+/)
  const [minutes, hours, days, months, weekdays] = ranges.map((range, index) => readField(fields[index] ?? '', range))
  if (fields.length !== 5 || !minutes || !hours || !days || !months || !weekdays) return expression
  const time = describeTime(minutes, hours)
  const day = describeDays(days, months, new Set([...weekdays].map((weekday) => (weekday === 0 ? 7 : weekday))))
  if (time === null || day === null) return expression
  if (day !== '') return `${time}, ${day}`
  return time.startsWith('every') ? time : `every day ${time}`
}

interface Range {
  from: number
  to: number
  names: readonly string[]
}

const monthNames = 'January February March April May June July August September October November December'.split(' ')
const weekdayNames = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday Sunday'.split(' ')
const ranges: readonly Range[] = [
  { from: 0, to: 59, names: [] },
  { from: 0, to: 23, names: [] },
  { from: 1, to: 31, names: [] },
  { from: 1, to: 12, names: monthNames },
  { from: 0, to: 7, names: weekdayNames },
]
/** A longer list is no longer read, but looked over. */
const listedMax = 12

/** The values of a field, or null when it is none. */
function readField(field: string, range: Range): Set<number> | null {
  const values = new Set<number>()
  for (const part of field.split(',')) {
    const match = /^(?:(\*)|([0-9a-z]+)(?:-([0-9a-z]+))?)(?:\/(\d{1,2}))?$/i.exec(part)
    if (!match) return null
    const [, every, first = '', last, step] = match
    const from = every ? range.from : readValue(first, range)
    const to = every ? range.to : readValue(last ?? first, range)
    const by = Number(step ?? 1)
    if (from === null || to === null || from > to || by < 1) return null
    if (step !== undefined && !every && last === undefined) return null
    for (let value = from; value <= to; value += by) values.add(value)
  }
  return values
}

function readValue(text: string, { from, to, names }: Range): number | null {
  if (/^\d{1,2}$/.test(text)) return Number(text) >= from && Number(text) <= to ? Number(text) : null
  const wanted = text.toLowerCase()
  const index = names.findIndex((name) => name.toLowerCase() === wanted || name.slice(0, 3).toLowerCase() === wanted)
  return index === -1 ? null : index + from
}

function describeTime(minutes: Set<number>, hours: Set<number>): string | null {
  const hourly = hours.size === 24
  const everyHours = readStep(hours, 24)
  const [minute = 0] = minutes
  if (minutes.size === 1 && everyHours !== null && everyHours <= 8) {
    const every = everyHours === 1 ? 'every hour' : `every ${everyHours} hours`
    return minute === 0 ? every : `${every} at minute ${minute}`
  }
  if (!hourly && minutes.size * hours.size <= 6) {
    const times = sort(hours).flatMap((hour) => sort(minutes).map((one) => `${pad(hour)}:${pad(one)}`))
    return `at ${join(times)}`
  }
  const during = hourly ? '' : describeHours(hours)
  if (during === null) return null
  const step = readStep(minutes, 60)
  if (step !== null) return `${step === 1 ? 'every minute' : `every ${step} minutes`}${during}`
  if (minutes.size > listedMax) return null
  const listed = minutes.size === 1 ? `minute ${minute}` : `minutes ${join(sort(minutes))}`
  return hourly ? `every hour at ${listed}` : `every hour at ${listed}${during}`
}

function describeHours(hours: Set<number>): string | null {
  const run = readRun(hours)
  if (run) return ` between ${pad(run.from)}:00 and ${pad(run.to)}:59`
  return hours.size > listedMax ? null : ` in the hours ${join(sort(hours))}`
}

function describeDays(days: Set<number>, months: Set<number>, weekdays: Set<number>): string | null {
  if (days.size < 31 && days.size > listedMax) return null
  const inMonths = months.size === 12 ? null : join(sort(months).map((month) => monthNames[month - 1] ?? ''))
  const onDays = days.size === 31 ? null : `on ${days.size === 1 ? 'day' : 'days'} ${join(sort(days))}`
  const dates = onDays ? `${onDays} of ${inMonths ?? 'each month'}` : inMonths ? `in ${inMonths}` : ''
  if (weekdays.size === 7) return dates
  const named = describeWeekdays(weekdays)
  return onDays ? `${dates} if it is ${named}` : dates ? `${named}, ${dates}` : named
}

function describeWeekdays(weekdays: Set<number>): string {
  const run = readRun(weekdays)
  if (run && weekdays.size > 2) return `${weekdayNames[run.from]} to ${weekdayNames[run.to]}`
  return join(sort(weekdays).map((weekday) => weekdayNames[weekday] ?? ''))
}

/** The step of values that start at 0 and come round evenly. */
function readStep(values: Set<number>, size: number): number | null {
  const step = size / values.size
  if (!Number.isInteger(step) || (values.size === 1 && size > 1)) return null
  return [...values].every((value) => value % step === 0) ? step : null
}

function readRun(values: Set<number>): { from: number; to: number } | null {
  const sorted = sort(values)
  const from = sorted[0] ?? 0
  const to = sorted.at(-1) ?? 0
  return to - from + 1 === values.size ? { from, to } : null
}

const sort = (values: Set<number>): number[] => [...values].sort((one, other) => one - other)
const pad = (number: number): string => String(number).padStart(2, '0')

function join(items: (string | number)[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
