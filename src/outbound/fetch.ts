import type { HttpAnswer, HttpCall, HttpRequest } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'

const maxBytes = 4_000_000
/** Vendor libraries bring their own, shorter deadline as a signal; this one only ends what they forget. */
const timeoutMs = 120_000
const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const

/**
 * `request` as a WHATWG `fetch`, so that vendor libraries share its pools, limits and network policy. Redirects are not
 * followed. The answer is read whole before the promise resolves; a longer one than 4 MB fails rather than being cut.
 */
export function toFetch(request: HttpRequest): typeof fetch {
  return async (input, init) => {
    // grammY's signal is not Node's AbortSignal, which `Request` insists on; every signal has addEventListener, though.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
    const call = await toCall(input, init, signal)
    try {
      return toResponse(await request(call))
    } catch (error) {
      // Libraries tell "the caller gave up" from "the network failed" by this name; the phase stays in the cause.
      if (signal?.aborted)
        throw Object.assign(new Error('The call was aborted', { cause: error }), { name: 'AbortError' })
      throw error
    }
  }
}

function toResponse(answer: HttpAnswer): Response {
  if (answer.truncated) throw new OutboundError('invalid', 'after', 'the answer is too long')
  if (answer.status < 200 || answer.status > 599) {
    throw new OutboundError('invalid', 'after', `HTTP status ${answer.status} is outside of the standard`)
  }
  const body = [204, 205, 304].includes(answer.status) ? null : answer.text
  return new Response(body, { status: answer.status, headers: answer.headers })
}

async function toCall(
  input: string | URL | Request,
  init: RequestInit | undefined,
  signal: AbortSignal | undefined,
): Promise<HttpCall> {
  const sent = toRequest(input, init)
  const method = methods.find((name) => name === sent.method)
  if (!method) throw new OutboundError('invalid', 'before', `method ${sent.method} is not supported`)
  const headers: Record<string, string> = {}
  sent.headers.forEach((value, name) => {
    headers[name] = value
  })
  const body = sent.body === null ? undefined : new Uint8Array(await sent.arrayBuffer())
  const call: HttpCall = { method, url: sent.url, headers, timeoutMs, maxBytes }
  if (body) call.body = body
  if (signal) call.signal = signal
  return call
}

/** Node's own error would repeat the URL, and with it a token. */
function toRequest(input: string | URL | Request, init: RequestInit | undefined): Request {
  try {
    return new Request(input, { ...init, signal: null })
  } catch {
    throw new OutboundError('invalid', 'before', 'the URL, the method or a header is not valid')
  }
}
