import { createHash } from 'node:crypto'
import type { Channel } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import type { PlannedDelivery } from '../domain/trace.js'
import { formatDuration } from '../domain/units.js'
import { waitsUntil } from '../domain/waiting.js'

export interface DeliveryPlan {
  deliveries: NewDelivery[]
  planned: PlannedDelivery[]
  /** Recipients no channel of the list reaches. */
  unreached: string[]
}

/** What shall go where, and on which terms. */
export interface DeliveryOrder extends DeliveryTerms {
  /** Tried in this order, for each recipient. */
  channels: string[]
  recipients: string[]
  message: Message
  /** What channels say that do not say `message`, by their names. */
  messages?: ReadonlyMap<string, Message>
}

export type DeliveryTerms = Pick<NewDelivery, 'dead' | 'purpose' | 'afterMs' | 'repeat' | 'offersAck' | 'during'> & {
  /** The route's own; null goes by the channel's, or by the config's. */
  retryMs: number[] | null
  retryWindowMs: number | null
}

/** Once, at once, and nobody has to answer. */
export const plainTerms: DeliveryTerms = {
  retryMs: null,
  retryWindowMs: null,
  dead: null,
  purpose: 'alert',
  afterMs: 0,
  repeat: null,
  offersAck: false,
  during: null,
}

/**
 * Decides on which channel each recipient is reached: the first of the list that has an address for them.
 *
 * A channel with its own destination (a webhook, a chat) is reached by everybody, and gets the message once however
 * many recipients fall to it; it also gets it when there are no recipients at all.
 */
export function planDeliveries(order: DeliveryOrder, config: Config, now: number): DeliveryPlan {
  const channels = order.channels.flatMap((name) => config.channels[name] ?? [])
  const plan: DeliveryPlan = { deliveries: [], planned: [], unreached: [] }
  const taken = new Set<string>()
  const add = (channel: Channel, recipient: string | null, address: string | null, missed: string[]): void => {
    const delivery = composeDelivery(order, channel, { recipient, address }, config)
    if (taken.has(delivery.dedupeKey)) {
      // A channel with its own destination gets one message for everybody: that is no duplicate worth a line each.
      if (recipient === null) return
      const sameAddress = { recipient, channel: channel.name, address, verdict: 'duplicate' as const }
      plan.planned.push({ ...sameAddress, reason: 'somebody else with the same address gets it' })
      return
    }
    taken.add(delivery.dedupeKey)
    const reason = [...missed, ...describeTerms(delivery, order.message, config, now)].join('; ') || null
    plan.planned.push({ recipient, channel: channel.name, address, verdict: 'planned', reason })
    plan.deliveries.push(delivery)
  }

  for (const recipient of order.recipients) {
    const without: string[] = []
    const channel = channels.find((candidate) => {
      if (candidate.destination !== null || findAddress(candidate, recipient, config) !== null) return true
      without.push(candidate.name)
      return false
    })
    const missed = without.length > 0 ? [`no address on ${without.join(', ')}`] : []
    if (!channel) {
      plan.unreached.push(recipient)
      const reason = missed.join('') || null
      plan.planned.push({ recipient, channel: null, address: null, verdict: 'unreachable', reason })
    } else if (channel.destination !== null) add(channel, null, null, missed)
    else add(channel, recipient, findAddress(channel, recipient, config), missed)
  }
  const own = channels.find((channel) => channel.destination !== null)
  if (order.recipients.length === 0 && own) add(own, null, null, [])
  return plan
}

function composeDelivery(
  order: DeliveryOrder,
  channel: Channel,
  target: Pick<NewDelivery, 'recipient' | 'address'>,
  config: Config,
): NewDelivery {
  const { dead, purpose, afterMs, repeat, offersAck, during } = order
  const message = order.messages?.get(channel.name) ?? order.message
  return {
    channel: channel.name,
    ...target,
    message,
    retryMs: order.retryMs ?? channel.limits.retryMs ?? config.defaultRetryMs,
    retryWindowMs: order.retryWindowMs ?? channel.limits.retryWindowMs ?? config.defaultRetryWindowMs,
    dedupeKey: hashDelivery(channel.name, target.address ?? target.recipient, { ...order, message }),
    dead,
    purpose,
    afterMs,
    repeat,
    offersAck,
    during,
  }
}

/** What a reader of the trace has to know beyond who gets it: when, how often, and what ends it. */
function describeTerms(delivery: NewDelivery, { severity }: Message, config: Config, now: number): string[] {
  if (delivery.dead !== null) return []
  const { afterMs, purpose, repeat } = delivery
  const words: string[] = []
  if (purpose === 'escalation') words.push(`in ${formatDuration(afterMs)}, unless somebody acknowledges`)
  const wait = waitsUntil(delivery, severity, config, now + afterMs)
  if (wait !== null) words.push(wait.reason)
  if (repeat !== null && repeat.times > 0) {
    const times = repeat.times === 1 ? 'once more' : `${repeat.times} times more`
    words.push(`${times}, every ${formatDuration(repeat.everyMs)}, unless somebody acknowledges`)
  }
  return words
}

/** Where the recipient is reached on a channel, or null when nowhere. */
function findAddress(channel: Channel, recipient: string, config: Config): string | null {
  const entered = config.people[recipient]?.channels[channel.name]
  if (entered) return entered
  const { address } = channel.kind
  if (address === null) return channel.destination === null ? recipient : null
  return address.defaultsToMail && address.schema.safeParse(recipient).success ? recipient : null
}

/**
 * Two routes may say the same to the same person on the same channel; the store keeps one of each key and mail.
 * What is held goes out nowhere, so it must not take the place of the same message that does; and what escalates later
 * does not take the place of what goes out now.
 */
function hashDelivery(
  channel: string,
  target: string | null,
  { message, dead, purpose, afterMs }: DeliveryOrder,
): string {
  const later = purpose === 'escalation' ? [purpose, afterMs] : []
  return createHash('sha256')
    .update(JSON.stringify([channel, target, message.title, message.text, dead !== null, ...later]))
    .digest('hex')
    .slice(0, 32)
}
