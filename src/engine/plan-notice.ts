import type { Config } from '../domain/config.js'
import type { NewDelivery } from '../domain/delivery.js'
import type { Message } from '../domain/message.js'
import { plainTerms, planDeliveries } from '../steps/plan-deliveries.js'

/**
 * Finds the ways for what the gateway itself has to say: each of the channels with a destination of its own, and the
 * built-in inbox. When that is nobody, or no channel is named, `otherwise.send` hears of it.
 */
export function planNotice(
  channels: string[],
  message: Message,
  config: Config,
  now: number,
): { deliveries: NewDelivery[]; flagged: string | null } {
  const own = planEach(channels, message, config, now)
  if (own.length > 0) return { deliveries: own, flagged: null }
  if (channels.length === 0) {
    return { deliveries: planEach(config.otherwise.send, message, config, now), flagged: null }
  }
  const flagged = `nobody is reached on ${channels.join(', ')}, which deliver to people`
  const noted = { ...message, notes: [...message.notes, flagged] }
  return { deliveries: planEach(config.otherwise.send, noted, config, now), flagged }
}

/** There is no mail and so no recipient; a channel that keeps a box for each (the inbox) gets it in the gateway's own. */
function planEach(channels: string[], message: Message, config: Config, now: number): NewDelivery[] {
  return channels.flatMap((name) => {
    const channel = config.channels[name]
    const hasBoxes = channel !== undefined && channel.destination === null && channel.kind.address === null
    const recipients = hasBoxes ? [`mailtrigger@${config.hostname}`] : []
    return planDeliveries({ ...plainTerms, channels: [name], recipients, message }, config, now).deliveries
  })
}
