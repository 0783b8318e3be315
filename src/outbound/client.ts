import dns from 'node:dns'
import { setMaxListeners } from 'node:events'
import { Agent, type Dispatcher } from 'undici'
import type { HttpAnswer, HttpCall, HttpRequest, ResolveHost } from '../domain/channel.js'
import type { NetworkPolicy } from '../domain/config.js'
import { OutboundError } from '../domain/errors.js'
import type { Lookup } from './allowed-addresses.js'
import { describeTarget, toOutboundError } from './failures.js'
import { toFetch } from './fetch.js'
import { guardConnector } from './guarded-connector.js'
import { type CheckAddress, compileNetworkPolicy } from './network-policy.js'
import { noteStart } from './note-start.js'
import { resolveAllowed } from './resolve-host.js'

export interface Outbound {
  /** One HTTP call. Throws `OutboundError` only; see `HttpCall` for limits and their defaults. */
  request: HttpRequest
  /** `request` behind the WHATWG interface, for vendor libraries. Reads the whole answer, at most 4 MB of it. */
  fetch: typeof fetch
  /** The same policy for protocols other than HTTP; takes at most `connectTimeoutMs`. */
  resolveHost: ResolveHost
  /** From now on, connections are checked by this policy; calls under way end by the old one. */
  setPolicy: (policy: NetworkPolicy) => void
  /** Waits for the calls under way, then closes every connection. */
  close: () => Promise<void>
}

export interface OutboundOptions {
  policy: NetworkPolicy
  userAgent: string
  /** Time for name resolution, TCP and TLS. Default 5,000. */
  connectTimeoutMs?: number
  /** `dns.lookup` when left out. */
  lookup?: Lookup
}

const connectTimeoutMsDefault = 5_000
const timeoutMsDefault = 15_000
const maxBytesDefault = 65_536
const connectionsPerOriginMax = 32
const keepAliveMs = 30_000

/** The one HTTP client of the program: keep-alive pools, timeouts, byte limits, network policy at connect time. */
export function createOutbound(options: OutboundOptions): Outbound {
  const connectTimeoutMs = options.connectTimeoutMs ?? connectTimeoutMsDefault
  const lookup: Lookup = options.lookup ?? dns.lookup
  let check = compileNetworkPolicy(options.policy)
  let agent = createAgent(check, lookup, connectTimeoutMs)
  const closing = new Set<Promise<void>>()

  const request: HttpRequest = (call) => callWithDeadline(() => agent, options.userAgent, call)

  return {
    request,
    fetch: toFetch(request),
    resolveHost(host, port, signal) {
      const deadline = AbortSignal.timeout(connectTimeoutMs)
      const until = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
      return resolveAllowed(host, port, check, lookup, until)
    },
    setPolicy(policy) {
      // A pool's open connections were checked by the old policy, so the whole agent is replaced.
      const closed = agent.close().finally(() => closing.delete(closed))
      closing.add(closed)
      check = compileNetworkPolicy(policy)
      agent = createAgent(check, lookup, connectTimeoutMs)
    },
    async close() {
      await Promise.all([...closing, agent.close()])
    },
  }
}

