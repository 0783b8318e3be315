import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import {
  type OutcomeFacts,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outsideSessionFromAnswer } from './outside-session.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'
import { baseUrl } from './settings.js'

export const twilioUrl = 'https://api.twilio.com'

/** What every kind that goes through Twilio is set up with: the account's token, or an API key of it. */
export const twilioFields = {
  account_sid: z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits')
    .describe('The account.'),
  auth_token: z.string().min(1).max(200).optional().describe('The token of the account; calls need it to hear keys.'),
  api_key_sid: z
    .string()
    .regex(/^SK[0-9a-fA-F]{32}$/, 'must be SK and 32 hexadecimal digits')
    .optional()
    .describe('An API key instead of the token.'),
  api_key_secret: z.string().min(1).max(200).optional().describe('Goes with the API key.'),
  base_url: baseUrl.default(twilioUrl),
}

export const twilioSecrets = ['auth_token', 'api_key_secret']

export interface TwilioAccount {
  account_sid?: string | undefined
  auth_token?: string | undefined
  api_key_sid?: string | undefined
  api_key_secret?: string | undefined
  base_url?: string | undefined
}

/** For a `refine` of the settings. */
export function hasTwilioAuth({ auth_token, api_key_sid, api_key_secret }: TwilioAccount): boolean {
  const hasKey = api_key_sid !== undefined && api_key_secret !== undefined
  return hasKey || (auth_token !== undefined && api_key_sid === undefined && api_key_secret === undefined)
}

export const twilioAuthWords = 'needs auth_token, or api_key_sid and api_key_secret'

type Scope = 'message' | 'address' | 'channel'

/** Twilio, "Error and Warning Dictionary". A code that is not here counts by its HTTP status. */
const scopeOfCode = new Map<number, Scope>([
  [20003, 'channel'], // Authentication failed.
  [20005, 'channel'], // The account is not active.
  [20404, 'channel'], // There is no such account.
  [21201, 'address'], // No number was called.
  [21210, 'channel'], // The caller's number is not verified.
  [21211, 'address'], // `To` is no phone number.
  [21212, 'channel'], // `From` is no phone number.
  [21214, 'address'], // `To` cannot be reached.
  [21215, 'address'], // Calls to this country are not enabled.
  [21216, 'address'], // Calls to this number are blocked.
  [21217, 'address'], // `To` does not look like a number.
  [21219, 'address'], // A trial account calls verified numbers only.
  [21408, 'address'], // Messages to this region are not enabled.
  [21602, 'message'], // There is no body.
  [21603, 'channel'], // There is no `From`.
  [21606, 'channel'], // `From` cannot send messages.
  [21608, 'address'], // A trial account writes to verified numbers only.
  [21610, 'address'], // The recipient has answered STOP.
  [21612, 'address'], // There is no way from `From` to `To`.
  [21614, 'address'], // `To` is no mobile number.
  [21656, 'message'], // The content variables are not valid.
  [21659, 'channel'], // `From` is no number of the account.
  [21703, 'channel'], // The messaging service has no numbers.
  [63003, 'address'], // The recipient is not on WhatsApp.
  [63007, 'channel'], // `From` is no WhatsApp sender of the account.
  [63024, 'address'], // The recipient cannot be written to.
])

/** 20429: too many requests at a time. 63018: the WhatsApp sender's rate. Neither was carried out. */
const throttled = new Set([20429, 63018])

/** The body is longer than 1,600 characters. */
const tooLong = 21617

/** Free text on WhatsApp, more than 24 hours after the recipient's last message. */
const outsideSession = 63016

const resource = z.object({ sid: z.string().regex(/^[A-Z]{2}[0-9a-fA-F]{32}$/), status: z.string().optional() })
const refusal = z.object({ code: z.number().int(), message: z.string() })

/**
 * Makes a message or a call: `POST /2010-04-01/Accounts/{sid}/Messages.json`, form-encoded. 201 says that it is queued;
 * what became of it later is not asked for. There is no idempotency key, so a lost answer is `unknown`.
 */
export function createAtTwilio(
  what: 'Messages' | 'Calls',
  fields: Record<string, string>,
  account: TwilioAccount,
  context: ChannelContext,
): Promise<Outcome> {
  const { account_sid, auth_token, api_key_sid, api_key_secret, base_url } = account
  const credentials = `${api_key_sid ?? account_sid}:${api_key_secret ?? auth_token}`
  const basic = Buffer.from(credentials).toString('base64')
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    secrets: [auth_token, api_key_secret, basic],
  }
  const call = {
    url: `${base_url}/2010-04-01/Accounts/${account_sid}/${what}.json`,
    headers: { authorization: `Basic ${basic}` },
    form: fields,
  }
  return callVendor(call, context, facts, (answer) => readTwilioAnswer(answer, context.form, facts))
}

function readTwilioAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status >= 200 && answer.status < 300) {
    const made = resource.safeParse(body)
    if (!made.success) return strangeAnswer('the Twilio API')
    const { sid, status = 'accepted' } = made.data
    const text = redactText(`${sid} ${status}`, facts.secrets)
    return { kind: 'accepted', remote: { sid }, statusCode: answer.status, text }
  }
  const refused = refusal.safeParse(body)
  if (!refused.success) return null
  const { code, message } = refused.data
  const said = { ...answer, text: `${code} ${message}` }
  if (throttled.has(code)) return transientFromAnswer(said, facts)
  if (code === outsideSession) return outsideSessionFromAnswer(said, form, facts)
  if (code === tooLong) return tooLongFromAnswer(said, form, facts)
  const scope = scopeOfCode.get(code)
  return scope === undefined ? null : permanentFromAnswer(said, scope, facts)
}
