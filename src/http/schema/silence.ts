import { z } from '@hono/zod-openapi'

export const Silence = z
  .object({
    id: z.string(),
    routes: z.array(z.string()).describe('Globs of route names; none means any.'),
    channels: z.array(z.string()).describe('Globs of channel names; none means any.'),
    labels: z.record(z.string(), z.string()).describe('Globs of the values of labels.'),
    starts_at: z.string(),
    ends_at: z.string(),
    state: z.enum(['pending', 'active', 'ended']),
    comment: z.string(),
    created_by: z.string(),
    created_at: z.string(),
  })
  .openapi('Silence')