function createAgent(check: CheckAddress, lookup: Lookup, connectTimeoutMs: number): Agent {
  return new Agent({
    connect: guardConnector(check, lookup, connectTimeoutMs),
    connections: connectionsPerOriginMax,
    keepAliveTimeout: keepAliveMs,
    // The deadline of the whole call covers both, and a second timer per request would cost more than it tells.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
}

/** Runs one call, its redirects included, under one deadline and the caller's signal. */
async function callWithDeadline(currentAgent: () => Agent, userAgent: string, call: HttpCall): Promise<HttpAnswer> {
  const timeoutMs = call.timeoutMs ?? timeoutMsDefault
  const aborter = new AbortController()
  const timer = setTimeout(
    () => aborter.abort(new DOMException(`no answer in ${timeoutMs} ms`, 'TimeoutError')),
    timeoutMs,
  )
  const forwardAbort = () => aborter.abort(call.signal?.reason)
  // One long-lived signal may rightly stop hundreds of calls; Node takes more than ten listeners for a leak.
  if (call.signal instanceof AbortSignal) setMaxListeners(0, call.signal)
  if (call.signal?.aborted) forwardAbort()
  call.signal?.addEventListener('abort', forwardAbort, { once: true })
  try {
    return await followRedirects(currentAgent, userAgent, call, aborter.signal)
  } finally {
    clearTimeout(timer)
    call.signal?.removeEventListener('abort', forwardAbort)
  }
}

async function followRedirects(
  currentAgent: () => Agent,
  userAgent: string,
  call: HttpCall,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  let hop = firstHop(call, userAgent)
  for (let followed = 0; ; followed++) {
    const answer = await callOnce(currentAgent(), hop, call.maxBytes ?? maxBytesDefault, signal)
    const location = answer.headers.location
    const isRedirect = [301, 302, 303, 307, 308].includes(answer.status) && location !== undefined
    if (!isRedirect || followed >= (call.maxRedirects ?? 0)) return answer
    hop = nextHop(hop, location, answer.status)
  }
}

interface Hop {
  method: NonNullable<HttpCall['method']>
  url: URL
  headers: Record<string, string>
  body: string | Uint8Array | undefined
}

function firstHop(call: HttpCall, userAgent: string): Hop {
  const method = call.method ?? (call.body === undefined ? 'GET' : 'POST')
  const url = parseUrl(call.url, undefined, method)
  const headers: Record<string, string> = { 'user-agent': userAgent }
  for (const [name, value] of Object.entries(call.headers ?? {})) headers[name.toLowerCase()] = value
  // Byte limits count what arrives, so nothing may grow while it is unpacked.
  headers['accept-encoding'] = 'identity'
  if (url.username !== '' || url.password !== '') headers.authorization ??= basicAuthorization(url, method)
  return { method, url, headers, body: call.body }
}

/** Headers that carry nothing secret; all others stay with the origin they were meant for. */
const headersForAnyOrigin = new Set(['user-agent', 'accept-encoding', 'accept', 'accept-language', 'content-type'])

/** 301, 302 and 303 make a POST a GET, 307 and 308 keep it (RFC 9110 section 15.4). */
function nextHop(hop: Hop, location: string, status: number): Hop {
  const url = parseUrl(location, hop.url, hop.method)
  const dropsBody = status === 303 ? hop.method !== 'HEAD' : status <= 302 && hop.method === 'POST'
  const sameOrigin = url.origin === hop.url.origin
  const headers = Object.fromEntries(
    Object.entries(hop.headers).filter(
      ([name]) => (sameOrigin || headersForAnyOrigin.has(name)) && !(dropsBody && name === 'content-type'),
    ),
  )
  return { method: dropsBody ? 'GET' : hop.method, url, headers, body: dropsBody ? undefined : hop.body }
}

async function callOnce(agent: Agent, hop: Hop, maxBytes: number, signal: AbortSignal): Promise<HttpAnswer> {
  let started = false
  const dispatcher = agent.compose(
    noteStart(() => {
      started = true
    }),
  )
  try {
    signal.throwIfAborted()
    const response = await dispatcher.request({
      origin: hop.url.origin,
      path: `${hop.url.pathname}${hop.url.search}`,
      method: hop.method,
      headers: hop.headers,
      body: hop.body ?? null,
      signal,
    })
    const { text, truncated } = await readBody(response.body, maxBytes)
    return { status: response.statusCode, headers: joinHeaders(response.headers), text, truncated }
  } catch (error) {
    throw toOutboundError(error, {
      target: describeTarget(hop.method, hop.url),
      phase: started ? 'after' : 'before',
      signal,
    })
  }
}

/** Reads up to `maxBytes`; leaving the loop early destroys the body and with it the connection. */
async function readBody(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
): Promise<{ text: string; truncated: boolean }> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    size += chunk.byteLength
    if (size > maxBytes) break
  }
  const bytes = Buffer.concat(chunks, Math.min(size, maxBytes))
  return { text: new TextDecoder().decode(bytes), truncated: size > maxBytes }
}

function joinHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const joined: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) joined[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return joined
}

/** The error never repeats what was given: a URL may hold a token even when it is not a URL. */
function parseUrl(text: string, base: URL | undefined, method: string): URL {
  if (!URL.canParse(text, base?.href)) throw new OutboundError('invalid', 'before', `${method}: the URL is not valid`)
  const url = new URL(text, base)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    throw new OutboundError(
      'invalid',
      'before',
      `${method}: only http and https URLs can be called, not ${url.protocol}`,
    )
  }
  return url
}

function basicAuthorization(url: URL, method: string): string {
  try {
    const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
    return `Basic ${Buffer.from(credentials).toString('base64')}`
  } catch {
    throw new OutboundError(
      'invalid',
      'before',
      `${method} ${url.host}: the credentials in the URL are not percent-encoded`,
    )
  }
}
