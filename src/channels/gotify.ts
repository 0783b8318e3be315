import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { commonMark } from './dialects/common-mark.js'
import { composeText } from './dialects/compose-text.js'
import { plainText } from './dialects/plain-text.js'
import { type OutcomeFacts, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/**
 * Gotify has no limit, but answers with the whole message, six bytes for a `<`, and of an answer no more than 65,536
 * bytes are read.
 */
const messageMax = 8_000
const shortMax = 1_000

const settings = z.strictObject({
  base_url: baseUrl,
  token: z
    .string()
    .regex(/^[\w.-]{1,200}$/, 'must be an application token')
    .describe('The token of the application the messages appear under.'),
})
type Settings = z.infer<typeof settings>

export const gotify = defineChannel<Settings>({
  kind: 'gotify',
  label: 'Gotify',
  description: 'Pushes to the clients of a Gotify server of your own.',
  guide: {
    steps: ['In Gotify’s web page: Apps, Create Application.', 'Copy its token. A client’s token can only read.'],
    note: null,
  },
  settings,
  address: null,
  destination: ({ base_url }) => new URL(base_url).host,
  secrets: ['token'],
  capabilities: {
    textMax: messageMax,
    textUnit: 'code_points',
    dialect: 'common_mark',
    attachments: false,
    idempotent: false,
  },
  example: { settings: { base_url: 'https://gotify.example.org', token: null } },
  concurrency: 8,
  rates: { channel: null, address: null },
  async send(message, _address, settings, context) {
    const call = {
      url: `${settings.base_url}/message`,
      headers: { 'x-gotify-key': settings.token },
      json: renderContent(message, context),
    }
    const facts = factsOf(settings, context)
    return callVendor(call, context, facts, (answer) => readAnswer(answer, context, facts))
  },
})

const priorities: Record<Severity, number> = { critical: 10, error: 7, warning: 5, info: 2, resolved: 2 }

function renderContent(message: Message, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const { form } = context
  const writer = form === 'plain' ? plainText : commonMark
  const click = outline.links[0]?.url
  return {
    title: `${outline.icon} ${outline.title}`,
    message: composeText(outline, writer, {
      max: form === 'short' ? shortMax : messageMax,
      unit: 'code_points',
      short: form === 'short',
      titled: false,
    }),
    priority: priorities[message.severity],
    extras: {
      'client::display': { contentType: form === 'plain' ? 'text/plain' : 'text/markdown' },
      ...(click !== undefined && { 'client::notification': { click: { url: click } } }),
    },
  }
}

function factsOf({ token }: Settings, context: ChannelContext): OutcomeFacts {
  return { now: context.now(), idempotent: false, waitScope: 'channel', secrets: [token] }
}

const created = z.object({ id: z.number().int() })

function readAnswer(answer: HttpAnswer, { form }: ChannelContext, facts: OutcomeFacts): Outcome | null {
  if (answer.status === 200) {
    const { data } = created.safeParse(parseJson(answer.text))
    if (data === undefined) return strangeAnswer('Gotify')
    return { kind: 'delivered', remote: { id: String(data.id) }, statusCode: 200, text: `message ${data.id}` }
  }
  // Gotify itself takes any length, but the web server before it may not.
  if (answer.status === 413) return tooLongFromAnswer(answer, form, facts)
  return answer.status === 404 ? permanentFromAnswer(answer, 'channel', facts) : null
}
