import type Database from 'better-sqlite3'
import type { NewNotification } from '../../domain/delivery.js'
import type { DigestTarget } from '../../domain/notification.js'
import type { DigestCommit, RaiseOrigin } from '../notification-store.js'
import type { CommittedRouting } from '../store.js'
import { prepareDigests } from './digests.js'
import { prepareStates } from './notification-states.js'
import { prepareNotifications } from './notifications.js'
import { reasons } from './reasons.js'
import type { StatCounts } from './stat-counts.js'

/** Notifications that no mail and no run raised. Every function here runs inside the caller's transaction. */
export function prepareRaise(database: Database.Database, counts: StatCounts) {
  const notifications = prepareNotifications(database, counts)
  const digests = prepareDigests(database)
  const states = prepareStates(database)

  function raise(raised: NewNotification[], origin: RaiseOrigin, now: number): CommittedRouting {
    const { source, key } = origin
    return notifications.save(
      raised,
      { source, mailId: null, generation: 0, runId: null, key: `${source}/${key}` },
      now,
    )
  }

  /** A digest that was committed already changes nothing: its group has gone on to another time. */
  function commitDigest({ route, key, dueAt, itemIds, notification, nextDueAt, now }: DigestCommit): CommittedRouting {
    const group = digests.read(route, key)
    if (!group || group.due_at !== dueAt) return { deliveries: 0, channels: [], fates: [] }
    // What is let go late joins a group of a time that has passed: it is another digest, though of the same time.
    const occasion = JSON.stringify([route, key, dueAt, itemIds[0] ?? null])
    const committed = raise(notification ? [notification] : [], { source: 'digest', key: occasion }, now)
    const [fate] = committed.fates
    for (const itemId of itemIds) {
      if (!digests.takeItem(itemId, group)) continue
      if (fate) states.joinDigest(itemId, fate.notification_id, fate.status, reasons.inDigest(fate.notification_id))
      else states.joinDigest(itemId, null, 'dead', reasons.digestReachedNobody)
    }
    digests.next(group, nextDueAt, notification && targetsOf(notification))
    return committed
  }

  return { raise, commitDigest }
}

function targetsOf({ deliveries }: NewNotification): DigestTarget[] {
  return deliveries
    .filter(({ purpose }) => purpose === 'alert')
    .map(({ channel, recipient, address, retryMs, retryWindowMs, during }) => ({
      channel,
      recipient,
      address,
      retryMs,
      retryWindowMs,
      during,
    }))
}
