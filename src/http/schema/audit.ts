import { z } from '@hono/zod-openapi'
import type { AuditLine } from '../../store/watch-store.js'
import { Time } from './time.js'

export const AuditEntry = z
  .object({
    id: z.string(),
    at: Time,
    actor: z.string().describe('`cli:root`, `api`, `token:NAME`, `user:NAME`, `telegram:Tim`, `config`, …'),
    action: z.string().describe('`delivery.retry`, `silence.add`, …'),
    subjects: z.array(z.string()).describe('Ids or names of what was changed; at most 100.'),
    detail: z.record(z.string(), z.unknown()),
  })
  .openapi('AuditEntry') satisfies z.ZodType<AuditLine>
