import { z } from 'zod'
import type { ChannelContext, ListenContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { renderSpoken, spokenMax } from './dialects/spoken.js'
import { renderTwiml } from './dialects/twiml.js'
import { outlineMessage } from './outline-message.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import {
  createAtTwilio,
  hasTwilioAuth,
  twilioAccountStep,
  twilioAuthWords,
  twilioFields,
  twilioSecrets,
} from './twilio-api.js'
import { takeVoiceCall } from './twilio-digit.js'
import { canHearTwilio } from './twilio-hook.js'
import { untilAborted } from './wait.js'

const promptMax = 200

const settings = z
  .strictObject({
    ...twilioFields,
    from: phoneNumber.describe('The number of the account that calls.'),
    to: phoneNumber.optional().describe('Calls this number for everything, not people.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}$/, 'must be a language like en-US')
      .default('en-US')
      .describe('In which the message is read: en-US, de-DE.'),
    voice: z
      .string()
      .regex(/^[\w.-]{1,60}$/, 'must be the name of a voice of Twilio, like Polly.Joanna')
      .optional()
      .describe('A voice of Twilio, like Polly.Joanna.'),
    repeat: z.number().int().min(1).max(5).default(2).describe('How often the message is read.'),
    acknowledge_prompt: z
      .string()
      .min(1)
      .max(promptMax)
      .default('Press 1 to acknowledge.')
      .describe('What is said of the key, in your language.'),
    call_when_resolved: z.boolean().default(false).describe('Calls once more when all is well again.'),
  })
  .refine(hasTwilioAuth, twilioAuthWords)
export type TwilioVoiceSettings = z.infer<typeof settings>

export const twilioVoice = defineChannel<TwilioVoiceSettings>({
  kind: 'twilio_voice',
  label: 'Phone call (Twilio)',
  description: 'Calls through Twilio and reads the message out; a key acknowledges it.',
  guide: {
    steps: [
      twilioAccountStep,
      'Enter a number of the account that can call, with its country: +1….',
      'Set `server.http.public_url`, so that a pressed key reaches this server.',
    ],
    note: 'Answering machines pick up, too: only the key acknowledges.',
  },
  settings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ to }) => to ?? null,
  secrets: twilioSecrets,
  capabilities: {
    textMax: spokenMax,
    textUnit: 'code_points',
    dialect: 'spoken',
    attachments: false,
    idempotent: false,
  },
  acknowledgedBy: 'button',
  example: {
    settings: { account_sid: 'AC0123456789abcdef0123456789abcdef', auth_token: null, from: '+15005550006' },
    address: '+4915112345678',
  },
  concurrency: 2,
  // Twilio, "Calls per second": one a second for an account, unless more is bought.
  rates: { channel: { count: 1, perMs: 1_000 }, address: null },
  send: call,
  async resolve(message, address, settings, context) {
    if (settings.call_when_resolved) return call(message, address, settings, context)
    const text = 'nobody was called: `call_when_resolved` is off'
    return { kind: 'accepted', remote: {}, statusCode: null, text }
  },
  async listen(settings, context) {
    context.onProblem(findProblem(settings, context))
    await untilAborted(context.signal)
  },
  hearsResults: canHearTwilio,
  takeHook: takeVoiceCall,
})

/** That somebody, or a machine, picks up says nothing: only the key acknowledges. */
async function call(
  message: Message,
  address: string | null,
  settings: TwilioVoiceSettings,
  context: ChannelContext,
): Promise<Outcome> {
  const to = readPhoneNumber(settings.to ?? address)
  if (to === null) return wrongAddress('the address is not a phone number')
  const { ack } = context
  const hears = ack !== null && findProblem(settings, context) === null
  const script = {
    spoken: renderSpoken(outlineMessage(message), message.severity),
    times: settings.repeat,
    language: settings.language,
    voice: settings.voice ?? null,
    acknowledge: hears
      ? { prompt: settings.acknowledge_prompt, url: `${context.hookUrl}?ack=${encodeURIComponent(ack.data)}` }
      : null,
  }
  const fields = { To: to, From: readPhoneNumber(settings.from) ?? settings.from, Twiml: renderTwiml(script) }
  const outcome = await createAtTwilio('Calls', fields, settings, context)
  // By it the press of a key is known to come from the phone that was called.
  return outcome.kind === 'accepted' ? { ...outcome, remote: { ...outcome.remote, chat_id: to } } : outcome
}

/** Why no key can be heard, or null. */
function findProblem({ auth_token }: TwilioVoiceSettings, { hookUrl }: Pick<ListenContext, 'hookUrl'>): string | null {
  if (hookUrl === null) return 'keys need `server.http.public_url`, which Twilio can call'
  return auth_token === undefined ? 'keys need `auth_token`, with which Twilio signs its calls' : null
}
