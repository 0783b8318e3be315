import { OutboundError } from '../domain/errors.js'

type Kind = OutboundError['kind']

/** Method and host, for error texts. Never the path or the query: Telegram, Slack and others keep their token there. */
export function describeTarget(method: string, url: URL): string {
  return `${method} ${url.host}`
}

/**
 * What went wrong, in one class and in words. The original error is not kept as `cause`: those of undici and Node carry
 * URLs and headers.
 */
export function toOutboundError(
  error: unknown,
  facts: { target: string; phase: 'before' | 'after'; signal: AbortSignal },
): OutboundError {
  if (error instanceof OutboundError)
    return new OutboundError(error.kind, error.phase, `${facts.target}: ${error.message}`)
  const { kind, words } = facts.signal.aborted ? explainAbort(facts.signal.reason) : explain(error)
  return new OutboundError(kind, facts.phase, `${facts.target}: ${words}`)
}

function explainAbort(reason: unknown): { kind: Kind; words: string } {
  const timedOut = reason instanceof Error && reason.name === 'TimeoutError'
  return timedOut ? { kind: 'timeout', words: 'no answer in time' } : { kind: 'aborted', words: 'the call was aborted' }
}

const kindsByCode: Record<string, { kind: Kind; words: string }> = {
  ENOTFOUND: { kind: 'dns', words: 'the host name does not resolve' },
  EAI_AGAIN: { kind: 'dns', words: 'name resolution failed for now' },
  ENODATA: { kind: 'dns', words: 'the host name has no address' },
  ECONNREFUSED: { kind: 'refused', words: 'connection refused' },
  EHOSTUNREACH: { kind: 'refused', words: 'host unreachable' },
  ENETUNREACH: { kind: 'refused', words: 'network unreachable' },
  EADDRNOTAVAIL: { kind: 'refused', words: 'address not available' },
  ETIMEDOUT: { kind: 'timeout', words: 'connection timed out' },
  UND_ERR_CONNECT_TIMEOUT: { kind: 'timeout', words: 'connection timed out' },
  ECONNRESET: { kind: 'reset', words: 'connection reset' },
  EPIPE: { kind: 'reset', words: 'connection closed by the other side' },
  UND_ERR_SOCKET: { kind: 'reset', words: 'connection closed by the other side' },
  UND_ERR_INVALID_ARG: { kind: 'invalid', words: 'the request is not valid HTTP' },
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: { kind: 'invalid', words: 'content-length does not fit the body' },
  UND_ERR_CLOSED: { kind: 'aborted', words: 'the client is closed' },
  UND_ERR_DESTROYED: { kind: 'aborted', words: 'the client is closed' },
}

const tlsCode = /^(?:ERR_TLS|ERR_SSL|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|EPROTO|HOSTNAME_MISMATCH)/

/** An unknown failure counts as a reset: the phase decides whether a repeat is safe, the kind only names it. */
function explain(error: unknown): { kind: Kind; words: string } {
  const code = readCode(error)
  const known = kindsByCode[code]
  if (known) return { kind: known.kind, words: `${known.words} (${code})` }
  if (tlsCode.test(code)) return { kind: 'tls', words: `TLS failed (${code})` }
  if (code.startsWith('HPE_')) return { kind: 'reset', words: `the answer is not HTTP (${code})` }
  if (code.startsWith('UND_ERR_INVALID') || error instanceof TypeError)
    return { kind: 'invalid', words: 'the request is not valid HTTP' }
  return { kind: 'reset', words: code === '' ? 'the connection failed' : `the connection failed (${code})` }
}

function readCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
