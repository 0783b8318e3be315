import { z } from 'zod'
import { rate, template, waitDuration } from './values.js'

/** What a channel of any kind takes beside the settings of its kind. */
export const channelLimits = z.strictObject({
  retry: z.array(waitDuration).max(50).optional().describe('The wait before each retry, in place of the default.'),
  retry_window: waitDuration.optional().describe('How long a delivery is tried at all, in place of the default.'),
  rate_limit: rate
    .optional()
    .describe("At most so many in so long, such as 30/1m, in place of the vendor's own limit."),
  daily_cap: z
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe('At most so many a day (UTC); what is above waits for the next day.'),
  template: z
    .union([
      template,
      z.strictObject({
        title: template.optional().describe('The title (Liquid).'),
        text: template.optional().describe('The text (Liquid).'),
      }),
    ])
    .optional()
    .describe(
      'How the channel says every message: the text (Liquid), or title and text. A template of the send comes first.',
    ),
})

export const channelLimitNames: readonly string[] = Object.keys(channelLimits.shape)
