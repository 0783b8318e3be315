import type { Context } from 'hono'
import { ApiError } from '../../domain/errors.js'

/** The body as the bytes of a mail. Throws `ApiError` 400 when there is none. */
export async function readMailBody(c: Context): Promise<Uint8Array> {
  const raw = new Uint8Array(await c.req.arrayBuffer())
  if (raw.byteLength === 0) throw new ApiError(400, 'bad_request', 'the body is the raw mail, and it is empty')
  return raw
}

/** `a, b` → `['a', 'b']` */
export function splitList(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean)
}
