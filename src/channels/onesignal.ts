import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { deriveUuid } from './derive-uuid.js'
import { type OutcomeFacts, permanentFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { noticeTextBytesMax, renderPushNotice } from './push-notice.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

const externalId = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, 'has a control character')

const settings = z.strictObject({
  base_url: baseUrl.prefault('https://api.onesignal.com'),
  app_id: z.uuid().describe('The app the notifications come from.'),
  api_key: z
    .string()
    .regex(/^[\w.~+/=-]{1,500}$/, 'must be an API key')
    .describe('A REST API key of that app.'),
  segments: z
    .array(z.string().min(1).max(128))
    .min(1)
    .max(20)
    .optional()
    .describe('Segments of the app, instead of the recipients.'),
})
type Settings = z.infer<typeof settings>

/** Follow-ups take the place of the notification on the phone: what belongs together has the same `collapse_id`. */
export const onesignal = defineChannel<Settings>({
  kind: 'onesignal',
  label: 'OneSignal',
  description: 'Pushes to the users of an app of your own, through OneSignal.',
  guide: {
    steps: [
      'In the dashboard of your app: Settings, Keys & IDs. Copy the app id and a REST API key.',
      'People are reached by the external id that your app gave them; or name segments of it.',
    ],
    note: 'A push to which nobody is subscribed counts as failed.',
  },
  settings,
  address: { schema: externalId, hint: 'the external id of a user' },
  destination: ({ segments }) => segments?.join(', ') ?? null,
  secrets: ['api_key'],
  capabilities: {
    textMax: noticeTextBytesMax,
    textUnit: 'bytes',
    dialect: 'plain',
    attachments: false,
    idempotent: true,
  },
  example: { settings: { app_id: '5eb5a37e-b458-11e3-ac11-000c2940e62c', api_key: null }, address: 'tim' },
  concurrency: 8,
  // What an app may send depends on how many subscribe to it; what is too much is told with the answer.
  rates: { channel: null, address: null },
  send: push,
})

/** 10 is high, 5 is normal. */
const priorities: Record<Severity, number> = { critical: 10, error: 10, warning: 5, info: 5, resolved: 5 }

async function push(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const { app_id, api_key, segments } = settings
  if (segments === undefined && !externalId.safeParse(address).success) return wrongAddress('the address is no user')
  const notice = renderPushNotice(outlineMessage(withAckLink(message, context)), context.form)
  const call = {
    url: `${settings.base_url}/notifications`,
    headers: { authorization: `Key ${api_key}` },
    json: {
      app_id,
      ...(segments === undefined ? { include_aliases: { external_id: [address] } } : { included_segments: segments }),
      target_channel: 'push',
      headings: { en: notice.title },
      contents: { en: notice.text },
      ...(notice.url !== null && { url: notice.url }),
      priority: priorities[message.severity],
      collapse_id: dedupKey(context.fingerprint, 64),
      idempotency_key: deriveUuid(context.deliveryId),
    },
  }
  const facts = factsOf(settings, context)
  return callVendor(call, context, facts, (answer) => readAnswer(answer, address, settings, facts))
}

function factsOf({ api_key }: Settings, context: ChannelContext): OutcomeFacts {
  return { now: context.now(), idempotent: true, waitScope: 'channel', secrets: [api_key] }
}

const created = z.object({
  id: z.string(),
  /** Words, or what was wrong with the recipients. */
  errors: z.unknown().optional(),
})
const invalidAliases = z.object({ invalid_aliases: z.object({ external_id: z.array(z.string()) }) })

/**
 * 200 is not yet a notification (OneSignal, "Create message"): with an empty `id` nobody subscribed, and with an `id`
 * the only recipient may be one of the unknown ones.
 */
function readAnswer(
  answer: HttpAnswer,
  address: string | null,
  { segments }: Settings,
  facts: OutcomeFacts,
): Outcome | null {
  if (answer.status === 200) {
    const { data } = created.safeParse(parseJson(answer.text))
    if (data === undefined) return strangeAnswer('OneSignal')
    const unknown = invalidAliases.safeParse(data.errors).data?.invalid_aliases.external_id ?? []
    const isNobody = segments === undefined && address !== null && unknown.includes(address)
    if (data.id === '' || isNobody) return permanentFromAnswer(answer, 'address', facts)
    return { kind: 'accepted', remote: { id: data.id }, statusCode: 200, text: `notification ${data.id}` }
  }
  if (answer.status === 404) return permanentFromAnswer(answer, 'channel', facts)
  const isApp = answer.status === 400 && /app[_ ]id/i.test(answer.text)
  return isApp ? permanentFromAnswer(answer, 'channel', facts) : null
}
