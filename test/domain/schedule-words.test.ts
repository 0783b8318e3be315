import fc from 'fast-check'
import cron from 'node-cron'
import { describe, expect, it } from 'vitest'
import { describeSchedule } from '#src/domain/schedule-words.js'

describe('a schedule in words', () => {
  it.each([
    ['* * * * *', 'every minute'],
    ['*/30 * * * *', 'every 30 minutes'],
    ['0,30 * * * *', 'every 30 minutes'],
    ['0 * * * *', 'every hour'],
    ['15 * * * *', 'every hour at minute 15'],
    ['5,35 * * * *', 'every hour at minutes 5 and 35'],
    ['0 */4 * * *', 'every 4 hours'],
    ['20 */6 * * *', 'every 6 hours at minute 20'],
    ['0 8 * * *', 'every day at 08:00'],
    ['30 8,20 * * *', 'every day at 08:30 and 20:30'],
    ['0 8 * * 1-5', 'at 08:00, Monday to Friday'],
    ['0 8 * * MON-FRI', 'at 08:00, Monday to Friday'],
    ['0 8 * * 0', 'at 08:00, Sunday'],
    ['0 8 * * 7', 'at 08:00, Sunday'],
    ['0 8 * * 6,0', 'at 08:00, Saturday and Sunday'],
    ['*/15 8-17 * * 1-5', 'every 15 minutes between 08:00 and 17:59, Monday to Friday'],
    ['* 3 * * *', 'every minute between 03:00 and 03:59'],
    ['0 3 1 * *', 'at 03:00, on day 1 of each month'],
    ['0 0 1 1,7 *', 'at 00:00, on day 1 of January and July'],
    ['0 9 13 * 5', 'at 09:00, on day 13 of each month if it is Friday'],
    ['0 9 * feb 1', 'at 09:00, Monday, in February'],
    ['*/7 * * * *', 'every hour at minutes 0, 7, 14, 21, 28, 35, 42, 49 and 56'],
  ])('%s is %s', (expression, words) => expect(describeSchedule(expression)).toBe(words))

  it.each(['', '* * * *', '* * * * * *', '61 * * * *', 'x * * * *', '5-1 * * * *', '*/2 */0 * * *', '磁碟 "'])(
    'leaves %j as it is',
    (expression) => expect(describeSchedule(expression)).toBe(expression),
  )

  const values = (from: number, to: number) =>
    fc.oneof(
      fc.constant('*'),
      fc.constantFrom(2, 3, 4, 5, 6, 10, 12, 15, 30).map((step) => (from === 0 && to > step ? `*/${step}` : '*')),
      fc.uniqueArray(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 3 }).map((list) => list.join(',')),
      fc.tuple(fc.integer({ min: from, max: to }), fc.integer({ min: from, max: to })).map(([one, other]) => {
        return `${Math.min(one, other)}-${Math.max(one, other)}`
      }),
    )
  const schedule = fc
    .tuple(values(0, 59), values(0, 23), values(1, 31), values(1, 12), values(0, 6))
    .map((fields) => fields.join(' '))
    // Some months have no 31st.
    .filter((expression) => cron.validate(expression))
  const timesOf = (expression: string) => {
    const { minute, hour, dayOfMonth, month, dayOfWeek } = cron.parse(expression)
    return JSON.stringify(
      [minute, hour, dayOfMonth, month, dayOfWeek].map((list) => [...list].map(Number).sort((a, b) => a - b)),
    )
  }

  it('has words for each set of times of its own, and for no other', () => {
    fc.assert(
      fc.property(schedule, schedule, (one, other) => {
        const words = [describeSchedule(one), describeSchedule(other)]
        if (words[0] === words[1]) expect(timesOf(one)).toBe(timesOf(other))
        if (timesOf(one) === timesOf(other) && words[0] !== one && words[1] !== other) expect(words[0]).toBe(words[1])
      }),
      { numRuns: 2_000 },
    )
  })

  it('never fails, whatever it is given', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof describeSchedule(text) === 'string'))
  })
})
