import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { callableHook } from './callable-hook.js'
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
import { twilioScopeOfCode, twilioTransientCodes } from './twilio-codes.js'

export const twilioUrl = 'https://api.twilio.com'

/** What every kind that goes through Twilio is set up with: the account's token, or an API key of it. */
export const twilioFields = {
  account_sid: z
    .string()
    .regex(/^AC[0-9a-fA-F]{32}$/, 'must be AC and 32 hexadecimal digits')
    .describe('The account.'),
  auth_token: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe('The token of the account; Twilio signs what it tells us with it.'),
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

/** The body is longer than 1,600 characters. */
const tooLong = 21617

/** Free text on WhatsApp, more than 24 hours after the recipient's last message. */
export const twilioOutsideSession = 63016

const resource = z.object({ sid: z.string().regex(/^[A-Z]{2}[0-9a-fA-F]{32}$/), status: z.string().optional() })
const refusal = z.object({ code: z.number().int(), message: z.string() })

/**
 * Makes a message or a call: `POST /2010-04-01/Accounts/{sid}/Messages.json`, form-encoded. 201 says that it is queued;
 * what became of it Twilio tells our hook, where it can be reached and its calls can be verified. There is no
 * idempotency key, so a lost answer is `unknown`.
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
    form: { ...fields, ...nameStatusCallback(account, context) },
  }
  return callVendor(call, context, facts, (answer) => readTwilioAnswer(answer, context.form, facts))
}

/** The delivery stands in the URL, which Twilio signs as a whole. */
function nameStatusCallback(
  { auth_token }: TwilioAccount,
  { hookUrl, deliveryId }: Pick<ChannelContext, 'hookUrl' | 'deliveryId'>,
): Record<string, string> {
  const callable = callableHook(hookUrl)
  if (callable === null || auth_token === undefined) return {}
  return { StatusCallback: `${callable}?delivery=${encodeURIComponent(deliveryId)}` }
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
  if (twilioTransientCodes.has(code)) return transientFromAnswer(said, facts)
  if (code === twilioOutsideSession) return outsideSessionFromAnswer(said, form, facts)
  if (code === tooLong) return tooLongFromAnswer(said, form, facts)
  const scope = twilioScopeOfCode.get(code)
  return scope === undefined ? null : permanentFromAnswer(said, scope, facts)
}

/** A step of the guides of all that goes by Twilio. */
export const twilioAccountStep =
  'In the Twilio console, copy the Account SID (AC…) and the Auth Token from the account’s front page.'
