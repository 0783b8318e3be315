import type { HookCall, ListenContext } from '../domain/channel.js'
import type { LateResult } from '../domain/late-result.js'
import { isSame } from './is-same.js'
import { parseJson } from './parse-json.js'

/** Where Vonage sends the receipts of one message, and by which word they are known: they carry no signature. */
export function receiptUrl(hookUrl: string, hookSecret: string): string {
  return `${hookUrl}?secret=${encodeURIComponent(hookSecret)}`
}

/**
 * One delivery receipt, by GET or POST as the account is set (Vonage, "SMS delivery receipts"). `client-ref` is what we
 * gave the message: the delivery. Refused without the secret of its URL, or for another account.
 */
export async function takeReceipt(
  { query, body }: HookCall,
  { api_key }: { api_key: string },
  { hookSecret, onResult }: Pick<ListenContext, 'hookSecret' | 'onResult'>,
): Promise<boolean> {
  const inUrl = new URLSearchParams(query)
  if (!isSame(inUrl.get('secret') ?? '', hookSecret)) return false
  const fields = readFields(inUrl, body)
  if ((fields.get('api-key') ?? api_key) !== api_key) return false
  const result = readReceipt(fields)
  if (result !== null) await onResult(result)
  return true
}

function readFields(query: URLSearchParams, body: string): Map<string, string> {
  const json = parseJson(body)
  if (typeof json === 'object' && json !== null) {
    return new Map(Object.entries(json).map(([name, value]) => [name, String(value)]))
  }
  return new Map(body === '' ? query : new URLSearchParams(body))
}

/** Null for what is still under way, and for `unknown`, which says nothing. */
function readReceipt(fields: Map<string, string>): LateResult | null {
  const deliveryId = fields.get('client-ref')
  const id = fields.get('messageId') ?? fields.get('message-id')
  const status = fields.get('status') ?? ''
  if (deliveryId === undefined || id === undefined) return null
  const remote = { name: 'message_id', id }
  if (status === 'delivered') {
    return { deliveryId, remote, outcome: { kind: 'delivered', text: status } }
  }
  if (!['failed', 'rejected', 'expired', 'deleted'].includes(status)) return null
  const code = fields.get('err-code') ?? ''
  const text = code === '' ? status : `${status}, error ${code}${describeCode(code)}`
  const passes = transientCodes.has(code) || (status === 'expired' && !scopeOfCode.has(code))
  const outcome: LateResult['outcome'] = passes
    ? { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
    : { kind: 'permanent', scope: scopeOfCode.get(code)?.[0] ?? 'message', statusCode: null, text }
  return { deliveryId, remote, outcome }
}

function describeCode(code: string): string {
  const words = scopeOfCode.get(code)?.[1] ?? transientCodes.get(code)
  return words === undefined ? '' : ` (${words})`
}

/** Vonage Support, "Vonage SMS Delivery Error Codes and Descriptions": what it says to try again, or gives no reason for. */
const transientCodes = new Map([
  ['1', 'no reason known'],
  ['2', 'the phone is off or out of reach'],
  ['7', 'the phone is busy'],
  ['8', 'network error'],
  ['99', 'general error'],
])

/** The same table: what stays as it is. */
const scopeOfCode = new Map<string, ['message' | 'address' | 'channel', string]>([
  ['3', ['address', 'the number is no longer in use']],
  ['4', ['address', 'barred by the user']],
  ['5', ['address', 'a problem of number portability']],
  ['6', ['message', 'taken for spam']],
  ['9', ['address', 'the user wants no such messages']],
  ['10', ['message', 'a parameter is wrong']],
  ['11', ['address', 'no route']],
  ['12', ['address', 'the destination cannot be reached']],
  ['13', ['address', 'age restriction']],
  ['14', ['address', 'blocked by the carrier']],
  ['15', ['address', 'no credit on a prepaid phone']],
  ['50', ['channel', 'entity filter']],
  ['51', ['channel', 'header filter']],
  ['52', ['message', 'content filter']],
  ['53', ['address', 'consent filter']],
  ['54', ['channel', 'regulation']],
])
