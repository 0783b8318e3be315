import { createHash, createHmac } from 'node:crypto'
import { z } from 'zod'
import type { HookCall, ListenContext } from '../domain/channel.js'
import { OutboundError, StoreError } from '../domain/errors.js'
import type { LateResult } from '../domain/late-result.js'
import { cleanLine } from './clean-text.js'
import { cutText } from './cut-text.js'
import { isSame } from './is-same.js'
import { parseJson } from './parse-json.js'
import { cloudOutsideSession, cloudPairRate, cloudScopeOfCode, cloudTransientCodes } from './whatsapp-codes.js'
import { placeOf } from './whatsapp-session.js'
import type { WhatsappSettings } from './whatsapp-settings.js'

const nameMax = 64
const wordsMax = 1_000
const replyTimeoutMs = 10_000

export function cloudUrl({ base_url }: Pick<WhatsappSettings, 'base_url'>): string {
  return base_url ?? 'https://graph.facebook.com'
}

/** An app has one secret and one webhook. Its digest names it without telling it. */
export function cloudListenKey({ provider, app_secret }: WhatsappSettings): string | null {
  if (provider !== 'meta' || app_secret === undefined) return null
  return createHash('sha256').update(`whatsapp app\0${app_secret}`).digest('hex').slice(0, 32)
}

const button = z.object({ id: z.string().max(256) })
const inbound = z.object({
  from: z.string().regex(/^\d{5,20}$/),
  id: z.string().max(500),
  interactive: z.object({ button_reply: button.optional() }).optional(),
  button: z.object({ payload: z.string().max(256).optional() }).optional(),
})
type Inbound = z.infer<typeof inbound>

const status = z.object({
  id: z.string().min(1).max(500),
  status: z.string(),
  recipient_id: z.string().optional(),
  biz_opaque_callback_data: z.string().max(512).optional(),
  errors: z
    .array(
      z.object({
        code: z.number().int(),
        title: z.string().optional(),
        error_data: z.object({ details: z.string().optional() }).optional(),
      }),
    )
    .optional(),
})
type Status = z.infer<typeof status>

const value = z.object({
  metadata: z.object({ phone_number_id: z.string().max(30) }),
  contacts: z.array(z.object({ wa_id: z.string(), profile: z.object({ name: z.string() }).optional() })).optional(),
  messages: z.array(z.unknown()).optional(),
  statuses: z.array(z.unknown()).optional(),
})
type Value = z.infer<typeof value>

const notice = z.object({ entry: z.array(z.object({ changes: z.array(z.object({ value: z.unknown() })) })) })

/**
 * One call of WhatsApp to our hook: the question whether it is ours, by GET (Graph API, "Webhooks: verification
 * requests"), or what happened, signed with the secret of the app: messages and buttons of readers, and what became of
 * ours. What is of a kind that nobody here needs is taken and ignored: what is refused comes again for seven days.
 */
export async function takeCloudCall(
  call: HookCall,
  settings: WhatsappSettings,
  context: ListenContext,
): Promise<boolean | string> {
  const { app_secret, verify_token } = settings
  if (app_secret === undefined || verify_token === undefined) return false
  if (call.body === '') return answerVerification(call.query, verify_token)
  if (!isSame(call.headers['x-hub-signature-256'] ?? '', signCloudCall(call.body, app_secret))) return false
  for (const one of readValues(call.body)) {
    const place = (reader: string) => placeOf(`+${reader}`, one.metadata)
    for (const given of one.messages ?? []) {
      const { data } = inbound.safeParse(given)
      if (data === undefined) continue
      await context.onSession(place(data.from), true)
      await takeButton(data, one, settings, context)
    }
    for (const given of one.statuses ?? []) {
      const { data } = status.safeParse(given)
      if (data === undefined) continue
      const isClosed = data.errors?.some(({ code }) => code === cloudOutsideSession) ?? false
      if (isClosed && data.recipient_id !== undefined) await context.onSession(place(data.recipient_id), false)
      const result = readStatus(data)
      if (result !== null) await context.onResult(result)
    }
  }
  return true
}

