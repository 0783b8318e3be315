import type { Calendar, CalendarSpan } from '../../domain/calendar.js'
import type { RawCalendar, RawSpan } from '../schema/calendars.js'
import { readClockRange, readDays } from './hours.js'

export function normaliseCalendar(name: string, raw: RawCalendar): Calendar {
  return { name, spans: [raw].flat().map(normaliseSpan) }
}

function normaliseSpan(raw: RawSpan): CalendarSpan {
  return {
    days: raw.days === undefined ? null : readDays([raw.days].flat()),
    between: raw.between === undefined ? null : readClockRange(raw.between),
    timezone: raw.timezone ?? 'UTC',
    except: [...new Set(raw.except)].sort(),
  }
}
