import { z } from '@hono/zod-openapi'

/** ISO 8601, in UTC. */
export const Time = z.iso.datetime()
