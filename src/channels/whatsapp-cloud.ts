import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import {
  type OutcomeFacts,
  outcomeFromAnswer,
  permanentFromAnswer,
  tooLongFromAnswer,
  transientFromAnswer,
} from './outcome-from-answer.js'
import { outsideSessionFromAnswer } from './outside-session.js'
import { parseJson } from './parse-json.js'
import { redactText } from './redact-text.js'

export interface CloudAccount {
  accessToken: string
  phoneNumberId: string
  apiVersion: string
  baseUrl: string
}

/** What is said: free text, or a template by its name and the values of its body. */
export type CloudContent = { text: string } | { template: string; language: string; values: string[] }

type Scope = 'message' | 'address' | 'channel'

/** Meta, "Cloud API error codes". A code that is not here counts by `is_transient`, then by its HTTP status. */
const scopeOfCode = new Map<number, Scope>([
  [0, 'channel'], // The token is not valid any more.
  [3, 'channel'], // The app may not call this.
  [10, 'channel'], // The app lacks a permission.
  [33, 'channel'], // The phone number id is gone.
  [100, 'message'], // A parameter is not valid.
  [190, 'channel'], // The token has expired.
  [200, 'channel'], // The app lacks a permission.
  [368, 'channel'], // The account is blocked for a breach of policy.
  [130472, 'address'], // The recipient takes part in an experiment, and gets no templates.
  [131005, 'channel'], // Access denied.
  [131008, 'message'], // A parameter is missing.
  [131009, 'message'], // A parameter is not valid.
  [131026, 'address'], // The recipient is not on WhatsApp.
  [131030, 'address'], // A test number writes to listed recipients only.
  [131031, 'channel'], // The account is locked.
  [131042, 'channel'], // There is no way to pay.
  [131049, 'address'], // The recipient has had enough of our kind of messages.
  [131051, 'message'], // The type of message is not known.
  [132000, 'channel'], // The template has another number of parameters.
  [132001, 'channel'], // There is no such template in this language.
  [132007, 'channel'], // The template breaches a policy.
  [132012, 'channel'], // The template's parameters are of another kind.
  [132015, 'channel'], // The template is paused.
  [132016, 'channel'], // The template is disabled.
  [132018, 'message'], // A value has a line break, or too many spaces.
  [133010, 'channel'], // The phone number is not registered.
])

const transientCodes = new Set([1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133016])
/** Too many messages to one recipient in a short time. */
const pairRate = 131056
/** The filled-in template is too long. */
const tooLong = 132005
/** The recipient's last message is more than 24 hours ago: only templates go through. */
const outsideSession = 131047

const sentMessage = z.object({
  messages: z.array(z.object({ id: z.string().min(1), message_status: z.string().optional() })).min(1),
})
const refusal = z.object({
  error: z.object({ code: z.number().int(), message: z.string(), is_transient: z.boolean().optional() }),
})

/**
 * `POST /{version}/{phone number id}/messages`. 200 takes the message; whether it reaches the recipient, Meta says only
 * to a webhook. There is no key against repeats.
 * @param to `+4915112345678`
 */
export function sendByCloud(
  to: string,
  content: CloudContent,
  { accessToken, phoneNumberId, apiVersion, baseUrl }: CloudAccount,
  context: ChannelContext,
): Promise<Outcome> {
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    secrets: [accessToken],
  }
  const call = {
    url: `${baseUrl}/${apiVersion}/${phoneNumberId}/messages`,
    headers: { authorization: `Bearer ${accessToken}` },
    json: { messaging_product: 'whatsapp', recipient_type: 'individual', to, ...renderContent(content) },
  }
  return callVendor(call, context, facts, (answer) => readCloudAnswer(answer, context.form, facts))
}

function renderContent(content: CloudContent): Record<string, unknown> {
  if ('text' in content) return { type: 'text', text: { body: content.text, preview_url: false } }
  const { template, language, values } = content
  const parameters = values.map((text) => ({ type: 'text', text }))
  const components = parameters.length === 0 ? [] : [{ type: 'body', parameters }]
  return { type: 'template', template: { name: template, language: { code: language }, components } }
}

function readCloudAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status >= 200 && answer.status < 300) {
    const sent = sentMessage.safeParse(body).data?.messages[0]
    if (sent === undefined) return strangeAnswer('the WhatsApp Cloud API')
    const text = redactText(`message ${sent.id} ${sent.message_status ?? 'accepted'}`, facts.secrets)
    return { kind: 'accepted', remote: { message_id: sent.id }, statusCode: answer.status, text }
  }
  const refused = refusal.safeParse(body)
  if (!refused.success) return null
  const { code, message, is_transient } = refused.data.error
  const said = { ...answer, text: `${code} ${message}` }
  if (code === outsideSession) return outsideSessionFromAnswer(said, form, facts)
  if (code === tooLong) return tooLongFromAnswer(said, form, facts)
  if (code === pairRate) return transientFromAnswer(said, { ...facts, waitScope: 'address' })
  if (transientCodes.has(code)) return transientFromAnswer(said, facts)
  const scope = scopeOfCode.get(code)
  if (scope !== undefined) return permanentFromAnswer(said, scope, facts)
  return is_transient === true ? transientFromAnswer(said, facts) : outcomeFromAnswer(said, facts)
}
