import type { Config } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Escalation } from '../domain/route.js'
import type { PlannedDelivery } from '../domain/trace.js'
import { formatDuration } from '../domain/units.js'
import { expandRecipients } from './expand-recipients.js'
import { type DeliveryOrder, type DeliveryPlan, plainTerms, planDeliveries } from './plan-deliveries.js'

/** The escalations of one send, and sentences about those that do not go where they should. */
export interface EscalationPlan extends Pick<DeliveryPlan, 'deliveries' | 'planned'> {
  problems: string[]
}

/**
 * Plans who hears of it when nobody acknowledges. Whom an escalation does not reach, `otherwise.send` hears of in their
 * place at the same time: the last one to be told must not be nobody.
 */
export function planEscalations(
  escalations: Escalation[],
  given: Pick<DeliveryOrder, 'recipients' | 'message' | 'messages' | 'retryMs' | 'retryWindowMs' | 'during'>,
  config: Config,
  now: number,
): EscalationPlan {
  const plan: EscalationPlan = { deliveries: [], planned: [], problems: [] }
  for (const { afterMs, channels, to } of escalations) {
    const { recipients, problems } = recipientsOf(to, given.recipients, config)
    const terms = { ...plainTerms, ...given, purpose: 'escalation' as const, afterMs, offersAck: true }
    const own = planDeliveries({ ...terms, channels, recipients }, config, now)
    add(plan, own)
    if (own.deliveries.length === 0 || own.unreached.length > 0) {
      const order = { ...terms, channels: config.otherwise.send, recipients: own.unreached }
      const rescue = planDeliveries(order, config, now)
      add(plan, { ...rescue, planned: rescue.planned.map(nameRescue) })
      problems.push(describeUnreached(own.unreached, channels, rescue))
    }
    plan.problems.push(...problems.map((problem) => `after ${formatDuration(afterMs)}: ${problem}`))
  }
  return plan
}

/** When no alert reaches anybody there is no waiting for an answer: those who would be told next are told at once. */
export function escalateAtOnce(plan: Pick<DeliveryPlan, 'deliveries' | 'planned'>): typeof plan {
  const { deliveries, planned } = plan
  if (deliveries.length === 0 || deliveries.some(({ purpose }) => purpose === 'alert')) return plan
  const afterMs = Math.min(...deliveries.map((delivery) => delivery.afterMs))
  const isFirst = (delivery: NewDelivery | undefined): boolean => delivery?.afterMs === afterMs
  const reason = 'at once, as nobody else is reached'
  // Each planned line stands for one delivery, in the same order.
  let position = 0
  return {
    deliveries: deliveries.map((one) => (isFirst(one) ? { ...one, purpose: 'alert' as const, afterMs: 0 } : one)),
    planned: planned.map((line) => {
      return line.verdict === 'planned' && isFirst(deliveries[position++]) ? { ...line, reason } : line
    }),
  }
}

function add(plan: EscalationPlan, { deliveries, planned }: DeliveryPlan): void {
  plan.deliveries.push(...deliveries)
  plan.planned.push(...planned)
}

function nameRescue(line: PlannedDelivery): PlannedDelivery {
  return { ...line, reason: ['otherwise.send', line.reason].filter(Boolean).join(', ') }
}

function recipientsOf(
  to: string[] | null,
  sentTo: string[],
  config: Config,
): { recipients: string[]; problems: string[] } {
  if (to === null) return { recipients: sentTo, problems: [] }
  const problems: string[] = []
  const entries = to.flatMap((entry) => {
    if (entry !== 'manager') return [entry]
    const managers = new Map(sentTo.map((recipient) => [recipient, config.people[recipient]?.manager ?? null]))
    for (const [recipient, manager] of managers) if (manager === null) problems.push(`${recipient} has no manager`)
    return [...managers.values()].filter((manager) => manager !== null)
  })
  return { recipients: expandRecipients(entries, config, false), problems }
}

function describeUnreached(unreached: string[], channels: string[], rescue: DeliveryPlan): string {
  const whom = unreached.length > 0 ? `${unreached.join(', ')} has no address on` : 'there is nobody to send to on'
  const instead = [...new Set(rescue.deliveries.map(({ channel }) => channel))].join(', ')
  return `${whom} ${channels.join(', ')}${instead ? `, so ${instead}` : '; nobody else hears of it'}`
}
