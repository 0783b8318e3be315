import { z } from 'zod'
import type { ChannelContext, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { fillTemplate, templateParameters } from './dialects/whatsapp-template.js'
import { outlineMessage } from './outline-message.js'
import { phoneHint, phoneNumber, readPhoneNumber } from './phone-number.js'
import { baseUrl, textOrNumber } from './settings.js'
import { createAtTwilio, hasTwilioAuth, twilioFields, twilioSecrets, twilioUrl } from './twilio-api.js'
import { sendByCloud } from './whatsapp-cloud.js'
import { withAckLink } from './with-ack-link.js'

/** A template has 1,024 characters once it is filled in; its own words want room, too. */
const valuesMax = 900
const valuesShortMax = 300
/** Twilio takes fewer than Meta does. */
const textMax = { meta: 4_096, twilio: 1_600 }

const settings = z
  .strictObject({
    provider: z.enum(['meta', 'twilio']).default('meta').describe("Meta's Cloud API, or Twilio."),
    access_token: z.string().min(1).max(1_000).optional().describe('At Meta: the token of a system user.'),
    phone_number_id: textOrNumber(z.string().regex(/^\d{5,20}$/, 'must be the digits of the id'))
      .optional()
      .describe('At Meta: the id of the number that sends.'),
    api_version: z
      .string()
      .regex(/^v\d{1,2}\.\d$/, 'must look like v23.0')
      .default('v23.0')
      .describe('The version of the Graph API.'),
    ...twilioFields,
    account_sid: twilioFields.account_sid.optional(),
    base_url: baseUrl.optional(),
    from: phoneNumber.optional().describe('At Twilio: the WhatsApp number that sends.'),
    to: phoneNumber.optional().describe('Sends everything to this number, not to people.'),
    template_name: z
      .string()
      .regex(
        /^(?:[a-z0-9_]{1,512}|HX[0-9a-fA-F]{32})$/,
        'must be the name of a template, or HX and 32 digits at Twilio',
      )
      .optional()
      .describe('The approved template: its name, or its content id (HX…) at Twilio.'),
    language: z
      .string()
      .regex(/^[a-z]{2,3}(?:_[A-Za-z]{2,4})?$/, 'must look like en_US')
      .default('en_US')
      .describe('The language of the template, at Meta.'),
    parameters: z
      .array(z.enum(templateParameters))
      .max(10)
      .default(['title', 'text'])
      .describe("What the variables {{1}}, {{2}} … of the template's body are."),
    /**
     * With `auto` free text goes first, and the template when it is refused at once. WhatsApp takes free text only
     * within 24 hours of the recipient's last message, and may say only later that it did not, so `auto` is for
     * recipients who write every day.
     */
    session: z
      .enum(['auto', 'never'])
      .default('never')
      .describe(
        'With `auto` free text goes first, for recipients who write to the number every day; else the template.',
      ),
  })
  .refine(hasProvider, 'needs access_token and phone_number_id, or the account and from for provider: twilio')
  .refine(({ template_name, session }) => template_name !== undefined || session === 'auto', {
    message: 'without a template only session: auto can send anything',
    path: ['template_name'],
  })
  .refine(
    ({ template_name, provider }) =>
      (template_name?.startsWith('HX') ?? provider === 'twilio') === (provider === 'twilio'),
    {
      message: 'is a name at Meta, and a content id (HX…) at Twilio',
      path: ['template_name'],
    },
  )
type Settings = z.infer<typeof settings>

export const whatsapp = defineChannel<Settings>({
  kind: 'whatsapp',
  label: 'WhatsApp',
  description: "Sends WhatsApp messages by approved templates, through Meta's Cloud API or Twilio.",
  settings,
  address: { schema: phoneNumber, hint: phoneHint },
  destination: ({ to }) => to ?? null,
  secrets: ['access_token', ...twilioSecrets],
  capabilities: { textMax: valuesMax, textUnit: 'utf16', dialect: 'plain', attachments: false, idempotent: false },
  example: {
    settings: { access_token: null, phone_number_id: '106540352242922', template_name: 'alert' },
    address: '+4915112345678',
  },
  concurrency: 8,
  // Meta, "Throughput" and "Pair rate limits": 80 messages a second, and one in six seconds to one recipient.
  rates: { channel: { count: 80, perMs: 1_000 }, address: { count: 1, perMs: 6_000 } },
  async send(message, address, settings, context): Promise<Outcome> {
    const to = readPhoneNumber(settings.to ?? address)
    if (to === null) return wrongAddress('the address is not a phone number')
    const send = settings.provider === 'twilio' ? sendByTwilio : sendByMeta
    return send(message, to, settings, context)
  },
})

/** Free text when a session may be open, and where there is nothing else; a template is the plain form. */
function chooseTemplate({ session, template_name }: Settings, { form }: ChannelContext): string | null {
  return template_name === undefined || (session === 'auto' && form === 'full') ? null : template_name
}

function sendByMeta(message: Message, to: string, settings: Settings, context: ChannelContext): Promise<Outcome> {
  const { access_token: accessToken = '', phone_number_id: phoneNumberId = '', language } = settings
  const url = settings.base_url ?? 'https://graph.facebook.com'
  const account = { accessToken, phoneNumberId, apiVersion: settings.api_version, baseUrl: url }
  const template = chooseTemplate(settings, context)
  if (template === null) return sendByCloud(to, { text: renderText(message, 'meta', context) }, account, context)
  const values = renderValues(message, settings, context)
  return sendByCloud(to, { template, language, values }, account, context)
}

function sendByTwilio(message: Message, to: string, settings: Settings, context: ChannelContext): Promise<Outcome> {
  const addresses = { To: `whatsapp:${to}`, From: `whatsapp:${readPhoneNumber(settings.from) ?? ''}` }
  const account = { ...settings, base_url: settings.base_url ?? twilioUrl }
  const template = chooseTemplate(settings, context)
  if (template === null) {
    return createAtTwilio('Messages', { ...addresses, Body: renderText(message, 'twilio', context) }, account, context)
  }
  const values = renderValues(message, settings, context).map((value, index) => [String(index + 1), value])
  const content = { ContentSid: template, ContentVariables: JSON.stringify(Object.fromEntries(values)) }
  return createAtTwilio('Messages', { ...addresses, ...content }, account, context)
}

function renderText(message: Message, provider: 'meta' | 'twilio', context: ChannelContext): string {
  const outline = outlineMessage(withAckLink(message, context))
  return composeText(outline, plainText, {
    max: textMax[provider],
    unit: 'utf16',
    short: context.form === 'short',
  })
}

function renderValues(message: Message, { parameters }: Settings, context: ChannelContext): string[] {
  const max = context.form === 'short' ? valuesShortMax : valuesMax
  return fillTemplate(parameters, outlineMessage(withAckLink(message, context)), message, max)
}

function hasProvider(given: {
  provider: 'meta' | 'twilio'
  access_token?: string | undefined
  phone_number_id?: string | undefined
  account_sid?: string | undefined
  auth_token?: string | undefined
  api_key_sid?: string | undefined
  api_key_secret?: string | undefined
  from?: string | undefined
}): boolean {
  const hasMeta = given.access_token !== undefined && given.phone_number_id !== undefined
  const hasTwilio = given.account_sid !== undefined && given.from !== undefined && hasTwilioAuth(given)
  return given.provider === 'twilio' ? hasTwilio : hasMeta
}
