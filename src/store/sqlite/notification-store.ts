import type Database from 'better-sqlite3'
import type { DueDigest } from '../../domain/notification.js'
import type { CommittedRouting } from '../store.js'
import { prepareAcknowledge } from './acknowledge.js'
import { prepareDigests } from './digests.js'
import { prepareHolds } from './holds.js'
import { prepareRaise } from './raise.js'
import { reasons } from './reasons.js'
import { prepareResolve } from './resolve.js'
import type { StatCounts } from './stat-counts.js'

/** What is done with notifications after their birth. What writes runs inside the caller's transaction. */
export function prepareNotificationStore(database: Database.Database, counts: StatCounts) {
  const { acknowledge } = prepareAcknowledge(database)
  const { raise, commitDigest } = prepareRaise(database, counts)
  const { close } = prepareResolve(database)
  const holds = prepareHolds(database)
  const digests = prepareDigests(database)

  function resolve(notificationIds: string[], by: string, now: number): CommittedRouting {
    const { closed, deliveries, channels } = close(notificationIds, by, now)
    const reason = reasons.resolvedBy(by)
    const fates = closed.map(({ id, route, status }) => ({ notification_id: id, route, status, reason }))
    return { deliveries, channels, fates }
  }

  function nextFollowUpAt(): number | null {
    const times = [holds.nextDueAt(), digests.nextDueAt()].filter((at) => at !== null)
    return times.length === 0 ? null : Math.min(...times)
  }

  return {
    acknowledge,
    raise,
    commitDigest,
    resolve,
    nextFollowUpAt,
    releaseHolds: (now: number, limit: number) => holds.releaseDue(now, limit),
    listDueDigests: (now: number, limit: number): DueDigest[] => digests.listDue(now, limit),
    keepDigest: (route: string, key: string, dueAt: number): void => digests.keep(route, key, dueAt),
  }
}
