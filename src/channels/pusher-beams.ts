import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message } from '../domain/message.js'
import { callVendor, strangeAnswer, wrongAddress } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { type OutcomeFacts, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { noticeTextBytesMax, type PushNotice, renderPushNotice } from './push-notice.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

const userId = z
  .string()
  .min(1)
  .max(164)
  .regex(/^\P{Cc}*$/u, 'has a control character')

const settings = z.strictObject({
  base_url: baseUrl.optional().describe("Instead of the instance's own host."),
  instance_id: z.uuid().describe('The Beams instance of the app.'),
  secret_key: z
    .string()
    .regex(/^[\w.~+/=-]{1,500}$/, 'must be a secret key')
    .describe('The primary key of the instance.'),
  interests: z
    .array(z.string().regex(/^[\w=@,.;-]{1,164}$/, 'must be an interest: at most 164 of A-Z a-z 0-9 _ - = @ , . ;'))
    .min(1)
    .max(100)
    .optional()
    .describe('All devices with one of these interests, instead of the recipients.'),
})
type Settings = z.infer<typeof settings>

export const pusherBeams = defineChannel<Settings>({
  kind: 'pusher_beams',
  label: 'Pusher Beams',
  description: 'Pushes to the users of an app of your own, or to interests, through Pusher Beams.',
  guide: {
    steps: [
      'In the Pusher dashboard, open your Beams instance: Keys has the instance id and the primary key.',
      'People are reached by the id with which your app signed them in; or name interests.',
    ],
    note: null,
  },
  settings,
  address: { schema: userId, hint: 'the id of an authenticated user' },
  destination: ({ interests }) => interests?.join(', ') ?? null,
  secrets: ['secret_key'],
  capabilities: {
    textMax: noticeTextBytesMax,
    textUnit: 'bytes',
    dialect: 'plain',
    attachments: false,
    idempotent: false,
  },
  example: {
    settings: { instance_id: '8f9a6e22-2483-49aa-8552-125f1a4c5781', secret_key: null },
    address: 'tim@mailtrigger.app',
  },
  concurrency: 8,
  rates: { channel: null, address: null },
  send: publish,
})

async function publish(
  message: Message,
  address: string | null,
  settings: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const { instance_id, secret_key, interests } = settings
  if (interests === undefined && !userId.safeParse(address).success) return wrongAddress('the address is no user')
  const base = settings.base_url ?? `https://${instance_id}.pushnotifications.pusher.com`
  const notice = renderPushNotice(outlineMessage(withAckLink(message, context)), context.form)
  const call = {
    url: `${base}/publish_api/v1/instances/${instance_id}/publishes/${interests === undefined ? 'users' : 'interests'}`,
    headers: { authorization: `Bearer ${secret_key}` },
    json: { ...(interests === undefined ? { users: [address] } : { interests }), ...renderContent(notice) },
  }
  const facts = factsOf(settings, context)
  return callVendor(call, context, facts, (answer) => readAnswer(answer, context, facts))
}

/** Each kind of device has a form of its own. Apps find the link in the data; a browser follows it, if it is https. */
function renderContent({ title, text, url }: PushNotice) {
  const data = url === null ? {} : { data: { url } }
  const deepLink = url?.startsWith('https://') ? { deep_link: url } : {}
  return {
    web: { notification: { title, body: text, ...deepLink } },
    fcm: { notification: { title, body: text }, ...data },
    apns: { aps: { alert: { title, body: text }, sound: 'default' }, ...data },
  }
}

function factsOf({ secret_key }: Settings, context: ChannelContext): OutcomeFacts {
  return { now: context.now(), idempotent: false, waitScope: 'channel', secrets: [secret_key] }
}

const published = z.object({ publishId: z.string().min(1) })

function readAnswer(answer: HttpAnswer, { form }: ChannelContext, facts: OutcomeFacts): Outcome | null {
  if (answer.status === 200) {
    const { data } = published.safeParse(parseJson(answer.text))
    if (data === undefined) return strangeAnswer('Pusher Beams')
    const remote = { publish_id: data.publishId }
    return { kind: 'accepted', remote, statusCode: 200, text: `publish ${data.publishId}` }
  }
  if (answer.status === 413) return tooLongFromAnswer(answer, form, facts)
  // The instance is not there.
  return answer.status === 404 ? permanentFromAnswer(answer, 'channel', facts) : null
}
