import { createHmac } from 'node:crypto'
import type { HookCall, ListenContext } from '../domain/channel.js'
import type { LateResult } from '../domain/late-result.js'
import { isSame } from './is-same.js'
import { type TwilioAccount, twilioOutsideSession } from './twilio-api.js'
import { twilioScopeOfCode, twilioTransientCodes } from './twilio-codes.js'

/** A call of Twilio that was verified. */
export interface TwilioCall {
  query: URLSearchParams
  fields: URLSearchParams
}

/** Null for whatever Twilio did not sign for this account. */
export function readTwilioCall(
  { headers, query, body }: HookCall,
  { account_sid, auth_token }: TwilioAccount,
  { hookUrl }: Pick<ListenContext, 'hookUrl'>,
): TwilioCall | null {
  if (hookUrl === null || auth_token === undefined) return null
  const fields = new URLSearchParams(body)
  const signature = signTwilioCall(`${hookUrl}${query}`, fields, auth_token)
  if (!isSame(headers['x-twilio-signature'] ?? '', signature)) return null
  return fields.get('AccountSid') === account_sid ? { query: new URLSearchParams(query), fields } : null
}

/**
 * Base64 of HMAC-SHA1 over the whole URL and, sorted by name, each field's name and value (Twilio, "Security:
 * validating requests").
 */
export function signTwilioCall(url: string, fields: URLSearchParams, authToken: string): string {
  const sorted = [...fields].sort(([one], [other]) => (one < other ? -1 : Number(one > other)))
  const signed = [url, ...sorted.map(([name, value]) => `${name}${value}`)].join('')
  return createHmac('sha1', authToken).update(signed).digest('base64')
}

/** Without the token of the account nobody can tell Twilio's calls from forged ones. */
export function canHearTwilio({ auth_token }: TwilioAccount): boolean {
  return auth_token !== undefined
}

/** For kinds whose hook hears nothing but what became of messages. */
export async function takeTwilioStatus(
  call: HookCall,
  account: TwilioAccount,
  context: ListenContext,
): Promise<boolean> {
  const read = readTwilioCall(call, account, context)
  if (read === null) return false
  const result = readTwilioStatus(read)
  if (result !== null) await context.onResult(result)
  return true
}

/**
 * What a status callback says of a message or a call (Twilio, "Outbound message status" and "Call status callbacks"),
 * or null while it is under way. A call that nobody answers is worth another one.
 */
export function readTwilioStatus({ query, fields }: TwilioCall): LateResult | null {
  const deliveryId = query.get('delivery')
  const id = fields.get('MessageSid') ?? fields.get('CallSid')
  const status = fields.get('MessageStatus') ?? fields.get('CallStatus') ?? ''
  if (deliveryId === null || id === null) return null
  const outcome = outcomeOfStatus(status, fields)
  return outcome === null ? null : { deliveryId, remote: { name: 'sid', id }, outcome }
}

function outcomeOfStatus(status: string, fields: URLSearchParams): LateResult['outcome'] | null {
  switch (status) {
    case 'delivered':
    case 'read':
    case 'completed':
      return { kind: 'delivered', text: status }
    case 'busy':
    case 'no-answer':
      return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text: status }
    case 'canceled':
      return { kind: 'permanent', scope: 'message', statusCode: null, text: 'cancelled at Twilio' }
    case 'undelivered':
    case 'failed':
      return outcomeOfFailure(status, fields)
    default:
      return null
  }
}

function outcomeOfFailure(status: string, fields: URLSearchParams): LateResult['outcome'] {
  const code = Number(fields.get('ErrorCode') ?? 0)
  const words = fields.get('ErrorMessage') ?? fields.get('ChannelStatusMessage') ?? ''
  const text = [status, code === 0 ? '' : code, words].filter((part) => part !== '').join(' ')
  // Outside a session the template goes next, and a call without a code failed on its way.
  const mayPass = twilioTransientCodes.has(code) || code === twilioOutsideSession || fields.has('CallSid')
  const scope = twilioScopeOfCode.get(code)
  if (scope === undefined && mayPass) {
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
  }
  return { kind: 'permanent', scope: scope ?? 'message', statusCode: null, text }
}
