import { type Calendar, nextChange } from './calendar.js'
import type { Config } from './config.js'
import type { Severity } from './message.js'

/** Calendars that never agree are given up after so many turns between them. */
const turnsMax = 30

/**
 * Until when a delivery has to wait at `now`: for the end of its recipient's quiet hours, and for the calendar outside
 * of which its `send` is not wanted; null when it may go out. Both have to agree on the moment. What would not open
 * within a year, or never agrees with the other, does not hold anything back: a late alert beats a lost one.
 */
export function waitsUntil(
  delivery: { recipient: string | null; during: string | null },
  severity: Severity,
  config: Pick<Config, 'people' | 'calendars'>,
  now: number,
): { until: number; reason: string } | null {
  const gates = [...quietHoursOf(delivery.recipient, severity, config), ...hoursOf(delivery.during, config)]
  const met = new Set<string>()
  let at = now
  for (let turn = 0; turn < turnsMax; turn++) {
    const next = firstClosed(gates, at)
    if (next === null) {
      return at === now ? null : { until: at, reason: `waits for ${[...met].join(' and ')} until ${formatMoment(at)}` }
    }
    met.add(next.gate.words)
    at = next.opensAt
  }
  return null
}

/** `2026-11-20 09:00 UTC` */
export function formatMoment(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

/** A calendar that has to be open, or closed, for anything to pass. */
interface Gate {
  calendar: Calendar
  passesWhile: 'open' | 'closed'
  /** What is waited for. */
  words: string
}

function quietHoursOf(
  recipient: string | null,
  severity: Severity,
  { people, calendars }: Pick<Config, 'people' | 'calendars'>,
): Gate[] {
  const person = recipient === null ? undefined : people[recipient]
  if (!person?.quietHours || person.quietHours.except.includes(severity)) return []
  const calendar = calendars[person.quietHours.calendar]
  return calendar ? [{ calendar, passesWhile: 'closed', words: `the end of ${calendar.name} of ${recipient}` }] : []
}

function hoursOf(during: string | null, { calendars }: Pick<Config, 'calendars'>): Gate[] {
  const calendar = during === null ? undefined : calendars[during]
  return calendar ? [{ calendar, passesWhile: 'open', words: calendar.name }] : []
}

function firstClosed(gates: Gate[], at: number): { gate: Gate; opensAt: number } | null {
  for (const gate of gates) {
    const opensAt = nextChange(gate.calendar, at, gate.passesWhile)
    if (opensAt !== null && opensAt > at) return { gate, opensAt }
  }
  return null
}
