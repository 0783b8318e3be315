import type { Context } from 'hono'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.js'

/** Reads a form by a schema; what does not fit is an `ApiError` that names the field. Files need `readUpload`. */
export async function readForm<Schema extends z.ZodType>(c: Context, schema: Schema): Promise<z.infer<Schema>> {
  const form = await c.req.formData().catch(() => {
    throw new ApiError(400, 'bad_request', 'the form cannot be read')
  })
  const values: Record<string, string | string[]> = {}
  for (const name of new Set(form.keys())) {
    const texts = form.getAll(name).filter((value) => typeof value === 'string')
    values[name] = texts.length === 1 ? (texts[0] ?? '') : texts
  }
  return readBy(schema.safeParse(values))
}

/** Reads the query of a page by a schema; what is given several times is a list. */
export function readPageQuery<Schema extends z.ZodType>(c: Context, schema: Schema): z.infer<Schema> {
  const given = Object.entries(c.req.queries())
  return readBy(
    schema.safeParse(Object.fromEntries(given.map(([name, texts]) => [name, texts.length > 1 ? texts : texts[0]]))),
  )
}

/** An empty field of a form is a field that was not filled in. */
export const filledIn = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

function readBy<Value>(result: z.ZodSafeParseResult<Value>): Value {
  if (result.success) return result.data
  const issue = result.error.issues[0]
  throw new ApiError(400, 'bad_request', `${issue?.path.join('.') || 'form'}: ${issue?.message ?? 'is invalid'}`)
}
