import type { Config } from '../domain/config.js'
import type { Message } from '../domain/message.js'
import type { Escalation } from '../domain/route.js'
import { formatDuration } from '../domain/units.js'
import { expandRecipients } from './expand-recipients.js'
import { type DeliveryPlan, type DeliveryTerms, plainTerms, planDeliveries } from './plan-deliveries.js'

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
  given: { recipients: string[]; message: Message } & Pick<DeliveryTerms, 'retryMs' | 'retryWindowMs' | 'during'>,
  config: Config,
  now: number,
): EscalationPlan {
  const plan: EscalationPlan = { deliveries: [], planned: [], problems: [] }
  for (const { afterMs, channels, to } of escalations) {
    const { recipients, problems } = recipientsOf(to, given.recipients, config)
    const terms = { ...plainTerms, ...given, purpose: 'escalation' as const, afterMs, offersAck: true }
    const own = planDeliveries({ ...terms, channels, recipients }, config, now)
    plan.deliveries.push(...own.deliveries)
    plan.planned.push(...own.planned)
    const isReached = own.deliveries.length > 0 && own.unreached.length === 0
    if (!isReached) {
      const rescue = planDeliveries(
        { ...terms, channels: config.otherwise.send, recipients: own.unreached },
        config,
        now,
      )
      plan.deliveries.push(...rescue.deliveries)
      plan.planned.push(
        ...rescue.planned.map((line) => ({
          ...line,
          reason: ['otherwise.send', line.reason].filter(Boolean).join(', '),
        })),
      )
      problems.push(describeUnreached(own.unreached, channels, rescue))
    }
    plan.problems.push(...problems.map((problem) => `after ${formatDuration(afterMs)}: ${problem}`))
  }
  return plan
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
