import type { HookCall, ListenContext } from '../domain/channel.js'
import { twilioOutsideSession } from './twilio-api.js'
import { readTwilioCall, readTwilioStatus } from './twilio-hook.js'
import { placeOf } from './whatsapp-session.js'
import type { WhatsappSettings } from './whatsapp-settings.js'

/**
 * One call of Twilio to the hook of a WhatsApp channel: what became of a message, or a message of a reader, when the
 * hook is also the sender's "webhook for incoming messages". A reader who writes may be written to freely; one whom
 * Twilio then refuses free text may not, whatever was known before.
 */
export async function takeWhatsappTwilioCall(
  call: HookCall,
  settings: WhatsappSettings,
  context: ListenContext,
): Promise<boolean> {
  const read = readTwilioCall(call, settings, context)
  if (read === null) return false
  const { fields } = read
  const from = readNumber(fields.get('From'))
  if (!read.query.has('delivery')) {
    if (from !== null) await context.onSession(placeOf(from, settings), true)
    return true
  }
  const to = readNumber(fields.get('To'))
  const isClosed = Number(fields.get('ErrorCode') ?? 0) === twilioOutsideSession
  if (isClosed && to !== null) await context.onSession(placeOf(to, settings), false)
  const result = readTwilioStatus(read)
  if (result !== null) await context.onResult(result)
  return true
}

/** `whatsapp:+4915112345678` */
function readNumber(text: string | null): string | null {
  return /^whatsapp:(\+[1-9]\d{4,19})$/.exec(text ?? '')?.[1] ?? null
}
