import { z } from 'zod'
import { clockRange, date, daySpan, oneOrMore, timezone } from './values.js'

const span = z.strictObject({
  days: oneOrMore(daySpan).optional().describe('Days of the week, such as [sat, sun] or mon-fri. Default: every day.'),
  between: clockRange
    .optional()
    .describe('Hours of the day, such as 09:00-18:00; a span over midnight belongs to the day it starts on.'),
  timezone: timezone.optional().describe('The time zone of days and hours. Default UTC.'),
  except: z.array(date).max(1_000).optional().describe('Days without it, such as 2026-12-25.'),
})

/** Hours with a name: open while any of its spans is. */
export const calendar = z.union([span, z.array(span).min(1).max(50)])

export type RawCalendar = z.output<typeof calendar>
export type RawSpan = z.output<typeof span>
