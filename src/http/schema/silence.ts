import { z } from '@hono/zod-openapi'
import type { SilenceLine } from '../../engine/silence-calls.js'
import { Time } from './time.js'

export const Silence = z
  .object({
    id: z.string(),
    routes: z.array(z.string()).describe('Globs of route names; none means any.'),
    channels: z.array(z.string()).describe('Globs of channel names; none means any.'),
    labels: z.record(z.string(), z.string()).describe('Globs of the values of labels.'),
    starts_at: Time,
    ends_at: Time,
    state: z.enum(['pending', 'active', 'ended']),
    comment: z.string(),
    created_by: z.string(),
    created_at: Time,
  })
  .openapi('Silence') satisfies z.ZodType<SilenceLine>
