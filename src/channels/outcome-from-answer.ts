import { STATUS_CODES } from 'node:http'
import type { Form, HttpAnswer, Outcome, WaitScope } from '../domain/channel.js'
import { OutboundError } from '../domain/errors.js'
import { cutText } from './cut-text.js'
import { readWait, type WaitHint } from './read-wait.js'
import { redactText } from './redact-text.js'

/** What a channel knows beside the answer. */
export interface OutcomeFacts {
  /** Unix milliseconds, for `Retry-After` dates. */
  now: number
  /** True when the vendor drops a repeat with the same key, so that a lost answer may simply be repeated. */
  idempotent: boolean
  /** What has to wait when the vendor says so. */
  waitScope: WaitScope
  /** Where the vendor says how long, beside `Retry-After`. */
  waitHints?: readonly WaitHint[]
  secrets: readonly (string | undefined)[]
}

/** More of an answer than this tells nobody anything. */
const bodyShownMax = 300

/** The one place where an HTTP status becomes a decision. A channel asks its vendor's table first, then this. */
export function outcomeFromAnswer(answer: HttpAnswer, facts: OutcomeFacts): Outcome {
  const { status } = answer
  if (status >= 200 && status < 300) {
    return { kind: 'accepted', remote: {}, statusCode: status, text: describeAnswer(answer, facts.secrets) }
  }
  if ([408, 409, 425, 429].includes(status) || status >= 500) return transientFromAnswer(answer, facts)
  return permanentFromAnswer(answer, scopeOfStatus(status), facts)
}

/** For an answer that the vendor's table calls temporary, whatever its status. */
export function transientFromAnswer(answer: HttpAnswer, facts: OutcomeFacts): Outcome {
  const waitMs = readWait(answer, facts.now, facts.waitHints ?? [])
  const text = describeAnswer(answer, facts.secrets)
  return { kind: 'transient', waitMs, waitScope: facts.waitScope, statusCode: answer.status, text }
}

/** For an answer that the vendor's table calls final. */
export function permanentFromAnswer(
  answer: HttpAnswer,
  scope: 'message' | 'address' | 'channel',
  facts: OutcomeFacts,
): Outcome {
  return { kind: 'permanent', scope, statusCode: answer.status, text: describeAnswer(answer, facts.secrets) }
}

/** For an answer that calls the message too long: once more, shorter; then never. */
export function tooLongFromAnswer(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome {
  if (form === 'short') return permanentFromAnswer(answer, 'message', facts)
  return { kind: 'degrade', to: 'short', statusCode: answer.status, text: describeAnswer(answer, facts.secrets) }
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

function describeAnswer(answer: HttpAnswer, secrets: OutcomeFacts['secrets']): string {
  const words = STATUS_CODES[answer.status]
  const head = `HTTP ${answer.status}${words ? ` ${words}` : ''}`
  // Cut only afterwards: half a secret would not be found, and is one all the same.
  const body = cutText(redactText(answer.text, secrets), bodyShownMax, 'utf16')
  return body === '' ? head : `${head}: ${body}`
}
