import { expandRecipients } from './expand-recipients.js'
import { planDeliveries } from './plan-deliveries.js'
import { renderText } from './render-text.js'
import { passed, passedWithWarning, type StepRunner } from './step.js'

/** Plans the deliveries: for each recipient, on the first channel of the list that reaches them. */
export const send: StepRunner<'send'> = async (step, draft, parts) => {
  const recipients = step.to ? expandRecipients(step.to, parts.config, false) : draft.recipients
  const text = step.template === null ? draft.message.text : await renderText(step.template, draft)
  const message = { ...draft.message, text }
  const { config } = parts
  const plan = planDeliveries(step.channels, recipients, message, config, draft.route.retryMs, draft.held)
  const target = step.channels.join(', ')
  const unreached = plan.unreached.map((recipient) => `${recipient} has no address on ${target}`)
  if (plan.planned.length === 0) unreached.push(`there was nobody to send to on ${target}`)
  const next = {
    ...draft,
    message,
    deliveries: [...draft.deliveries, ...plan.deliveries],
    planned: [...draft.planned, ...plan.planned],
    unreached: [...draft.unreached, ...unreached],
  }
  const sent = plan.deliveries.map((delivery) => `${delivery.channel} ${delivery.recipient ?? ''}`.trim())
  const facts = { channels: step.channels, recipients }
  if (unreached.length > 0) return passedWithWarning(next, target, [...sent, ...unreached].join('; '), facts)
  if (draft.held) return passedWithWarning(next, target, `held as dead letters: ${sent.join(', ')}`, facts)
  return passed(next, target, sent.join(', '), facts)
}
