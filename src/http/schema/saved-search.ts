import { z } from '@hono/zod-openapi'
import type { SavedSearch as Saved } from '../../store/saved-search-store.js'

export const SavedSearch = z
  .object({
    name: z.string(),
    search: z.string().describe('As `search` of the mails takes it.'),
  })
  .openapi('SavedSearch') satisfies z.ZodType<Saved>
