import type { SinkReply, SinkRequest } from '../webhook-sink.js'
import { acceptMessage, fieldsOf, judgeTwilioCall, refuseAtTwilio, twilioErrors, twilioSettings } from './twilio.js'
import { replyJson, textsOf, type Vendor, type VendorError } from './vendor.js'

const metaSettings = (baseUrl: string) => ({
  access_token: 'CANARY-token',
  phone_number_id: '106540352242922',
  template_name: 'alert',
  base_url: baseUrl,
})

const errors: VendorError[] = [
  ['token expired', refuse(401, 190), { kind: 'permanent', scope: 'channel' }],
  ['no permission', refuse(403, 10), { kind: 'permanent', scope: 'channel' }],
  ['blocked', refuse(403, 368), { kind: 'permanent', scope: 'channel' }],
  ['invalid parameter', refuse(400, 100), { kind: 'permanent', scope: 'message' }],
  ['not on WhatsApp', refuse(400, 131026), { kind: 'permanent', scope: 'address' }],
  ['not on the list of a test number', refuse(400, 131030), { kind: 'permanent', scope: 'address' }],
  ['another number of parameters', refuse(400, 132000), { kind: 'permanent', scope: 'channel' }],
  ['no such template', refuse(404, 132001), { kind: 'permanent', scope: 'channel' }],
  ['too long', refuse(400, 132005), { kind: 'degrade', to: 'short' }],
  ['more than 24 hours', refuse(400, 131047), { kind: 'degrade', to: 'plain' }],
  ['rate limit', refuse(429, 130429), { kind: 'transient', waitMs: null, waitScope: 'channel' }],
  ['too many calls', refuse(400, 80007), { kind: 'transient', waitScope: 'channel' }],
  ['too many to one recipient', refuse(400, 131056), { kind: 'transient', waitScope: 'address' }],
  ['unavailable', refuse(500, 131016), { kind: 'transient' }],
  ['a new code, temporary', refuse(400, 999_999, true), { kind: 'transient' }],
  ['a new code', refuse(400, 999_998), { kind: 'permanent', scope: 'message' }],
  ['not Meta', { status: 200, body: '<html>' }, { kind: 'unknown' }],
]

/** Meta's Cloud API with a template of two parameters, which has 60 characters of its own. */
export const whatsappTemplate: Vendor = {
  kind: 'whatsapp',
  variant: 'template',
  settings: metaSettings,
  address: '+4915112345678',
  answer: (request) => judgeMeta(request, 'template') ?? acceptAtMeta(),
  read: ({ json }) => textsOf((json as { template: unknown }).template),
  errors,
}

/** The same with a webhook: the first button of the template is a quick reply, and readers may have written. */
export const whatsappButtons: Vendor = {
  ...whatsappTemplate,
  variant: 'buttons',
  settings: (baseUrl) => ({
    ...metaSettings(baseUrl),
    session: 'auto',
    template_button: true,
    app_secret: 'CANARY-app-secret',
    verify_token: 'CANARY-verify',
  }),
  answer: (request) => judgeMeta(request, 'any', true) ?? acceptAtMeta(),
}

/** The same, for a recipient who has written within 24 hours. */
export const whatsappSession: Vendor = {
  ...whatsappTemplate,
  variant: 'session',
  settings: (baseUrl) => ({ ...metaSettings(baseUrl), session: 'auto' }),
  answer: (request) => judgeMeta(request, 'any') ?? acceptAtMeta(),
  read: ({ json }) => textsOf(json),
}

export const whatsappTwilio: Vendor = {
  kind: 'whatsapp',
  variant: 'twilio',
  settings: (baseUrl) => ({
    ...twilioSettings(baseUrl),
    provider: 'twilio',
    from: '+14155238886',
    template_name: 'HX0123456789abcdef0123456789abcdef',
  }),
  address: '+4915112345678',
  answer(request) {
    const { To = '', From = '', ContentSid = '', ContentVariables = '' } = fieldsOf(request)
    const refused = judgeTwilioCall(request, 'Messages')
    if (refused) return refused
    if (!isWhatsapp(To)) return refuseAtTwilio(400, 21211)
    if (!isWhatsapp(From)) return refuseAtTwilio(400, 63007)
    if (!/^HX[0-9a-f]{32}$/.test(ContentSid)) return refuseAtTwilio(400, 63016)
    const values = readVariables(ContentVariables)
    return values !== null && areValues(values) ? acceptMessage() : refuseAtTwilio(400, 21656)
  },
  read: (request) => textsOf(readVariables(fieldsOf(request).ContentVariables ?? '')),
  errors: [
    ...twilioErrors,
    ['more than 24 hours', refuseAtTwilio(400, 63016), { kind: 'degrade', to: 'plain' }],
    ['the rate of a sender', refuseAtTwilio(429, 63018), { kind: 'transient', waitScope: 'channel' }],
  ],
}

