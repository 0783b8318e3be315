import { z } from 'zod'
import type { ChannelContext, HttpAnswer, Outcome } from '../domain/channel.js'
import type { Message, Severity } from '../domain/message.js'
import { callVendor, strangeAnswer } from './call-vendor.js'
import { isVisible } from './clean-text.js'
import { cutText } from './cut-text.js'
import { dedupKey } from './dedup-key.js'
import { defineChannel } from './define-channel.js'
import { formatIso } from './format-iso.js'
import { type OutcomeFacts, outcomeFromAnswer, permanentFromAnswer, tooLongFromAnswer } from './outcome-from-answer.js'
import { outlineLabels } from './outline-labels.js'
import { outlineLine, outlineMessage } from './outline-message.js'
import { baseUrl } from './settings.js'
import { withAckLink } from './with-ack-link.js'

/** With every character of four bytes, labels and links included, an event stays below the 512 KB PagerDuty takes. */
const textMax = 60_000
const shortTextMax = 2_000
const dedupKeyMax = 255
const fieldMax = 200
/** PagerDuty names no wait; its limit is counted by the minute. */
const throttledMs = 30_000

const settings = z.strictObject({
  routing_key: z
    .string()
    .regex(/^[A-Za-z0-9]{32}$/, 'must be the 32 letters and digits of an Events API v2 integration')
    .describe('The integration key of the service, of type Events API v2.'),
  base_url: baseUrl
    .default('https://events.pagerduty.com')
    .describe('https://events.eu.pagerduty.com for accounts of the European region.'),
})
type Settings = z.infer<typeof settings>

/** There is no severity for what is over: such an event resolves. */
const severityNames: Record<Exclude<Severity, 'resolved'>, string> = {
  critical: 'critical',
  error: 'error',
  warning: 'warning',
  info: 'info',
}

/**
 * Events API v2 (PagerDuty, "Send an alert event"): one incident per fingerprint. A repeat adds to the open incident
 * and pages nobody twice; acknowledgement and end are events with the same key.
 */
export const pagerduty = defineChannel<Settings>({
  kind: 'pagerduty',
  label: 'PagerDuty',
  description: 'Opens, acknowledges and resolves incidents of a PagerDuty service.',
  guide: {
    steps: [
      'Open the service in PagerDuty: Integrations, Add an integration, Events API V2.',
      'Copy its integration key: 32 letters and digits.',
      'For an account in Europe enter `https://events.eu.pagerduty.com` as the base URL.',
    ],
    note: null,
  },
  settings,
  address: null,
  destination: ({ base_url }) => new URL(base_url).host,
  secrets: ['routing_key'],
  capabilities: { textMax, textUnit: 'code_points', dialect: 'plain', attachments: false, idempotent: true },
  concurrency: 4,
  // PagerDuty, "Events API rate limits": 120 events a minute for an integration key.
  rates: { channel: { count: 120, perMs: 60_000 }, address: null },
  send(message, _address, settings, context) {
    const { severity } = message
    if (severity === 'resolved') return enqueue({ event_action: 'resolve' }, settings, context)
    return enqueue(renderTrigger(message, severityNames[severity], context), settings, context)
  },
  resolve: (_message, _address, settings, context) => enqueue({ event_action: 'resolve' }, settings, context),
  updatesOnce: true,
  update: (_message, _address, settings, context) => enqueue({ event_action: 'acknowledge' }, settings, context),
})

async function enqueue(
  event: { event_action: 'trigger' | 'acknowledge' | 'resolve' } & Record<string, unknown>,
  { routing_key, base_url }: Settings,
  context: ChannelContext,
): Promise<Outcome> {
  const facts: OutcomeFacts = {
    now: context.now(),
    idempotent: true,
    waitScope: 'channel',
    waitHints: [{ alwaysMs: throttledMs }],
    secrets: [routing_key],
  }
  const dedup_key = context.sent?.dedup_key || dedupKey(context.fingerprint, dedupKeyMax)
  const call = { url: `${base_url}/v2/enqueue`, json: { routing_key, dedup_key, ...event } }
  return callVendor(call, context, facts, (answer) => readAnswer(answer, dedup_key, context, facts))
}

/** 202 takes the event into a queue. 400 is about the event or the key, as JSON or as plain text. */
function readAnswer(answer: HttpAnswer, key: string, { form }: ChannelContext, facts: OutcomeFacts): Outcome {
  const { status, text } = answer
  const outcome = outcomeFromAnswer(answer, facts)
  if (outcome.kind === 'accepted') {
    return answer.status === 202 ? { ...outcome, remote: { dedup_key: key } } : strangeAnswer('PagerDuty')
  }
  if (status === 413) return tooLongFromAnswer(answer, form, facts)
  return status === 400 && /routing[ _]key/i.test(text) ? permanentFromAnswer(answer, 'channel', facts) : outcome
}

function renderTrigger(message: Message, severity: string, context: ChannelContext) {
  const outline = outlineMessage(withAckLink(message, context))
  const labels = outlineLabels(message.labels)
  const from = outlineLine(message.from, fieldMax)
  const timestamp = formatIso(message.receivedAt)
  const { component, group, class: eventClass } = labels
  return {
    event_action: 'trigger' as const,
    client: 'MailTrigger',
    payload: {
      summary: outline.title,
      source: labels.host ?? (isVisible(from) ? from : context.hostname),
      severity,
      ...(timestamp === null ? {} : { timestamp }),
      ...(component === undefined ? {} : { component }),
      ...(group === undefined ? {} : { group }),
      ...(eventClass === undefined ? {} : { class: eventClass }),
      custom_details: {
        text: cutText(outline.text, context.form === 'short' ? shortTextMax : textMax, 'code_points'),
        notes: outline.notes,
        attachments: outline.attachments,
        labels,
        from,
        mail_id: message.mailId,
      },
    },
    links: outline.links.map(({ label, url }) => ({ href: url, text: label })),
  }
}
