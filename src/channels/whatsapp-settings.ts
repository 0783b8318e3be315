import { z } from 'zod'
import { templateParameters } from './dialects/whatsapp-template.js'
import { phoneNumber } from './phone-number.js'
import { baseUrl, textOrNumber } from './settings.js'
import { hasTwilioAuth, twilioFields } from './twilio-api.js'

export const whatsappSettings = z
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
    template_button: z
      .boolean()
      .default(false)
      .describe('The first button of the template, at Meta, is a quick reply: it acknowledges.'),
    /** WhatsApp takes free text only within 24 hours of the recipient's last message. */
    session: z
      .enum(['auto', 'never'])
      .default('never')
      .describe(
        'With `auto` who has written within 24 hours gets free text; else, and for all others, the template goes.',
      ),
    app_secret: z
      .string()
      .regex(/^[\x21-\x7e]{8,200}$/, 'must be the secret of the app')
      .optional()
      .describe('At Meta: signs what WhatsApp tells the hook: buttons, who wrote, what became of messages.'),
    verify_token: z
      .string()
      .regex(/^[\x21-\x7e]{8,200}$/, 'must be 8 to 200 characters without spaces')
      .optional()
      .describe('At Meta: a word of your own, which its webhook settings ask for.'),
  })
  .refine(hasProvider, 'needs access_token and phone_number_id, or the account and from for provider: twilio')
  .refine(({ template_name, session }) => template_name !== undefined || session === 'auto', {
    message: 'without a template only session: auto can send anything',
    path: ['template_name'],
  })
  .refine(({ app_secret, verify_token }) => (app_secret === undefined) === (verify_token === undefined), {
    message: 'app_secret and verify_token go together',
    path: ['verify_token'],
  })
  .refine(({ app_secret, provider }) => app_secret === undefined || provider === 'meta', {
    message: 'is for provider: meta; Twilio signs with auth_token',
    path: ['app_secret'],
  })
  .refine(({ template_button, app_secret }) => !template_button || app_secret !== undefined, {
    message: 'a button is heard with app_secret and verify_token only',
    path: ['template_button'],
  })
  .refine(
    ({ template_name, provider }) =>
      (template_name?.startsWith('HX') ?? provider === 'twilio') === (provider === 'twilio'),
    {
      message: 'is a name at Meta, and a content id (HX…) at Twilio',
      path: ['template_name'],
    },
  )
export type WhatsappSettings = z.infer<typeof whatsappSettings>

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