function refuse(status: number, code: number, isTransient?: boolean): SinkReply {
  const error = { message: `(#${code}) no`, type: 'OAuthException', code, fbtrace_id: 'Az8', is_transient: isTransient }
  return replyJson(status, { error })
}

function acceptAtMeta(): SinkReply {
  return replyJson(200, {
    messaging_product: 'whatsapp',
    contacts: [{ input: '+4915112345678', wa_id: '4915112345678' }],
    messages: [{ id: 'wamid.HBgL', message_status: 'accepted' }],
  })
}

interface MetaMessage {
  messaging_product?: unknown
  recipient_type?: unknown
  to?: string
  type?: unknown
  biz_opaque_callback_data?: unknown
  text?: { body: string }
  interactive?: {
    type: string
    body: { text: string }
    action: { buttons: { type: string; reply: { id: string; title: string } }[] }
  }
  template?: {
    name: string
    language: { code: string }
    components: { type: string; sub_type?: string; index?: string; parameters: { text: string; payload?: string }[] }[]
  }
}

function judgeMeta(
  { method, path, headers, json }: SinkRequest,
  takes: 'template' | 'any',
  hasButton = false,
): SinkReply | null {
  if (headers.authorization !== 'Bearer CANARY-token') return refuse(401, 190)
  if (method !== 'POST' || path !== '/v23.0/106540352242922/messages') return refuse(404, 33)
  const message = (json ?? {}) as MetaMessage
  const { messaging_product, recipient_type, to = '', type, text, template, biz_opaque_callback_data = '' } = message
  if (String(biz_opaque_callback_data).length > 512) return refuse(400, 100)
  if (messaging_product !== 'whatsapp' || recipient_type !== 'individual') return refuse(400, 100)
  if (!/^\+?[1-9]\d{6,14}$/.test(to)) return refuse(400, 131009)
  if (type === 'text' && takes === 'any') {
    const body = text?.body ?? ''
    return body.trim() !== '' && body.length <= 4_096 && !/\p{Surrogate}/u.test(body) ? null : refuse(400, 100)
  }
  if (type === 'interactive' && takes === 'any') return isReply(message.interactive) ? null : refuse(400, 131009)
  if (type !== 'template' || template === undefined) return refuse(400, 131047)
  if (template.name !== 'alert' || template.language.code !== 'en_US') return refuse(404, 132001)
  const [body, ...others] = template.components
  if (body?.type !== 'body' || body.parameters.length !== 2) return refuse(400, 132000)
  if (hasButton ? others.length !== 1 || !isQuickReply(others[0]) : others.length > 0) return refuse(400, 132000)
  const values = body.parameters.map((parameter) => parameter.text)
  if (values.join('').length + 60 > 1_024) return refuse(400, 132005)
  return areValues(values) ? null : refuse(400, 132018)
}

/** At most three buttons, with titles of 20 characters and ids of 256, under a text of 1,024. */
function isReply(interactive: MetaMessage['interactive']): boolean {
  const { type, body, action } = interactive ?? { type: '', body: { text: '' }, action: { buttons: [] } }
  const isText = body.text.trim() !== '' && body.text.length <= 1_024 && !/\p{Surrogate}/u.test(body.text)
  const areButtons = action.buttons.every(({ type: kind, reply: { id, title } }) => {
    return kind === 'reply' && id !== '' && id.length <= 256 && title !== '' && title.length <= 20
  })
  return type === 'button' && isText && areButtons && action.buttons.length >= 1 && action.buttons.length <= 3
}

function isQuickReply(component: NonNullable<MetaMessage['template']>['components'][number] | undefined): boolean {
  const payload = component?.parameters[0]?.payload ?? ''
  const isButton = component?.type === 'button' && component.sub_type === 'quick_reply' && component.index === '0'
  return isButton && payload !== '' && payload.length <= 128
}

/** No value is empty, has a line break, a tab, or more than four spaces in a row. */
function areValues(values: string[]): boolean {
  return values.every((value) => value.trim() !== '' && !/\p{Surrogate}/u.test(value) && !/[\n\r\t]| {5}/.test(value))
}

function readVariables(text: string): string[] | null {
  try {
    const variables = JSON.parse(text) as Record<string, string>
    return Object.keys(variables).join() === '1,2' ? Object.values(variables) : null
  } catch {
    return null
  }
}

function isWhatsapp(address: string): boolean {
  return /^whatsapp:\+[1-9]\d{6,14}$/.test(address)
}
