import { z } from 'zod'
import type { Outcome } from '../domain/channel.js'
import { wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { renderSms, segmentsMax } from './dialects/sms.js'
import { outlineMessage } from './outline-message.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { segmentLimit } from './segment-limit.js'
import { textOrNumber } from './settings.js'
import {
  createAtTwilio,
  hasTwilioAuth,
  twilioAccountStep,
  twilioAuthWords,
  twilioFields,
  twilioSecrets,
} from './twilio-api.js'
import { canHearTwilio, takeTwilioStatus } from './twilio-hook.js'
import { withAckLink } from './with-ack-link.js'

/** A number, a short code, or a name of at most 11 characters. */
const sender = textOrNumber(
  z.string().regex(/^(?:\+?\d{3,15}|(?=.*[A-Za-z])[A-Za-z0-9 &+_-]{1,11})$/, 'must be a phone number or a sender name'),
)

const settings = z
  .strictObject({
    ...twilioFields,
    from: sender.optional().describe('A number, short code or name of the account.'),
    messaging_service_sid: z
      .string()
      .regex(/^MG[0-9a-fA-F]{32}$/, 'must be MG and 32 hexadecimal digits')
      .optional()
      .describe('A messaging service, which chooses the sender.'),
    to: phoneNumber.optional().describe('Sends everything to this number, not to people.'),
    max_segments: segmentLimit,
  })
  .refine(hasTwilioAuth, twilioAuthWords)
  .refine(
    ({ from, messaging_service_sid }) => (from === undefined) !== (messaging_service_sid === undefined),
    'needs either from or messaging_service_sid',
  )
type Settings = z.infer<typeof settings>

export const twilioSms = defineChannel<Settings>({
  kind: 'twilio_sms',
  label: 'SMS (Twilio)',
  description: 'Sends text messages through Twilio.',
  guide: {
    steps: [
      twilioAccountStep,
      'Enter a number of the account as the sender, or a messaging service (MG…).',
      'A trial account sends to verified numbers only.',
    ],
    note: 'With `server.http.public_url` set, Twilio says later whether a message arrived, and that counts.',
  },
  settings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ to }) => to ?? null,
  secrets: twilioSecrets,
  capabilities: {
    textMax: segmentsMax,
    textUnit: 'sms_segments',
    dialect: 'sms',
    attachments: false,
    idempotent: false,
  },
  example: {
    settings: { account_sid: 'AC0123456789abcdef0123456789abcdef', auth_token: null, from: '+15005550006' },
    address: '+4915112345678',
  },
  concurrency: 4,
  // What is above a number's own rate waits in a queue at Twilio, four hours long.
  rates: { channel: null, address: null },
  async send(message, address, settings, context): Promise<Outcome> {
    const to = readPhoneNumber(settings.to ?? address)
    if (to === null) return wrongAddress('the address is not a phone number')
    const { messaging_service_sid: service, from = '' } = settings
    const segments = context.form === 'short' ? 1 : settings.max_segments
    const fields = {
      To: to,
      ...(service === undefined ? { From: writeSender(from) } : { MessagingServiceSid: service }),
      Body: renderSms(outlineMessage(withAckLink(message, context)), message.severity, segments),
    }
    return createAtTwilio('Messages', fields, settings, context)
  },
  hearsResults: canHearTwilio,
  takeHook: takeTwilioStatus,
})

/** Short codes and names have no plus. */
function writeSender(from: string): string {
  return /^\d{7,}$/.test(from) ? `+${from}` : from
}
