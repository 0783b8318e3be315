import type { HookCall, ListenContext } from '../domain/channel.js'
import { StoreError } from '../domain/errors.js'
import type { TwilioAccount } from './twilio-api.js'
import { readTwilioCall, readTwilioStatus } from './twilio-hook.js'

/** The key that the prompt names. */
const acknowledgeDigit = '1'

/**
 * One call of Twilio to our hook: what became of a phone call, or that a key was pressed during it (TwiML, `<Gather>`).
 * Then the query has what is acknowledged, `Digits` the key, `To` the number that was called, and Twilio reads the plain
 * text of our answer out to who is on the phone. Refused without a valid signature.
 */
export async function takeVoiceCall(
  call: HookCall,
  account: TwilioAccount,
  context: ListenContext,
): Promise<boolean | string> {
  const read = readTwilioCall(call, account, context)
  if (read === null) return false
  const result = readTwilioStatus(read)
  if (result !== null) await context.onResult(result)
  if (read.query.has('delivery')) return true
  const data = read.query.get('ack')
  const address = read.fields.get('To')
  if (data === null || address === null) return false
  if (read.fields.get('Digits') !== acknowledgeDigit) return 'This key does nothing.'
  try {
    return await context.onPress({ data, address, by: `twilio_voice:${address}` })
  } catch (error) {
    if (error instanceof StoreError) return 'This could not be kept just now.'
    throw error
  }
}
