import type { NewDelivery, NewNotification } from '../domain/delivery.js'
import type { Trace } from '../domain/trace.js'

/**
 * What says the same to the same person on the same channel goes out once a mail; the trace says which route's did.
 *
 * Only what goes out for certain stands for others: a notification that is held, gathered, deduplicated or silenced may
 * not go out at all, and must not take another's with it. And what can be acknowledged never gives way to another route's.
 */
export function markDuplicates(
  notifications: NewNotification[],
  trace: Pick<Trace, 'routes'>,
  isSilenced: (notification: NewNotification, channel: string) => boolean,
): void {
  const standing = new Map<string, Sent>()
  const certain = notifications.filter(({ control }) => !control.hold && !control.digest && !control.dedupe)
  const goingOut = certain.flatMap((notification) =>
    listSent(notification).filter(({ delivery }) => !isSilenced(notification, delivery.channel)),
  )
  for (const offersAck of [true, false]) {
    for (const sent of goingOut) {
      const words = wordsOf(sent.delivery)
      if (sent.delivery.offersAck === offersAck && !standing.has(words)) standing.set(words, sent)
    }
  }
  const likely = new Map<string, Sent>()
  for (const notification of notifications) dropDuplicates(notification, standing, likely, trace)
}

interface Sent {
  route: string
  delivery: NewDelivery
}

function dropDuplicates(
  notification: NewNotification,
  standing: ReadonlyMap<string, Sent>,
  likely: Map<string, Sent>,
  { routes }: Pick<Trace, 'routes'>,
): void {
  const { route } = notification
  const own = new Map<string, NewDelivery>()
  // Each planned line stands for one delivery, in the same order.
  const lines = routes.find(({ name }) => name === route)?.deliveries.filter(({ verdict }) => verdict === 'planned')
  notification.deliveries = notification.deliveries.filter((delivery, position) => {
    const words = wordsOf(delivery)
    const twin = own.get(words)
    const other = delivery.offersAck ? undefined : standing.get(words)
    const first = twin ?? other?.delivery
    if (first !== undefined && first !== delivery) {
      takeOver(first, delivery, twin !== undefined)
      const by = twin === undefined ? other?.route : route
      Object.assign(lines?.[position] ?? {}, { verdict: 'duplicate', reason: `already sent by route ${by}` })
      return false
    }
    own.set(words, delivery)
    // The store keeps the first of a key that is not suppressed.
    const earlier = likely.get(delivery.dedupeKey)
    if (earlier === undefined) likely.set(delivery.dedupeKey, { route, delivery })
    else Object.assign(lines?.[position] ?? {}, { reason: `unless route ${earlier.route} sends it` })
    return true
  })
}

function listSent({ route, deliveries }: NewNotification): Sent[] {
  return deliveries.map((delivery) => ({ route, delivery }))
}

function wordsOf({ channel, address, recipient, message, dead, purpose, afterMs }: NewDelivery): string {
  return JSON.stringify([channel, address ?? recipient, message.title, message.text, dead !== null, purpose, afterMs])
}

/** What went wrong on the way to a message that is not sent twice, and what it asks of its reader, stands in the other. */
function takeOver(kept: NewDelivery, dropped: NewDelivery, isTwin: boolean): void {
  const notes = new Set([...kept.message.notes, ...dropped.message.notes])
  kept.message = { ...kept.message, notes: [...notes] }
  if (!isTwin || !dropped.offersAck) return
  kept.repeat ??= dropped.repeat
  kept.offersAck = true
  kept.dedupeKey = dropped.dedupeKey
}
