import { z } from 'zod'
import type { Form, HttpAnswer, Outcome } from '../domain/channel.js'
import { callVendor } from './call-vendor.js'
import { defineChannel } from './define-channel.js'
import { renderAdaptiveCard } from './dialects/adaptive-card.js'
import { type OutcomeFacts, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineMessage } from './outline-message.js'
import { parseJson } from './parse-json.js'
import { moveToBase, secretsOfUrl, webhookBase, webhookUrl } from './webhook-url.js'
import { withAckLink } from './with-ack-link.js'

const settings = z.strictObject({
  webhook_url: webhookUrl.refine(
    (url) => !/\.webhook\.office\.com$/i.test(new URL(url).hostname),
    'is an Office connector, which Microsoft has shut down: make a workflow "Send webhook alerts to a channel" in Teams and take its URL',
  ),
  base_url: webhookBase,
})
type Settings = z.infer<typeof settings>

/**
 * Power Automate answers 202 before the flow runs, and says nothing when it fails afterwards: such an outcome is
 * `accepted`, never `delivered`.
 */
export const teams = defineChannel<Settings>({
  kind: 'teams',
  label: 'Microsoft Teams',
  description: 'Posts Adaptive Cards to a Teams channel or chat through a workflow.',
  guide: {
    steps: [
      'In Teams, open the menu of the channel or chat, and choose Workflows.',
      'Take the template that posts to a channel when a webhook request is received, and name where to post.',
      'Copy the URL it shows, whole, with everything after the question mark.',
    ],
    note: 'Teams takes each message before its workflow has run: only looking there shows that it arrived. URLs at webhook.office.com work no more.',
  },
  settings,
  address: null,
  destination: ({ webhook_url }) => new URL(webhook_url).host,
  secrets: ['webhook_url'],
  capabilities: { textMax: 7_000, textUnit: 'bytes', dialect: 'adaptive_card', attachments: false, idempotent: false },
  concurrency: 2,
  // Microsoft, "Create incoming webhooks": 4 requests a second, 60 in 30 seconds. The second is the one that is felt.
  rates: { channel: { count: 60, perMs: 30_000 }, address: null },
  async send(message, _address, { webhook_url, base_url }, context) {
    const outline = outlineMessage(withAckLink(message, context))
    const form = { short: context.form === 'short', plain: context.form === 'plain' }
    const card = {
      contentType: 'application/vnd.microsoft.card.adaptive',
      contentUrl: null,
      content: renderAdaptiveCard(outline, message.severity, form),
    }
    const facts: OutcomeFacts = {
      now: context.now(),
      idempotent: false,
      waitScope: 'channel',
      secrets: secretsOfUrl(webhook_url),
    }
    const call = { url: moveToBase(webhook_url, base_url), json: { type: 'message', attachments: [card] } }
    return callVendor(call, context, facts, (answer) => readRefusal(answer, context.form, facts))
  },
})

/** What is wrong with the flow itself; no other message would fare better. */
const flowTroubles = new Set([
  'DirectApiAuthorizationRequired',
  'DirectApiRequestHasMoreThanOneAuthorization',
  'WorkflowTriggerIsNotEnabled',
  'WorkflowTriggerNotFound',
  'WorkflowNotFound',
  'WorkflowDisabled',
])

const refusal = z.object({ error: z.object({ code: z.string() }) })

function readRefusal(answer: HttpAnswer, form: Form, facts: OutcomeFacts): Outcome | null {
  if (answer.status === 413) return tooLongFromAnswer(answer, form, facts)
  if (answer.status < 400 || answer.status >= 500 || answer.status === 429) return null
  const { data } = refusal.safeParse(parseJson(answer.text))
  return flowTroubles.has(data?.error.code ?? '') ? permanentFromAnswer(answer, 'channel', facts) : null
}
