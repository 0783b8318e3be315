import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'
import { parseDuration } from '../../domain/units.js'

const limitDefault = 50
const limitMax = 1_000

/** `limit` and `cursor` of a listing. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(limitMax).default(limitDefault),
  cursor: z.string().max(64).optional().describe('`next_cursor` of the page before.'),
}

/** What a path names. */
export const idParam = z.object({ id: z.string().min(1).max(64) })
export const nameParam = z.object({ name: z.string().min(1).max(200) })

/** A point in time: ISO, or a duration like `2h` that counts back from now. Milliseconds since the epoch. */
export const timeQuery = z
  .string()
  .max(64)
  .transform((text, context) => {
    const agoMs = parseDuration(text)
    const at = agoMs === null ? Date.parse(text) : Date.now() - agoMs
    if (Number.isNaN(at)) {
      context.addIssue({ code: 'custom', message: 'an ISO time, or a duration like 2h' })
      return z.NEVER
    }
    return at
  })
  .describe('An ISO time, or a duration like `2h` that counts back from now.')

/** A yes or no in a query string. */
export const flagQuery = z.enum(['true', 'false']).transform((word) => word === 'true')

/** Reads a JSON body by a schema. An empty body counts as `{}`. */
export async function readJson<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.infer<Schema>> {
  const text = await c.req.text()
  let value: unknown = {}
  try {
    if (text.trim() !== '') value = JSON.parse(text)
  } catch {
    throw new ApiError(400, 'bad_json', 'the body is not JSON')
  }
  return check(schema.safeParse(value))
}

function check<Value>(result: z.ZodSafeParseResult<Value>): Value {
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new ApiError(400, 'bad_request', `${issue?.path.join('.') || 'request'}: ${issue?.message ?? 'is invalid'}`)
}
