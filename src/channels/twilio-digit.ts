import { createHmac } from 'node:crypto'
import type { HookCall, ListenContext } from '../domain/channel.js'
import { StoreError } from '../domain/errors.js'
import { isSame } from './is-same.js'
import type { TwilioAccount } from './twilio-api.js'

/** The key that the prompt names. */
const acknowledgeDigit = '1'

/**
 * One call of Twilio to our hook: a key was pressed during a call (TwiML, `<Gather>`). The query has what is
 * acknowledged, `Digits` the key, `To` the number that was called. Refused without a valid signature. Twilio reads the
 * plain text of our answer out to who is on the phone.
 */
export async function takeDigit(
  { headers, query, body }: HookCall,
  { account_sid, auth_token }: TwilioAccount,
  { hookUrl, onPress }: ListenContext,
): Promise<boolean | string> {
  if (hookUrl === null || auth_token === undefined) return false
  const fields = new URLSearchParams(body)
  const signature = signTwilioCall(`${hookUrl}${query}`, fields, auth_token)
  if (!isSame(headers['x-twilio-signature'] ?? '', signature)) return false
  const data = new URLSearchParams(query).get('ack')
  const address = fields.get('To')
  if (fields.get('AccountSid') !== account_sid || data === null || address === null) return false
  if (fields.get('Digits') !== acknowledgeDigit) return 'This key does nothing.'
  try {
    return await onPress({ data, address, by: `twilio_voice:${address}` })
  } catch (error) {
    if (error instanceof StoreError) return 'This could not be kept just now.'
    throw error
  }
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
