import { TemplateError } from '../template/liquid.js'
import { expandRecipients } from './expand-recipients.js'
import { passOver } from './pass-over.js'
import { planDeliveries } from './plan-deliveries.js'
import { renderText } from './render-text.js'
import { type Draft, passed, passedWithWarning, type StepRunner } from './step.js'

/**
 * Plans the deliveries: for each recipient, on the first channel of the list that reaches them. A template gives this
 * send its own text; the sends before and after it are not touched.
 */
export const send: StepRunner<'send'> = async (step, given, parts) => {
  const { draft, text, problem } = await renderOwnText(step.template, given)
  const recipients = step.to ? expandRecipients(step.to, parts.config, false) : draft.recipients
  const message = { ...draft.message, text }
  const plan = planDeliveries(step.channels, recipients, message, parts.config, draft.route.retryMs, draft.held)
  const target = step.channels.join(', ')
  const unreached: Draft['unreached'] = plan.unreached.map((recipient) => ({
    recipient,
    problem: `${recipient} has no address on ${target}`,
  }))
  if (plan.planned.length === 0)
    unreached.push({ recipient: null, problem: `there was nobody to send to on ${target}` })
  const next = {
    ...draft,
    deliveries: [...draft.deliveries, ...plan.deliveries],
    planned: [...draft.planned, ...plan.planned],
    unreached: [...draft.unreached, ...unreached],
  }
  const sent = plan.deliveries.map((delivery) => `${delivery.channel} ${delivery.recipient ?? ''}`.trim()).join(', ')
  const facts = { channels: step.channels, recipients }
  const problems = [...(problem === null ? [] : [problem]), ...unreached.map((line) => line.problem)]
  const outcome = draft.held && sent ? `held as dead letters: ${sent}` : sent
  const detail = [outcome, ...problems].filter(Boolean).join('; ')
  if (problems.length > 0 || draft.held) return passedWithWarning(next, target, detail, facts)
  return passed(next, target, detail, facts)
}

/** A template that cannot be rendered must not lose the alert: the text goes out as it is, and says so. */
async function renderOwnText(
  template: string | null,
  draft: Draft,
): Promise<{ draft: Draft; text: string; problem: string | null }> {
  const { text } = draft.message
  if (template === null) return { draft, text, problem: null }
  try {
    return { draft, text: await renderText(template, draft), problem: null }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const problem = `the template of send failed: ${error.message}`
    return { draft: passOver(draft, problem), text, problem }
  }
}
