import { createHash } from 'node:crypto'
import type { Channel } from '../domain/channel.js'
import type { Config } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import type { PlannedDelivery } from '../domain/trace.js'

export interface DeliveryPlan {
  deliveries: NewDelivery[]
  planned: PlannedDelivery[]
  /** Recipients no channel of the list reaches. */
  unreached: string[]
}

/**
 * Decides on which channel each recipient is reached: the first of the list that has an address for them.
 *
 * A channel with its own destination (a webhook, a chat) is reached by everybody, and gets the message once however
 * many recipients fall to it; it also gets it when there are no recipients at all.
 */
export function planDeliveries(
  channelNames: string[],
  recipients: string[],
  message: Message,
  config: Config,
  retryMs: number[],
  dead: string | null,
): DeliveryPlan {
  const channels = channelNames.flatMap((name) => config.channels[name] ?? [])
  const plan: DeliveryPlan = { deliveries: [], planned: [], unreached: [] }
  const taken = new Set<string>()
  const add = (channel: Channel, recipient: string | null, address: string | null, reason: string | null): void => {
    const dedupeKey = hashDelivery(channel.name, address ?? recipient, message, dead !== null)
    if (taken.has(dedupeKey)) {
      // A channel with its own destination gets one message for everybody: that is no duplicate worth a line each.
      if (recipient === null) return
      const sameAddress = { recipient, channel: channel.name, address, verdict: 'duplicate' as const }
      plan.planned.push({ ...sameAddress, reason: 'somebody else with the same address gets it' })
      return
    }
    taken.add(dedupeKey)
    plan.planned.push({ recipient, channel: channel.name, address, verdict: 'planned', reason })
    plan.deliveries.push({ channel: channel.name, recipient, address, message, retryMs, dedupeKey, dead })
  }

  for (const recipient of recipients) {
    const missed: string[] = []
    const channel = channels.find((candidate) => {
      if (candidate.destination !== null || findAddress(candidate, recipient, config) !== null) return true
      missed.push(candidate.name)
      return false
    })
    const reason = missed.length > 0 ? `no address on ${missed.join(', ')}` : null
    if (!channel) {
      plan.unreached.push(recipient)
      plan.planned.push({ recipient, channel: null, address: null, verdict: 'unreachable', reason })
    } else if (channel.destination !== null) add(channel, null, null, reason)
    else add(channel, recipient, findAddress(channel, recipient, config), reason)
  }
  const own = channels.find((channel) => channel.destination !== null)
  if (recipients.length === 0 && own) add(own, null, null, null)
  return plan
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
 * What is held goes out nowhere, so it must not take the place of the same message that does.
 */
function hashDelivery(channel: string, target: string | null, message: Message, isHeld: boolean): string {
  return createHash('sha256')
    .update(JSON.stringify([channel, target, message.title, message.text, isHeld]))
    .digest('hex')
    .slice(0, 32)
}
