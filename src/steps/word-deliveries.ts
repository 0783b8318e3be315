import type { Config } from '../domain/config.js'
import type { NewDelivery, NewNotification } from '../domain/delivery.js'
import type { Mail } from '../domain/mail.js'
import type { Message } from '../domain/message.js'
import { type WordedMessage, wordMessage } from '../template/word-message.js'
import { noticeScope } from './scope.js'

export interface WordedDeliveries {
  deliveries: NewDelivery[]
  /** One sentence for each channel whose template failed: its message goes out as it was, and says so. */
  problems: string[]
}

/**
 * Puts each delivery in the words of its channel. What makes two deliveries the same stays as it was planned: a template
 * that says the same of everything must not make one alert of two.
 */
export async function wordDeliveries(
  deliveries: NewDelivery[],
  { channels }: Pick<Config, 'channels'>,
  scopeOf: (message: Message) => Record<string, unknown>,
): Promise<WordedDeliveries> {
  // Many hear the same, and each text is rendered once.
  const known = new Map<string, Map<Message, WordedMessage>>()
  const word = async (delivery: NewDelivery): Promise<WordedMessage> => {
    const { message } = delivery
    const channel = channels[delivery.channel]
    if (!channel) return { message, problem: null }
    const ofChannel = known.get(channel.name) ?? new Map<Message, WordedMessage>()
    known.set(channel.name, ofChannel)
    const worded = ofChannel.get(message) ?? (await wordMessage(channel, message, () => scopeOf(message)))
    ofChannel.set(message, worded)
    return worded
  }
  const problems = new Set<string>()
  const worded: NewDelivery[] = []
  for (const delivery of deliveries) {
    const { message, problem } = await word(delivery)
    if (problem !== null) problems.add(problem)
    worded.push({ ...delivery, message })
  }
  return { deliveries: worded, problems: [...problems] }
}

/**
 * A notification that no step of a route made (`otherwise`, a digest, a job's, a monitor's, the gateway's own), in the
 * words of its channels. A template that failed flags it.
 * @param about the mail it is about, if it is about one, and those who hear of it.
 */
export async function wordNotification(
  notification: NewNotification,
  config: Pick<Config, 'channels'>,
  about: { mail: Mail | null; recipients: string[] } = { mail: null, recipients: listRecipients(notification) },
): Promise<{ notification: NewNotification; problems: string[] }> {
  const scopeOf = (message: Message) => noticeScope(notification, message, about)
  const { deliveries, problems } = await wordDeliveries(notification.deliveries, config, scopeOf)
  const flagged = [notification.flagged, ...problems].filter((reason) => reason !== null).join('; ') || null
  return { notification: { ...notification, deliveries, flagged }, problems }
}

function listRecipients({ deliveries }: NewNotification): string[] {
  return [...new Set(deliveries.flatMap(({ recipient }) => recipient ?? []))]
}
