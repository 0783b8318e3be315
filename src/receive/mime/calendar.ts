const linesMax = 2_000
const valueLengthMax = 10_000

/**
 * An invitation as text, for a mail that has no other (RFC 5545): what, when, where, and what it is about. Null when
 * there is no event in it.
 */
export function readCalendar(calendar: string): string | null {
  const event = readEvent(calendar)
  const summary = event.get('SUMMARY')?.value
  const start = event.get('DTSTART')
  if (summary === undefined && start === undefined) return null
  const end = event.get('DTEND')
  const place = event.get('LOCATION')?.value
  const description = event.get('DESCRIPTION')?.value
  const lines = [
    summary,
    start && `Start: ${toTime(start)}`,
    end && `End: ${toTime(end)}`,
    place && `Place: ${place}`,
    description && `\n${description}`,
  ]
  return lines.filter(Boolean).join('\n')
}

interface Property {
  parameters: string
  value: string
}

/** The first event, or whatever stands first in a calendar that has none (a task, a request for free times). */
function readEvent(calendar: string): Map<string, Property> {
  const start = Math.max(0, calendar.search(/^BEGIN:VEVENT/im))
  const end = calendar.indexOf('END:VEVENT', start)
  const properties = new Map<string, Property>()
  for (const line of unfoldLines(calendar.slice(start, end < 0 ? start + 500_000 : end))) {
    const [, name, parameters, value] = /^([A-Z-]{1,40})((?:;[^:]{0,500})?):(.*)$/is.exec(line) ?? []
    if (name === undefined || properties.has(name.toUpperCase())) continue
    properties.set(name.toUpperCase(), { parameters: parameters ?? '', value: unescapeText(value ?? '') })
  }
  return properties
}

/** A line that begins with a blank goes on with the one before it (RFC 5545 3.1). */
function unfoldLines(text: string): string[] {
  const lines: string[] = []
  for (const line of text.split('\n', linesMax)) {
    const last = lines.length - 1
    if (/^[ \t]/.test(line) && last >= 0) {
      if ((lines[last]?.length ?? 0) < valueLengthMax) lines[last] += line.slice(1)
    } else lines.push(line.slice(0, valueLengthMax))
  }
  return lines
}

/** RFC 5545 3.3.11. */
function unescapeText(value: string): string {
  return value.replace(/\\([\\;,nN])/g, (_, character: string) => (/n/i.test(character) ? '\n' : character)).trim()
}

/** `20261121T100000Z` as people write it, with its time zone by name; what is no time stays as it is. */
function toTime({ parameters, value }: Property): string {
  const [, year, month, day, hour, minute, utc] = /^(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?$/.exec(value) ?? []
  if (year === undefined) return value
  const date = `${year}-${month}-${day}`
  if (hour === undefined) return date
  const zone = utc ? 'UTC' : /;TZID="?([^;":]+)/i.exec(parameters)?.[1]
  return `${date} ${hour}:${minute}${zone ? ` ${zone}` : ''}`
}
