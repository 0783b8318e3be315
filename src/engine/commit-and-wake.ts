import type { DeliveryLoop } from '../deliver/delivery-loop.js'
import type { EngineEvent } from '../domain/events.js'
import type { FollowLoop } from '../follow/follow-loop.js'
import type { Routing, Store } from '../store/store.js'
import type { WatchLoop } from '../watch/watch-loop.js'

export interface WakeParts {
  store: Pick<Store, 'commitRouting'>
  deliveries: Pick<DeliveryLoop, 'wake'>
  follow: Pick<FollowLoop, 'expect'>
  watch: Pick<WatchLoop, 'seen'>
  emit: (event: EngineEvent) => void
}

/** Commits what was made of a mail, and lets everybody know for whom there is something in it. */
export function commitAndWake({ store, deliveries, follow, watch, emit }: WakeParts): Store['commitRouting'] {
  return async (routing) => {
    const committing = store.commitRouting(routing)
    // Woken at once, the claim of the channels' new work shares the commit that makes it.
    const channels = channelsOf(routing)
    deliveries.wake(channels)
    const committed = await committing
    if (committed === false) return false
    // Those that are told that something is over are known only now.
    const others = committed.channels.filter((channel) => !channels.includes(channel))
    if (others.length > 0) deliveries.wake(others)
    const waits = waitsOf(routing)
    if (waits.length > 0) follow.expect(Math.min(...waits))
    if (routing.monitorsSeen.length > 0) watch.seen(routing.monitorsSeen.map(({ monitor }) => monitor))
    const by = `mail ${routing.mailId}`
    for (const notification_id of committed.closed) emit({ type: 'notification.resolved', notification_id, by })
    return committed
  }
}

function channelsOf({ notifications }: Routing): string[] {
  return [...new Set(notifications.flatMap(({ deliveries }) => deliveries.map(({ channel }) => channel)))]
}

function waitsOf({ notifications }: Routing): number[] {
  return notifications.flatMap(({ control: { hold, digest } }) => [
    ...(hold ? [hold.until] : []),
    ...(digest ? [digest.dueAt] : []),
  ])
}
