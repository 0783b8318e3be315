import type { ChannelContext, HttpAnswer, HttpCall, Outcome } from '../domain/channel.js'
import { type OutcomeFacts, outcomeFromAnswer, outcomeFromError } from './outcome-from-answer.js'

/** One call of a vendor's API; the body is `json` or `form`. */
export interface VendorCall {
  method?: HttpCall['method']
  url: string
  headers?: Record<string, string>
  json?: unknown
  form?: Record<string, string>
}

/**
 * Calls a vendor and gives what became of it: by the vendor's own table where `read` knows the answer, else by the
 * status.
 */
export async function callVendor(
  call: VendorCall,
  context: ChannelContext,
  facts: OutcomeFacts,
  read: (answer: HttpAnswer) => Outcome | null,
): Promise<Outcome> {
  try {
    const answer = await context.request({ ...encodeCall(call), signal: context.signal })
    return read(answer) ?? outcomeFromAnswer(answer, facts)
  } catch (error) {
    return outcomeFromError(error, facts)
  }
}

function encodeCall({ method = 'POST', url, headers, json, form }: VendorCall): HttpCall {
  if (json !== undefined) {
    return { method, url, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) }
  }
  if (form === undefined) return { method, url, headers: { ...headers } }
  const type = { 'content-type': 'application/x-www-form-urlencoded' }
  return { method, url, headers: { ...type, ...headers }, body: new URLSearchParams(form).toString() }
}

/** For a vendor that says 2xx in words that are not its own: a proxy or another server may have answered. */
export function strangeAnswer(vendor: string): Outcome {
  return { kind: 'unknown', text: `the answer was not one of ${vendor}` }
}

/** For a change of a message nobody knows the id of. */
export const unknownMessage: Outcome = {
  kind: 'permanent',
  scope: 'message',
  statusCode: null,
  text: 'it is not known which message was sent',
}

/** For an address that is missing, or that this kind cannot send to. */
export function wrongAddress(text: string): Outcome {
  return { kind: 'permanent', scope: 'address', statusCode: null, text }
}
