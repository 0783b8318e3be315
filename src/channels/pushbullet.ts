import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { type OutcomeFacts, permanentFromAnswer, transientFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { baseUrl, mailAddress } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** Pushbullet publishes no limit; more than this is nothing to read in a notification. */
const bodyMax = 4_000
const shortMax = 500
/** The pushes of a month are used up, and no answer says when there are new ones. */
const quotaWaitMs = 6 * 3_600_000

const settings = z
  .strictObject({
    base_url: baseUrl.prefault('https://api.pushbullet.com'),
    access_token: z
      .string()
      .regex(/^[\w.-]{1,200}$/, 'must be an access token')
      .describe('Of the account that pushes.'),
    device: z
      .string()
      .regex(/^\w{1,60}$/, 'must be the iden of a device')
      .optional()
      .describe('One device of the account, instead of the recipients.'),
    channel_tag: z
      .string()
      .regex(/^[\w-]{1,60}$/, 'must be the tag of a Pushbullet channel')
      .optional()
      .describe('A channel of the account, instead of the recipients.'),
  })
  .refine((given) => given.device === undefined || given.channel_tag === undefined, {
    message: 'either device or channel_tag',
    path: ['channel_tag'],
  })
type Settings = z.infer<typeof settings>

export const pushbullet = defineChannel<Settings>({
  kind: 'pushbullet',
  label: 'Pushbullet',
  description: 'Pushes to people, a device or a channel of Pushbullet.',
  guide: {
    steps: [
      'At pushbullet.com: Settings, Account, Create Access Token.',
      'People are reached by the mail address of their account, or name a device or a channel of yours.',
    ],
    note: 'Free accounts send 500 pushes a month.',
  },
  settings,
  address: { schema: mailAddress, hint: 'the mail address of a Pushbullet account' },
  destination: ({ device, channel_tag }) => device ?? channel_tag ?? null,
  secrets: ['access_token'],
  capabilities: { textMax: bodyMax, textUnit: 'code_points', dialect: 'plain', attachments: false, idempotent: true },
  example: { settings: { access_token: null }, address: 'tim@example.org' },
  concurrency: 4,
  // A call costs some of a quota that Pushbullet tells with the answers, and nowhere else.
  rates: { channel: null, address: null },
  send: push,
})

async function push(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const target = findTarget(address, settings)
  if (target === null) return wrongAddress('the address is not a mail address')
  const call = {
    url: `${settings.base_url}/v2/pushes`,
    headers: { 'access-token': settings.access_token },
    json: { ...target, ...renderContent(message, context), guid: context.deliveryId },
  }
  const facts = factsOf(settings, context)
  return callVendor(call, context, facts, (answer) => readAnswer(answer, facts))
}

function findTarget(address: string | null, { device, channel_tag }: Settings): Record<string, string> | null {
  if (device !== undefined) return { device_iden: device }
  if (channel_tag !== undefined) return { channel_tag }
  return mailAddress.safeParse(address).success ? { email: address ?? '' } : null
}

/** A push has one link, which opens when it is tapped; the text has them all. */
function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const short = context.form === 'short'
  const url = outline.links[0]?.url
  return {
    ...(url === undefined ? { type: 'note' } : { type: 'link', url }),
    title: `${outline.icon} ${outline.title}`,
    body: composeText(outline, plainText, {
      max: short ? shortMax : bodyMax,
      unit: 'code_points',
      short,
      titled: false,
    }),
  }
}

function factsOf({ access_token }: Settings, context: ChannelContext): OutcomeFacts {
  return {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    waitHints: [{ header: 'x-ratelimit-reset', as: 'unix_seconds' }],
    secrets: [access_token],
  }
}

const pushed = z.object({ iden: z.string().min(1) })
const refused = z.object({ error: z.object({ code: z.string().optional(), param: z.string().optional() }) })

function readAnswer(answer: HttpAnswer, facts: OutcomeFacts): Outcome | null {
  const body = parseJson(answer.text)
  if (answer.status === 200) {
    const { data } = pushed.safeParse(body)
    if (data === undefined) return strangeAnswer('Pushbullet')
    return { kind: 'accepted', remote: { iden: data.iden }, statusCode: 200, text: `push ${data.iden}` }
  }
  const { code, param } = refused.safeParse(body).data?.error ?? {}
  if (code === 'pushbullet_pro_required') {
    return transientFromAnswer(answer, { ...facts, waitHints: [{ alwaysMs: quotaWaitMs }] })
  }
  if (answer.status !== 400) return answer.status === 404 ? permanentFromAnswer(answer, 'channel', facts) : null
  if (param === 'device_iden' || param === 'channel_tag') return permanentFromAnswer(answer, 'channel', facts)
  return permanentFromAnswer(answer, param === 'email' ? 'address' : 'message', facts)
}
