import { z } from 'zod'
import { segmentsMax } from './dialects/sms.js'

/** The setting of every kind that sends text messages to phones: each segment is paid for. */
export const segmentLimit = z
  .number()
  .int()
  .min(1)
  .max(segmentsMax)
  .default(3)
  .describe('The longest a message may get; each segment of 153 letters, or 67 beyond GSM, is paid for.')
