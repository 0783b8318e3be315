import type { MiddlewareHandler } from 'hono'
import { ApiError } from '../domain/errors.js'

const lengthMax = 16_000

/** Refuses an address that is too long, or whose percent-encoding says nothing: it would be read as something else. */
export const checkAddress: MiddlewareHandler = async (c, next) => {
  const { url } = c.req
  if (url.length > lengthMax) throw new ApiError(414, 'too_long', `the address has more than ${lengthMax} characters`)
  const { pathname, search } = new URL(url)
  if (!decodes(pathname) || !decodes(search)) {
    throw new ApiError(400, 'bad_request', 'the address is not percent-encoded as UTF-8', 'write % as %25')
  }
  await next()
}

function decodes(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
