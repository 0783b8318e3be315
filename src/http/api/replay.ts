import { z } from '@hono/zod-openapi'
import { mailStatuses } from '../../domain/delivery.js'
import { ApiError } from '../../domain/errors.js'
import { compareOutcomes, type ReplayDifference } from '../../engine/compare-outcomes.js'
import type { EngineCalls } from '../../engine/engine-calls.js'
import { timeQuery } from './query.js'
import { readSearch, searchQuery } from './search.js'

const mailsMax = 1_000
/** Each mail of a dry run is routed while the caller waits, and may ask an LLM. */
const dryRunMax = 100

const selection = {
  status: z.enum(mailStatuses).optional(),
  search: searchQuery.optional(),
  route: z.string().max(200).optional(),
  since: timeQuery.optional(),
  until: timeQuery.optional(),
}

export const replayBody = z
  .object({
    ids: z.array(z.string().max(64)).min(1).max(mailsMax).optional(),
    ...selection,
    /** Of a selection: how many at most, and where the call before ended. */
    limit: z.number().int().min(1).max(mailsMax).default(dryRunMax),
    cursor: z.string().max(64).optional(),
    dry_run: z.boolean().default(false),
  })
  .refine(isOneChoice, 'either "ids", or one or more of status, search, route, since and until')

export type ReplayBody = z.infer<typeof replayBody>

export type ReplayAnswer =
  | { replayed: number; next_cursor: string | null }
  | { items: ReplayDifference[]; next_cursor: string | null }

/** Routes mails again, the oldest first; or, in a dry run, says for each what would be different. */
export async function replay(calls: EngineCalls, body: ReplayBody, actor: string): Promise<ReplayAnswer> {
  if (body.dry_run && (body.ids?.length ?? 0) > dryRunMax) {
    throw new ApiError(400, 'bad_request', `a dry run takes at most ${dryRunMax} mails at a time`)
  }
  const { ids, next_cursor } = await choose(calls, body)
  if (!body.dry_run) {
    return { replayed: ids.length === 0 ? 0 : await calls.replayMails(ids, actor), next_cursor }
  }
  const items: ReplayDifference[] = []
  for (const id of ids) {
    const before = await calls.readMail(id)
    if (before) items.push(compareOutcomes(before, await calls.explainMail(id)))
    else if (body.ids) throw new ApiError(404, 'not_found', `there is no mail ${id}`)
  }
  return { items, next_cursor }
}

async function choose(calls: EngineCalls, body: ReplayBody): Promise<{ ids: string[]; next_cursor: string | null }> {
  if (body.ids) return { ids: [...new Set(body.ids)], next_cursor: null }
  const { status, search, route, since, until, cursor, dry_run } = body
  const limit = dry_run ? Math.min(body.limit, dryRunMax) : body.limit
  const filter = { status, query: readSearch(search), route, since, until, cursor, limit, oldestFirst: true }
  const { items, next_cursor } = await calls.listMails(filter)
  return { ids: items.map(({ id }) => id), next_cursor }
}

function isOneChoice({ ids, status, search, route, since, until }: Record<string, unknown>): boolean {
  const isSelected = [status, search, route, since, until].some((value) => value !== undefined)
  return (ids !== undefined) !== isSelected
}
