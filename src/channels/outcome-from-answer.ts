import { STATUS_CODES } from 'node:http'
import type { HttpAnswer, Outcome, WaitScope } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { redactText } from './redact-text.js'

/** What a channel knows beside the answer. */
export interface OutcomeFacts {
  /** Unix milliseconds, for `Retry-After` dates. */
  now: number
  /** True when the vendor drops a repeat with the same key, so that a lost answer may simply be repeated. */
  idempotent: boolean
  /** What has to wait when the vendor says so. */
  waitScope: WaitScope
  secrets: readonly (string | undefined)[]
}

const waitMsMin = 1_000
const waitMsMax = 6 * 3_600_000

/** The one place where an HTTP status becomes a decision. A channel asks its vendor's table first, then this. */
export function outcomeFromAnswer(answer: HttpAnswer, facts: OutcomeFacts): Outcome {
  const { status } = answer
  const text = describeAnswer(answer, facts.secrets)
  if (status >= 200 && status < 300) return { kind: 'accepted', remote: {}, statusCode: status, text }
  if ([408, 409, 425, 429].includes(status) || status >= 500) {
    const waitMs = readRetryAfter(answer.headers['retry-after'], facts.now)
    return { kind: 'transient', waitMs, waitScope: facts.waitScope, statusCode: status, text }
  }
  return { kind: 'permanent', scope: scopeOfStatus(status), statusCode: status, text }
}

/** A redirect means that the URL in the settings is not the right one: no other message would fare better. */
function scopeOfStatus(status: number): 'message' | 'address' | 'channel' {
  if (status < 400 || status === 401 || status === 403 || status === 407) return 'channel'
  return status === 404 || status === 410 ? 'address' : 'message'
}

/**
 * What a call without an answer means. Anything but an `OutboundError` is a fault of this program and is thrown on.
 */
export function outcomeFromError(error: unknown, facts: OutcomeFacts): Outcome {
  if (!(error instanceof OutboundError)) throw error
  const text = redactText(error.message, facts.secrets)
  if (error.kind === 'policy' || (error.kind === 'invalid' && error.phase === 'before')) {
    return { kind: 'permanent', scope: 'channel', statusCode: null, text }
  }
  if (error.phase === 'before' || facts.idempotent) {
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
  }
  return { kind: 'unknown', text }
}

/** Milliseconds from a `Retry-After` header, seconds or HTTP date (RFC 9110 section 10.2.3); null when it says nothing. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  const trimmed = value?.trim() ?? ''
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return clampWait(Number(trimmed) * 1_000)
  // Date.parse takes almost any digits for a date; an HTTP date begins with the name of a day.
  if (!/^[A-Z][a-z]+,? /.test(trimmed)) return null
  const at = Date.parse(trimmed)
  return Number.isNaN(at) ? null : clampWait(at - now)
}

/** Between 1 second and 6 hours, whatever a vendor asks for. */
export function clampWait(ms: number): number {
  return Math.min(waitMsMax, Math.max(waitMsMin, Math.round(ms)))
}

function describeAnswer(answer: HttpAnswer, secrets: OutcomeFacts['secrets']): string {
  const words = STATUS_CODES[answer.status]
  const head = `HTTP ${answer.status}${words ? ` ${words}` : ''}`
  const body = redactText(answer.text.slice(0, 300), secrets)
  return body === '' ? head : `${head}: ${body}`
}