/** `sha256=` and the hexadecimal HMAC over the bytes of the body. */
export function signCloudCall(body: string, appSecret: string): string {
  return `sha256=${createHmac('sha256', appSecret).update(body).digest('hex')}`
}

/** The challenge comes back as it is, if it is one: a page of somebody else's words is never shown here. */
function answerVerification(query: string, verifyToken: string): string | false {
  const asked = new URLSearchParams(query)
  const challenge = asked.get('hub.challenge') ?? ''
  const isMeta = asked.get('hub.mode') === 'subscribe' && isSame(asked.get('hub.verify_token') ?? '', verifyToken)
  return isMeta && /^[\w-]{1,200}$/.test(challenge) ? challenge : false
}

function readValues(body: string): Value[] {
  const read = notice.safeParse(parseJson(body))
  if (!read.success) return []
  return read.data.entry.flatMap(({ changes }) => changes).flatMap((change) => value.safeParse(change.value).data ?? [])
}

/** A button under a text tells its id, one of a template its payload. Other messages are only known to have come. */
async function takeButton(
  message: Inbound,
  { contacts = [], metadata }: Value,
  settings: WhatsappSettings,
  context: ListenContext,
): Promise<void> {
  const data = message.interactive?.button_reply?.id ?? message.button?.payload
  if (data === undefined) return
  const address = `+${message.from}`
  const shown = contacts.find(({ wa_id }) => wa_id === message.from)?.profile?.name ?? ''
  const name = cutText(cleanLine(shown), nameMax, 'code_points')
  let words: string
  try {
    words = await context.onPress({ data, address, by: `whatsapp:${name === '' ? address : name}` })
  } catch (error) {
    if (!(error instanceof StoreError)) throw error
    words = 'This could not be kept just now. Please press again in a minute.'
  }
  await reply(message, words, metadata.phone_number_id, settings, context)
}

/** Says what became of a press, as a reply to it: who pressed has just written, so that free text goes through. */
async function reply(
  { from, id }: Inbound,
  words: string,
  phoneNumberId: string,
  settings: WhatsappSettings,
  { fetch, signal }: ListenContext,
): Promise<void> {
  const body = {
    messaging_product: 'whatsapp',
    recipient_type: 'individual',
    to: `+${from}`,
    context: { message_id: id },
    type: 'text',
    text: { body: cutText(cleanLine(words), wordsMax, 'utf16'), preview_url: false },
  }
  try {
    const answer = await fetch(`${cloudUrl(settings)}/${settings.api_version}/${phoneNumberId}/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${settings.access_token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(replyTimeoutMs)]),
    })
    await answer.body?.cancel()
  } catch (error) {
    // The press itself is kept, and whoever asks again is told so again.
    if (!(error instanceof OutboundError || (error instanceof Error && error.name === 'AbortError'))) throw error
  }
}

/** What a status says (WhatsApp, "Status messages webhook reference"), or null while the message is under way. */
function readStatus({ id, status: word, biz_opaque_callback_data, errors }: Status): LateResult | null {
  if (biz_opaque_callback_data === undefined) return null
  const about = { deliveryId: biz_opaque_callback_data, remote: { name: 'message_id', id } }
  if (word === 'delivered' || word === 'read') {
    return { ...about, outcome: { kind: 'delivered', text: word } }
  }
  return word === 'failed' ? { ...about, outcome: outcomeOfFailure(errors ?? []) } : null
}

function outcomeOfFailure(errors: NonNullable<Status['errors']>): LateResult['outcome'] {
  const [error] = errors
  if (error === undefined) return { kind: 'permanent', scope: 'message', statusCode: null, text: 'failed' }
  const { code, title = '', error_data } = error
  const text = ['failed:', String(code), title, error_data?.details ?? ''].filter((part) => part !== '').join(' ')
  const scope = cloudScopeOfCode.get(code)
  // Outside a session the template goes next.
  const passes = cloudTransientCodes.has(code) || code === cloudPairRate || code === cloudOutsideSession
  if (scope === undefined && passes) {
    return { kind: 'transient', waitMs: null, waitScope: 'delivery', statusCode: null, text }
  }
  return { kind: 'permanent', scope: scope ?? 'message', statusCode: null, text }
}
