import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { ApiError } from '../../domain/errors.js'

const formBytesMax = 20_000

/** The fields of a form, as browsers send it without scripts (HTML, section 4.10.21.7). */
export async function readFields(c: Context): Promise<(name: string) => string> {
  const fields = new URLSearchParams(await c.req.text())
  return (name) => fields.get(name) ?? ''
}

export function limitForm(): MiddlewareHandler {
  return bodyLimit({
    maxSize: formBytesMax,
    onError: () => {
      throw new ApiError(413, 'too_large', 'the form is too large')
    },
  })
}
