import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'
import type { ConsoleParts } from './console-env.js'
import { filledIn } from './read-form.js'
import { readSearch } from './read-search.js'

/** Ticked in a list; the list has fewer. */
const idsMax = 100
/** What one change takes at most, whatever a search finds. */
export const foundMax = 1_000

/** Which mails something is about to happen to: ticked ones, or those of a search. */
export const chosenForm = z.object({
  ids: z
    .union([z.string().max(64), z.array(z.string().max(64)).max(idsMax)])
    .transform((some) => [some].flat())
    .optional(),
  search: filledIn(z.string().max(500)),
  /** What came since the reader looked is not meant. */
  until: filledIn(z.coerce.number().int().min(0)),
  back: z
    .string()
    .max(2_000)
    .regex(/^\/mails(?:[/?]|$)/)
    .default('/mails')
    .catch('/mails'),
})

export type Chosen = z.infer<typeof chosenForm>

/** Those of a search oldest first, so that what follows upon others is routed behind them. Throws `ApiError`. */
export async function chooseMails(
  { calls, now }: Pick<ConsoleParts, 'calls' | 'now'>,
  { ids = [], search, until }: Chosen,
): Promise<{ ids: string[]; isCut: boolean }> {
  if (search === undefined) return { ids: [...new Set(ids)], isCut: false }
  const { query, problem } = readSearch(search, now())
  if (problem) throw new ApiError(400, 'bad_search', problem.message, problem.hint)
  const filter = { query, limit: foundMax, oldestFirst: true, ...(until === undefined ? {} : { until }) }
  const { items, next_cursor } = await calls.listMails(filter)
  return { ids: items.map(({ id }) => id), isCut: next_cursor !== null }
}
