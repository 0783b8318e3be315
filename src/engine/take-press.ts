import type { ButtonPress, Channel } from '../domain/channel.js'
import { ApiError } from '../domain/errors.js'
import { readAckButton } from '../follow/ack-token.js'
import type { DeliveryDetail } from '../store/store.js'
import { acknowledgeAlert } from './acknowledge.js'
import type { Engine } from './engine.js'
import { earOf } from './listeners.js'

const notOurs = 'this button is not one of ours'

/**
 * Acknowledges by a button of a message; answers with the words to show. A press counts where the message went and
 * nowhere else: who forwards a message does not hand on its button.
 */
export async function takePress(
  engine: Pick<Engine, 'store' | 'current' | 'deliveries' | 'emit' | 'audit' | 'now' | 'keys'>,
  heardBy: Channel,
  { data, address, by }: ButtonPress,
): Promise<string> {
  const deliveryId = readAckButton(engine.keys.signing(), data)
  if (deliveryId === null) return notOurs
  const delivery = await engine.store.readDelivery(deliveryId)
  if (!delivery) return 'this alert is no longer kept'
  const channel = engine.current().config.channels[delivery.channel]
  if (!channel || earOf(channel) !== earOf(heardBy)) return notOurs
  if (!listPlaces(delivery, channel).includes(chatOf(address))) return notOurs
  try {
    return (await acknowledgeAlert(engine, { notificationId: null, deliveryId, by, note: null })).words
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

/** Where the message is: as it was addressed, and as the vendor calls the place (a chat has a name and a number). */
function listPlaces({ address, remote }: DeliveryDetail, { destination }: Channel): string[] {
  return [address ?? destination, remote.chat_id ?? null].flatMap((place) => (place === null ? [] : [chatOf(place)]))
}

/** Of `chat:topic` the chat: topics come and go, and everybody in the chat can read all of them. */
function chatOf(place: string): string {
  return (place.split(':')[0] ?? place).toLowerCase()
}
