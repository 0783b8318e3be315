import { z } from 'zod'
import type { HttpRequest } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'

/** What a guest's `http` gives. Any status is an answer. */
export interface GuestHttpAnswer {
  status: number
  headers: Record<string, string>
  body: string
}

const answerBytesMax = 1024 * 1024
const timeoutMs = 10_000

const guestCall = z.object({
  method: z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']).optional(),
  url: z.string().max(8_192),
  headers: z.record(z.string().max(200), z.string().max(8_192)).optional(),
  body: z.string().max(answerBytesMax).optional(),
})

/**
 * HTTP for guests: only hosts their settings name, 10 s and 1 MB a call, and no redirect is followed, because the next
 * host may be another. Throws an `Error` whose words are for the guest's author.
 */
export async function callAllowedHost(
  given: unknown,
  allowHosts: readonly string[],
  request: HttpRequest,
): Promise<GuestHttpAnswer> {
  const parsed = guestCall.safeParse(given)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw new Error(`http takes { method, url, headers, body }: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
  }
  const url = readUrl(parsed.data.url)
  if (!isAllowedHost(url, allowHosts)) {
    throw new Error(`${url.host} is not in allow_hosts${allowHosts.length === 0 ? ', which is empty' : ''}`)
  }
  try {
    const answer = await request({ ...parsed.data, url: url.href, timeoutMs, maxBytes: answerBytesMax })
    if (answer.truncated) throw new Error(`the answer of ${url.host} has more than ${answerBytesMax} bytes`)
    return { status: answer.status, headers: answer.headers, body: answer.text }
  } catch (error) {
    if (error instanceof OutboundError) throw new Error(error.message)
    throw error
  }
}

function readUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null
  if (!url || !/^https?:$/.test(url.protocol)) throw new Error(`${JSON.stringify(text)} is no http(s) URL`)
  return url
}

/** An entry is a host, `*.` and a domain for all hosts below it, or either with a port. */
export function isAllowedHost(url: URL, allowHosts: readonly string[]): boolean {
  return allowHosts.some((entry) => {
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? []
    const defaultPort = url.protocol === 'https:' ? '443' : '80'
    if (port !== undefined && port !== (url.port || defaultPort)) return false
    return host.startsWith('*.') ? url.hostname.endsWith(host.slice(1)) : url.hostname === host
  })
}
