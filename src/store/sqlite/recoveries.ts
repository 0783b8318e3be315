import type Database from 'better-sqlite3'
import type { Recovery } from '../../domain/notification.js'
import { prepareFollowUps } from './follow-ups.js'
import { type HoldRow, prepareHolds } from './holds.js'
import { prepareStates } from './notification-states.js'
import { reasons } from './reasons.js'
import { type Closing, prepareResolve } from './resolve.js'
import { prepareUnsent } from './unsent.js'

/** A mail is taken to have happened at most a day before it came in; a recovery waits twice as long for it. */
const keptMs = 48 * 3_600_000
/** What is older goes in small steps, as new ones come. */
const trimMax = 8

export interface AppliedRecovery {
  recovery: Recovery
  closed: string[]
}

export interface AppliedRecoveries {
  applied: AppliedRecovery[]
  deliveries: number
  channels: string[]
}

/** What a mail closes. Every function here runs inside the caller's transaction. */
export function prepareRecoveries(database: Database.Database) {
  const states = prepareStates(database)
  const holds = prepareHolds(database)
  const unsent = prepareUnsent(database)
  const followUps = prepareFollowUps(database)
  const resolve = prepareResolve(database)
  const record = database.prepare<[string, string, number, number]>(
    `INSERT INTO hold_recoveries (route, key, happened_at, recorded_at) VALUES (?, ?, ?, ?)
     ON CONFLICT (route, key, happened_at) DO UPDATE SET recorded_at = max(recorded_at, excluded.recorded_at)`,
  )
  const trim = database.prepare<[number, number]>(
    `DELETE FROM hold_recoveries WHERE (route, key, happened_at) IN (
       SELECT route, key, happened_at FROM hold_recoveries WHERE recorded_at < ? ORDER BY recorded_at LIMIT ?)`,
  )
  const selectFirst = database.prepare<[string, string, number, number], { happened_at: number | null }>(
    `SELECT min(happened_at) AS happened_at FROM hold_recoveries
     WHERE route = ? AND key = ? AND happened_at >= ? AND happened_at <= ?`,
  )

  function recoverHold(recovery: Extract<Recovery, { type: 'hold' }>, by: string, now: number): Closing {
    const { route, key, happenedAt } = recovery
    record.run(route, key, happenedAt, now)
    trim.run(now - keptMs, trimMax)
    const row = holds.find(route, key)
    const nothing: Closing = { closed: [], deliveries: 0, channels: [] }
    if (!row || happenedAt < row.happened_at) return nothing
    const { notification_id: id, status, waits_for } = row
    // A person who cancels what is held and retries it sends it before its time.
    const wentOut = row.released_at !== null || followUps.listSent(id).length > 0
    if (wentOut) return resolve.close([id], by, now)
    if (waits_for !== 'hold' || status === 'cancelled') return nothing
    if (happenedAt > row.happened_at + row.for_ms) {
      const closed = [{ id, route, status: 'resolved' as const }]
      return { ...nothing, closed, channels: releaseLate(row, by, now) }
    }
    const reason = reasons.recoveredInTime(happenedAt - row.happened_at)
    states.suppress(id, reason)
    unsent.cancelAll(id, reason, now)
    return { ...nothing, closed: [{ id, route, status: 'suppressed' }] }
  }

  /** Its time was over before it recovered, though nobody let it go: who is to hear of it hears both. */
  function releaseLate(row: HoldRow, by: string, now: number): string[] {
    const id = row.notification_id
    const channels = holds.release(row, now)
    states.resolve(id, by, now, true)
    unsent.cancelFurther(id, reasons.nothingAfter(by), now)
    return channels
  }

  return {
    apply(recoveries: Recovery[], by: string, now: number): AppliedRecoveries {
      const applied: AppliedRecovery[] = []
      const channels = new Set<string>()
      let deliveries = 0
      for (const recovery of recoveries) {
        const closing =
          recovery.type === 'hold'
            ? recoverHold(recovery, by, now)
            : resolve.closeFingerprint(recovery.fingerprint, by, now)
        applied.push({ recovery, closed: closing.closed.map(({ id }) => id) })
        for (const channel of closing.channels) channels.add(channel)
        deliveries += closing.deliveries
      }
      return { applied, deliveries, channels: [...channels] }
    },
    /** The first recovery of the key between two moments, both included, or null. */
    findBetween: (route: string, key: string, from: number, to: number): number | null =>
      selectFirst.get(route, key, from, to)?.happened_at ?? null,
  }
}
