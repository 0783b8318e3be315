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
import {
  cloudOutsideSession,
  cloudPairRate,
  cloudScopeOfCode,
  cloudTooLong,
  cloudTransientCodes,
} from './whatsapp-codes.js'

export interface CloudAccount {
  accessToken: string
  phoneNumberId: string
  apiVersion: string
  baseUrl: string
  /** What else must not be shown. */
  secrets: (string | undefined)[]
}

/**
 * What is said: free text, or a template by its name and the values of its body. A button carries `button` back: one
 * under the text, or the first of the template.
 */
export type CloudContent =
  | { text: string; button: string | null }
  | { template: string; language: string; values: string[]; button: string | null }

const sentMessage = z.object({
  contacts: z.array(z.object({ wa_id: z.string().regex(/^\d{5,20}$/) })).optional(),
  messages: z.array(z.object({ id: z.string().min(1), message_status: z.string().optional() })).min(1),
})
const refusal = z.object({
  error: z.object({ code: z.number().int(), message: z.string(), is_transient: z.boolean().optional() }),
})

/**
 * `POST /{version}/{phone number id}/messages`. 200 takes the message; whether it reaches the recipient, Meta says only
 * to a webhook (`whatsapp-hook.ts`). There is no key against repeats.
 * @param to `+4915112345678`
 */
export function sendByCloud(
  to: string,
  content: CloudContent,
  { accessToken, phoneNumberId, apiVersion, baseUrl, secrets }: CloudAccount,
  context: ChannelContext,
): Promise<Outcome> {
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: false,
    waitScope: 'channel',
    secrets: [accessToken, ...secrets],
  }
  const call = {
    url: `${baseUrl}/${apiVersion}/${phoneNumberId}/messages`,
    headers: { authorization: `Bearer ${accessToken}` },
    json: {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      to,
      ...renderContent(content),
      // Comes back with each status of the message.
      biz_opaque_callback_data: context.deliveryId,
    },
  }
  return callVendor(call, context, facts, (answer) => readCloudAnswer(answer, context.form, facts))
}

function renderContent(content: CloudContent): Record<string, unknown> {
  if ('text' in content)
    return content.button === null ? renderText(content.text) : renderReply(content.text, content.button)
  const { template, language, values, button } = content
  const parameters = values.map((text) => ({ type: 'text', text }))
  const components = [
    ...(parameters.length === 0 ? [] : [{ type: 'body', parameters }]),
    ...(button === null
      ? []
      : [{ type: 'button', sub_type: 'quick_reply', index: '0', parameters: [{ type: 'payload', payload: button }] }]),
  ]
  return { type: 'template', template: { name: template, language: { code: language }, components } }
}

function renderText(body: string): Record<string, unknown> {
  return { type: 'text', text: { body, preview_url: false } }
}

/** A title has at most 20 characters, an id 256 (WhatsApp, "Interactive reply buttons messages"). */
function renderReply(text: string, id: string): Record<string, unknown> {
  const buttons = [{ type: 'reply', reply: { id, title: 'Acknowledge' } }]
  return { type: 'interactive', interactive: { type: 'button', body: { text }, action: { buttons } } }
}

function readCloudAnswer(answer: HttpAnswer, form: ChannelContext['form'], facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status >= 200 && answer.status < 300) {
    const { data } = sentMessage.safeParse(body)
    const sent = data?.messages[0]
    if (sent === undefined) return strangeAnswer('the WhatsApp Cloud API')
    const number = data?.contacts?.[0]?.wa_id
    // WhatsApp writes some numbers in a way of its own; the button comes from that one.
    const remote = { message_id: sent.id, ...(number === undefined ? {} : { chat_id: `+${number}` }) }
    const text = redactText(`message ${sent.id} ${sent.message_status ?? 'accepted'}`, facts.secrets)
    return { kind: 'accepted', remote, statusCode: answer.status, text }
  }
  const refused = refusal.safeParse(body)
  if (!refused.success) return null
  const { code, message, is_transient } = refused.data.error
  const said = { ...answer, text: `${code} ${message}` }
  if (code === cloudOutsideSession) return outsideSessionFromAnswer(said, form, facts)
  if (code === cloudTooLong) return tooLongFromAnswer(said, form, facts)
  if (code === cloudPairRate) return transientFromAnswer(said, { ...facts, waitScope: 'address' })
  if (cloudTransientCodes.has(code)) return transientFromAnswer(said, facts)
  const scope = cloudScopeOfCode.get(code)
  if (scope !== undefined) return permanentFromAnswer(said, scope, facts)
  return is_transient === true ? transientFromAnswer(said, facts) : outcomeFromAnswer(said, facts)
}
