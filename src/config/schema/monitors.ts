import { z } from 'zod'
import { condition } from './conditions.js'
import { name, oneOrMore, waitDuration, waitDurationOrNone } from './values.js'

const told = z.strictObject({ send: oneOrMore(name).describe('The channel that hears of it, or several.') })

export const monitor = z.strictObject({
  expect: z
    .strictObject({ when: condition.optional().describe('The mail that has to show up.') })
    .optional()
    .describe('What is expected; without it an HTTP ping.'),
  every: waitDuration.describe('How often it is expected.'),
  grace: waitDurationOrNone
    .optional()
    .describe('How late it may be. Default: a tenth of every, at least 1m and at most 1h.'),
  on_down: told.optional().describe('Who hears that it is absent.'),
  on_recovery: told.optional().describe('Who hears that it is back.'),
})

export type RawMonitor = z.output<typeof monitor>
