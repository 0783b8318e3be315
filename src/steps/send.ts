import type { Config } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import type { Step } from '../domain/route.js'
import { formatDuration } from '../domain/units.js'
import { TemplateError } from '../template/liquid.js'
import { expandRecipients } from './expand-recipients.js'
import { passOver } from './pass-over.js'
import { plainTerms, planDeliveries } from './plan-deliveries.js'
import { planEscalations } from './plan-escalations.js'
import { type ChannelMessages, renderForChannels } from './render-for-channels.js'
import { renderText } from './render-text.js'
import { type Draft, passed, passedWithWarning, type StepParts, type StepRunner } from './step.js'

type SendStep = Extract<Step, { verb: 'send' }>

/**
 * Plans the deliveries: for each recipient, on the first channel of the list that reaches them, and later to whom it
 * escalates. A template gives this send its own text, else each channel has that of its own template; the sends before
 * and after it are not touched.
 */
export const send: StepRunner<'send'> = async (step, given, parts) => {
  const { draft, problems: failed, ...texts } = await renderTexts(step, given, parts)
  const recipients = recipientsOf(step, draft, parts.config)
  const { plan, later } = planSend(step, draft, recipients, texts, parts)
  const target = step.channels.join(', ')
  const unreached: Draft['unreached'] = plan.unreached.map((recipient) => ({
    recipient,
    problem: `${recipient} has no address on ${target}`,
  }))
  if (plan.planned.length === 0)
    unreached.push({ recipient: null, problem: `there was nobody to send to on ${target}` })
  const next = {
    ...draft,
    deliveries: [...draft.deliveries, ...plan.deliveries, ...later.deliveries],
    planned: [...draft.planned, ...plan.planned, ...later.planned],
    unreached: [...draft.unreached, ...unreached],
  }
  const sent = plan.deliveries.map(nameTarget).join(', ')
  const facts = { channels: step.channels, recipients }
  const problems = [...failed, ...unreached.map((line) => line.problem), ...later.problems]
  const outcome = draft.held && sent ? `held as dead letters: ${sent}` : sent
  const escalated = later.deliveries.map(
    (delivery) => `after ${formatDuration(delivery.afterMs)} ${nameTarget(delivery)}`,
  )
  const detail = [[outcome, ...escalated].filter(Boolean).join(', '), ...problems].filter(Boolean).join('; ')
  if (problems.length > 0 || draft.held) return passedWithWarning(next, target, detail, facts)
  return passed(next, target, detail, facts)
}

function nameTarget({ channel, recipient }: NewDelivery): string {
  return `${channel} ${recipient ?? ''}`.trim()
}

function recipientsOf({ to }: SendStep, draft: Draft, config: Config): string[] {
  return to ? expandRecipients(to, config, false) : draft.recipients
}

/** What goes out now, and what later, in these texts. Pure. */
function planSend(
  step: SendStep,
  draft: Draft,
  recipients: string[],
  { text, messages }: Pick<SendTexts, 'text' | 'messages'>,
  { config, now }: StepParts,
) {
  const { retryMs, retryWindowMs } = draft.route
  const shared = {
    recipients,
    message: { ...draft.message, text },
    messages,
    retryMs,
    retryWindowMs,
    during: step.during,
  }
  const { channels, repeat, offersAck } = step
  const order = { ...plainTerms, ...shared, channels, repeat, offersAck, dead: draft.held }
  // What must not go out is not told to somebody else later either.
  const escalations = draft.held === null ? step.escalations : []
  return { plan: planDeliveries(order, config, now()), later: planEscalations(escalations, shared, config, now()) }
}

type SendTexts = ChannelMessages & { text: string }

/**
 * The template of the send comes before those of its channels and of those it escalates to. Of these, only where
 * something goes: what is never said cannot fail.
 */
async function renderTexts(step: SendStep, draft: Draft, parts: StepParts): Promise<SendTexts> {
  if (step.template !== null) return renderOwnText(step.template, draft)
  const { text } = draft.message
  const unworded = { text, messages: new Map<string, Message>() }
  const { plan, later } = planSend(step, draft, recipientsOf(step, draft, parts.config), unworded, parts)
  const channels = new Set([...plan.deliveries, ...later.deliveries].map(({ channel }) => channel))
  return { ...(await renderForChannels(channels, draft, parts.config)), text }
}

/** A template that cannot be rendered must not lose the alert: the text goes out as it is, and says so. */
async function renderOwnText(template: string, draft: Draft): Promise<SendTexts> {
  const messages = new Map<string, Message>()
  try {
    return { draft, text: await renderText(template, draft), messages, problems: [] }
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    const problem = `the template of send failed: ${error.message}`
    return { draft: passOver(draft, problem), text: draft.message.text, messages, problems: [problem] }
  }
}
